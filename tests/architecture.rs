//! Owns holding the sources against the invariants of ARCHITECTURE.md: layers, doors, flags, sizes.
//! Refuses exceptions: a rule that no longer fits is changed here and there, in one commit.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What decides: pure, and free to be called at any time.
const DECIDING: &[&str] = &[
    "budget",
    "chart",
    "closing",
    "dapr",
    "digest",
    "doctor",
    "event",
    "health",
    "inputs",
    "inventory",
    "invocation",
    "labels",
    "lint",
    "parity",
    "plan",
    "profile",
    "quantity",
    "redact",
    "references",
    "run_record",
    "step",
    "steps",
    "world",
    "yaml",
];
/// What acts on the world, or talks to people.
const ACTING: &[&str] =
    &["cli", "emitter", "engine", "journal", "lock", "output", "render", "runner", "survey"];

/// Who must not use whom, and why.
const FORBIDDEN: [(&[&str], &[&str], &str); 6] = [
    (DECIDING, ACTING, "a step decides; only the engine acts"),
    (
        &["tool", "provider", "builder"],
        &["cli", "engine", "journal", "lock", "render", "survey"],
        "tools only say which invocations exist",
    ),
    (
        &["render", "report"],
        &["builder", "cli", "engine", "lock", "provider", "runner", "survey", "tool"],
        "renderers only read events",
    ),
    (
        &["emitter", "engine", "journal", "lock", "runner", "survey"],
        &["cli", "output", "render"],
        "libraries never print",
    ),
    (
        &["runner"],
        &["builder", "engine", "lock", "profile", "provider", "steps", "survey", "tool", "world"],
        "a runner performs what it is given",
    ),
    (
        &["profile", "chart", "dapr", "digest", "given", "yaml"],
        &["builder", "engine", "plan", "provider", "steps", "tool", "world"],
        "the disk is read before the cluster",
    ),
];

/// Lines of a file without its tests.
const LONGEST: usize = 400;
/// Median of the lines of all files.
const MEDIAN: usize = 150;

/// A source file without its tests.
struct Source {
    /// Relative to `src`.
    path: String,
    /// The text up to its tests.
    text: String,
    /// The same without comments, and with empty literals.
    code: String,
    /// The content of its string literals.
    literals: Vec<String>,
}

impl Source {
    /// `["steps", "image"]` of `steps/image.rs`.
    fn module(&self) -> Vec<&str> {
        self.path.trim_end_matches(".rs").split('/').collect()
    }

    fn layer(&self) -> &str {
        self.module()[0]
    }

    /// The modules of the crate's root that it names.
    fn uses(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (keyword, root) in [("crate::", 0), ("super::", self.module().len().saturating_sub(1))] {
            for (at, _) in self.code.match_indices(keyword) {
                let before = self.code[..at].chars().next_back();
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    continue;
                }
                let mut rest = &self.code[at + keyword.len()..];
                let mut depth = root;
                while let Some(shorter) = rest.strip_prefix("super::") {
                    (rest, depth) = (shorter, depth.saturating_sub(1));
                }
                if depth == 0 {
                    found.extend(first_names(rest));
                }
            }
        }
        found
    }
}

/// The name that a path begins with; each of them when it begins with a group.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut names) = (0, vec![String::new()]);
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            _ if depth == 0 => names.last_mut().expect("one name is always begun").push(c),
            _ => {}
        }
    }
    names.iter().map(|text| name(text)).filter(|text| !text.is_empty()).collect()
}

/// Code without comments and literals, and the literals.
fn split(text: &str) -> (String, Vec<String>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut literals, mut at) = (String::new(), Vec::new(), 0);
    while at < chars.len() {
        let here = &chars[at..];
        at += match here {
            ['/', '/', ..] => here.iter().take_while(|c| **c != '\n').count(),
            ['r', '"' | '#', ..] if !code.ends_with(|c: char| c.is_alphanumeric() || c == '_') => {
                raw(here, &mut code, &mut literals)
            }
            ['"', ..] => quoted(here, &mut code, &mut literals),
            ['\'', '\\', _, rest @ ..] => 3 + rest.iter().take_while(|c| **c != '\'').count() + 1,
            ['\'', _, '\'', ..] => 3,
            _ => {
                code.push(here[0]);
                1
            }
        };
    }
    (code, literals)
}

/// Takes a literal in quotes; answers its length.
fn quoted(here: &[char], code: &mut String, literals: &mut Vec<String>) -> usize {
    let mut end = 1;
    while here[end] != '"' {
        end += if here[end] == '\\' { 2 } else { 1 };
    }
    literals.push(here[1..end].iter().collect());
    code.push_str("\"\"");
    end + 1
}

/// Takes a raw literal, or a raw identifier; answers its length.
fn raw(here: &[char], code: &mut String, literals: &mut Vec<String>) -> usize {
    let hashes = here[1..].iter().take_while(|c| **c == '#').count();
    let begin = hashes + 2;
    if here[begin - 1] != '"' {
        code.push('r');
        return 1;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let end = begin
        + here[begin..].windows(close.len()).position(|window| window == close).expect("literals are closed");
    literals.push(here[begin..end].iter().collect());
    code.push_str("\"\"");
    end + close.len()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder whose name ends in `.rs`, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The sources of the program: without test modules, and without what follows the line that begins one.
fn sources() -> Vec<Source> {
    let folder = root().join("src");
    let all: Vec<(String, String)> = files(&folder)
        .into_iter()
        .map(|file| {
            (
                file.strip_prefix(&folder)
                    .expect("it was found below")
                    .to_str()
                    .expect("names are text")
                    .to_owned(),
                fs::read_to_string(&file).expect("the file can be read"),
            )
        })
        .collect();
    let test_only: Vec<String> = all.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    let is_test = |path: &str| {
        test_only
            .iter()
            .any(|module| path == format!("{module}.rs") || path.starts_with(&format!("{module}/")))
    };
    all.into_iter()
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| {
            let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
            let (code, literals) = split(&text[..end]);
            Source { path, code, literals, text: text[..end].to_owned() }
        })
        .collect()
}

/// The modules that a file declares for tests only, as paths without `.rs`.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let folder = path.trim_end_matches(".rs");
    let declared = text.split("#[cfg(test)]\nmod ").skip(1);
    declared
        .filter_map(|rest| {
            Some(format!("{folder}/{}", rest.split_once(';').filter(|(name, _)| !name.contains('{'))?.0))
        })
        .collect()
}

/// Fails with every finding at once.
fn none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n{}", findings.join("\n"));
}

#[test]
fn layers_use_only_what_they_may() {
    let mut findings = Vec::new();
    for source in sources() {
        let uses = source.uses();
        for (layers, forbidden, why) in FORBIDDEN {
            if layers.contains(&source.layer()) {
                let wrong = forbidden.iter().filter(|name| uses.contains(**name));
                findings.extend(wrong.map(|name| format!("src/{} uses {name}: {why}", source.path)));
            }
        }
        if !["cli", "main"].contains(&source.layer()) && uses.contains("cli") {
            findings.push(format!("src/{} uses cli: nothing but the binary does", source.path));
        }
    }
    none("layers", &findings);
}

#[test]
fn what_decides_is_not_async_and_does_not_wait() {
    let words = [
        "async ",
        ".await",
        "tokio::",
        "spawn",
        "thread::",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "rand::",
    ];
    let mut findings = Vec::new();
    for source in sources().iter().filter(|source| DECIDING.contains(&source.layer())) {
        let found = words.iter().filter(|word| source.code.contains(**word));
        findings.extend(found.map(|word| format!("src/{} has {}", source.path, word.trim())));
    }
    none("decisions are pure", &findings);
}

/// What only some places may do: the rule, the words that show it, the places.
const DOORS: [(&str, &[&str], &[&str]); 6] = [
    (
        "only runner/duct.rs spawns",
        &["\nuse duct::", "duct::cmd", "process::Command", "CommandExt"],
        &["runner/duct.rs"],
    ),
    (
        "only cli, output and render print",
        &["print!(", "println!(", "io::stdout", "io::stderr"],
        &["cli.rs", "cli/", "output.rs", "render.rs", "render/"],
    ),
    ("only cli asks", &["dialoguer", "io::stdin"], &["cli/"]),
    (
        "only cli reads the environment",
        &["env::var", "env::args", "env::current_dir", "env::home_dir"],
        &["cli.rs", "cli/"],
    ),
    ("only main and cli end the process", &["process::exit", "ExitCode"], &["cli.rs", "exit.rs", "main.rs"]),
    (
        "only tool makes calls of helm, kubectl and minikube",
        &["Tool::Helm", "Tool::Kubectl", "Tool::Minikube"],
        &["tool/", "invocation.rs", "runner/"],
    ),
];

#[test]
fn every_door_has_one_place() {
    let mut findings = Vec::new();
    for source in sources() {
        let path = source.path.as_str();
        let may = |place: &&&str| path == **place || (place.ends_with('/') && path.starts_with(**place));
        for (rule, words, places) in DOORS {
            if places.iter().find(may).is_none() {
                let found = words.iter().filter(|word| source.code.contains(**word));
                findings.extend(found.map(|word| format!("{rule}: src/{path} has {}", word.trim())));
            }
        }
    }
    none("doors", &findings);
}

#[test]
fn only_tool_knows_a_flag() {
    let own = own_options();
    let mut findings = Vec::new();
    for source in sources().iter().filter(|source| source.layer() != "tool") {
        for literal in &source.literals {
            let Some(rest) = literal.strip_prefix("--").or_else(|| literal.strip_prefix('-')) else {
                continue;
            };
            let word: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            // cli names todoctl's own options in its messages.
            let named_by_cli = source.layer() == "cli" && literal.starts_with("--") && own.contains(&word);
            if word.starts_with(|c: char| c.is_ascii_alphabetic()) && !named_by_cli {
                findings.push(format!("src/{} has \"{literal}\"", source.path));
            }
        }
    }
    none("only tool knows a flag", &findings);
}

/// The options of todoctl: fields with `long` in `cli/args.rs`.
fn own_options() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("src/cli/args.rs")).expect("the arguments are there");
    let mut options = BTreeSet::new();
    let mut long = false;
    for line in text.lines().map(str::trim) {
        match line.strip_prefix("pub(super) ").and_then(|field| field.split_once(':')) {
            Some((name, _)) if long => {
                options.insert(name.replace('_', "-"));
                long = false;
            }
            Some(_) => long = false,
            None => long |= line.starts_with("#[arg(") && line.contains("long"),
        }
    }
    assert!(options.contains("no-rollback") && !options.contains("profile-file"), "{options:?}");
    options
}

#[test]
fn files_are_small_and_say_what_they_own() {
    let sources = sources();
    let mut findings: Vec<String> = sources
        .iter()
        .map(|source| (source, source.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(source, lines)| {
            format!("src/{} has {lines} lines without its tests, more than {LONGEST}", source.path)
        })
        .collect();
    for folder in ["src", "sample/src", "tests"] {
        for file in files(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            if !text.starts_with("//!") {
                findings.push(format!(
                    "{} does not begin with //!",
                    file.strip_prefix(root()).unwrap().display()
                ));
            }
        }
    }
    let mut sizes: Vec<usize> = sources.iter().map(|source| source.text.lines().count()).collect();
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    if median > MEDIAN {
        findings.push(format!("the median of all files is {median} lines, more than {MEDIAN}"));
    }
    none("sizes and first lines", &findings);
}

#[test]
fn the_reader_of_these_tests_reads_rust() {
    let text = "use crate::{a::B, c}; // \"no\"\nlet x = \"--flag\\\"\"; let y = r#\"--raw\"#; let z = '\"'; fn f<'a>() { super::super::g() }";
    let (code, literals) = split(text);
    assert_eq!(literals, ["--flag\\\"", "--raw"]);
    let source = Source { path: "steps/x.rs".to_owned(), text: String::new(), code, literals };
    assert_eq!(source.uses(), ["a", "c", "g"].map(str::to_owned).into());
}
