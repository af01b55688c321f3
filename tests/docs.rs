//! Owns holding the documents against the program: order, exit statuses, commands, links, paths.
//! Refuses to judge prose.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use todoctl_plan::steps::ORDER;
use todoctl_project::profile::{self, Variables};

/// Documents written by hand.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/doctor.md",
    "docs/rollback.md",
    "docs/secrets.md",
    "docs/sandbox.md",
    "docs/box.md",
    "docs/charts.md",
    "sample/README.md",
    "charts/backend/README.md",
    "charts/frontend/README.md",
    "charts/notification/README.md",
    "charts/recurring/README.md",
    "charts/audit/README.md",
    "docs/local.md",
    "docs/oke.md",
];
/// Their code blocks are commands of this repository, to be typed in its folder.
const WITH_COMMANDS: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/rollback.md",
    "docs/secrets.md",
    "docs/local.md",
    "docs/oke.md",
];
/// Programs of other people that the documents call.
const FOREIGN: &[&str] = &[
    "cargo",
    "eval",
    "git",
    "helm",
    "kubectl",
    "cd",
    "export",
    "shellcheck",
    "chmod",
    "docker",
    "gh",
    "minikube",
    "oci",
    "pipx",
    "rustup",
    "sudo",
];
/// Folders of this repository: what begins with one of them, in backticks, is a path that exists.
const FOLDERS: [&str; 11] = [
    "src/",
    "scripts/",
    "docs/",
    "tests/",
    "charts/",
    "profiles/",
    "sandbox/",
    "sample/",
    "dapr/",
    "redpanda/",
    ".ci/",
];
/// Paths that a build makes; they are no part of a clean clone.
const MADE: [&str; 3] = ["sample/frontend/bin", "sample/backend/bin", "sandbox/charts/dapr"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines of a section, up to the next heading.
fn section<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let after =
        text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no section {heading:?}")).1;
    after.lines().take_while(|line| !line.starts_with('#')).collect()
}

/// The lines of code blocks for a shell.
fn code_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut inside, mut shell) = (false, false);
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            (inside, shell) = (!inside, ["sh", "bash"].contains(&language));
        } else if inside && shell {
            lines.push(line);
        }
    }
    lines
}

#[test]
fn the_readme_has_the_order_of_the_code() {
    let text = read("README.md");
    let listed: Vec<(u8, String)> = section(&text, "## Deployment order")
        .iter()
        .filter_map(|line| line.split_once(". "))
        .filter_map(|(number, title)| Some((number.parse().ok()?, title.to_owned())))
        .collect();
    let profile =
        profile::load(&root(), "local", Variables::AsWritten).expect("the profile is sound").profile;
    let mut code: BTreeMap<u8, String> =
        ORDER.iter().map(|(number, title)| (*number, (*title).to_owned())).collect();
    for (name, release) in &profile.releases {
        let title = code.entry(release.order()).or_default();
        let comma = if title.is_empty() { "" } else { ", " };
        title.extend([comma, name]);
    }
    assert_eq!(listed, code.into_iter().collect::<Vec<_>>());
}

/// Number and meaning of each exit status, from the enum and its comments.
fn exits() -> BTreeMap<u8, String> {
    let text = read("crates/core/src/exit.rs");
    let mut exits = BTreeMap::new();
    let mut comment = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("/// ") {
            words.trim_end_matches('.').clone_into(&mut comment);
        } else if let Some(number) = line.strip_suffix(',').and_then(|line| line.split_once(" = ")) {
            exits.insert(number.1.parse().expect("a number"), comment.clone());
        }
    }
    assert!(exits.len() >= 12, "{exits:?}");
    exits
}

#[test]
fn the_readme_has_the_exit_statuses_of_the_code() {
    let text = read("README.md");
    let listed: BTreeMap<u8, String> = section(&text, "## Exit status")
        .iter()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
        .filter_map(|(number, meaning)| Some((number.parse().ok()?, meaning.to_owned())))
        .collect();
    assert_eq!(listed, exits());
}

#[test]
fn the_help_has_the_exit_statuses_of_the_code() {
    let output = todoctl().arg("--help").output().expect("todoctl runs");
    let help = String::from_utf8(output.stdout).unwrap();
    let table = help.split_once("Exit status:").expect("no exit statuses in the help").1;
    let numbers = table.split_whitespace().filter_map(|word| word.parse::<u8>().ok());
    let mut numbers: Vec<u8> = numbers.collect();
    numbers.sort_unstable();
    assert_eq!(numbers, exits().into_keys().collect::<Vec<_>>());
}

fn todoctl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_todoctl"));
    command.env_clear();
    command
}

/// The words of a command line, up to what a shell does with its output. Quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(std::mem::take(&mut word)),
            (c, _) => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    let end =
        words.iter().position(|word| ["#", "|", ">", "&&"].contains(&word.as_str())).unwrap_or(words.len());
    words.truncate(end);
    words
}

/// What is wrong with a command of a document, if something is.
fn wrong(line: &str) -> Option<String> {
    let all = words(line);
    let is_setting = |word: &&String| {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let command: Vec<&String> = all.iter().skip_while(is_setting).collect();
    let (program, arguments) = command.split_first()?;
    if program.as_str() == "todoctl" || program.ends_with("/todoctl") {
        // With --help at the end everything before it must be known; nothing is run.
        let output = todoctl().args(arguments).arg("--help").output().expect("todoctl runs");
        return (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned());
    }
    if program.contains('/') {
        let file = root().join(program);
        let mode = file.metadata().map(|metadata| metadata.permissions().mode());
        return match mode {
            Ok(mode) if mode & 0o111 != 0 => None,
            Ok(_) => Some("not executable".to_owned()),
            Err(error) => Some(error.to_string()),
        };
    }
    (!FOREIGN.contains(&program.as_str())).then(|| "not a known program".to_owned())
}

#[test]
fn every_command_in_the_documents_exists() {
    let mut findings = Vec::new();
    for document in WITH_COMMANDS {
        let text = read(document);
        let lines = code_lines(&text);
        findings
            .extend(lines.iter().filter_map(|line| Some(format!("{document}: {line}: {}", wrong(line)?))));
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn every_subcommand_is_in_the_readme() {
    let output = todoctl().arg("--help").output().expect("todoctl runs");
    let help = String::from_utf8(output.stdout).unwrap();
    let listed = help.split_once("Commands:\n").unwrap().1;
    let names =
        listed.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    let text = read("README.md");
    let usage = code_lines(&text);
    for name in names.filter(|name| *name != "help") {
        assert!(
            usage.iter().any(|line| line.contains(&format!("todoctl {name}"))),
            "README.md does not show {name}"
        );
    }
}

/// The targets of links, without the part after `#`.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.split('#').next().unwrap_or_default()).collect()
}

/// What is in backticks outside code blocks and looks like a path of this repository.
fn paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            let quoted = line.split('`').skip(1).step_by(2).filter_map(|code| code.split_whitespace().next());
            let plain = |path: &&str| {
                !path.contains(['*', '{', '<', '$', ':'])
                    && !path.chars().any(|c| c.is_ascii_uppercase() && !path.contains(".md"))
            };
            found.extend(
                quoted
                    .filter(|path| FOLDERS.iter().any(|folder| path.starts_with(folder)))
                    .filter(plain)
                    .map(str::to_owned),
            );
        }
    }
    found
}

#[test]
fn links_and_paths_lead_somewhere() {
    let mut findings = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        let folder = Path::new(document).parent().unwrap();
        for target in links(&text).into_iter().filter(|target| !target.is_empty() && !target.contains("://"))
        {
            if !root().join(folder).join(target).exists() {
                findings.push(format!("{document} links to {target}"));
            }
        }
        for path in paths(&text).into_iter().filter(|path| !MADE.iter().any(|made| path.starts_with(made))) {
            if !root().join(&path).exists() && !root().join(folder).join(&path).exists() {
                findings.push(format!("{document} names {path}"));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn every_module_has_its_line_in_the_architecture() {
    let text = read("ARCHITECTURE.md");
    let libraries: Vec<String> = fs::read_dir(root().join("crates"))
        .expect("there are crates")
        .map(|entry| {
            fs::read_to_string(entry.expect("a crate").path().join("src/lib.rs")).expect("a library")
        })
        .collect();
    let lines = libraries.iter().flat_map(|library| library.lines());
    let modules = lines.filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let missing: Vec<&str> = modules.filter(|name| !text.contains(&format!("| `{name}` |"))).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md says nothing about {missing:?}");
}

#[test]
fn the_changelog_has_the_version_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    let text = read("CHANGELOG.md");
    assert!(
        text.contains("\n## [Unreleased]\n") || text.contains(&format!("\n## [{version}] - ")),
        "CHANGELOG.md misses {version}"
    );
}
