//! Owns holding the sources against the invariants of ARCHITECTURE.md: borders, doors, flags, sizes.
//! Refuses exceptions: a rule that no longer fits is changed here and there, in one commit.

use assert_cmd::Command;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;

/// Which of our crates a crate may name. The order of the floors, from the ground up.
const BORDERS: [(&str, &[&str]); 7] = [
    ("todoctl-core", &[]),
    ("todoctl-project", &["todoctl-core"]),
    ("todoctl-plan", &["todoctl-core", "todoctl-project"]),
    ("todoctl-advice", &["todoctl-core", "todoctl-project", "todoctl-plan"]),
    ("todoctl-run", &["todoctl-core", "todoctl-project", "todoctl-plan"]),
    ("todoctl-screen", &["todoctl-core", "todoctl-project", "todoctl-plan", "todoctl-advice"]),
    (
        "todoctl",
        &[
            "todoctl-core",
            "todoctl-project",
            "todoctl-plan",
            "todoctl-advice",
            "todoctl-run",
            "todoctl-screen",
        ],
    ),
];
/// What brings time, chance, processes, other threads and questions, and who may depend on it, by itself or by another.
const RESERVED: [(&str, &[&str]); 6] = [
    ("tokio", &["todoctl-run", "todoctl"]),
    ("duct", &["todoctl-run", "todoctl"]),
    ("command-fds", &["todoctl-run", "todoctl"]),
    ("rand", &["todoctl-run", "todoctl"]),
    ("dialoguer", &["todoctl"]),
    ("kube", &["todoctl-run", "todoctl"]),
];
/// Crates that decide: what is in them is a function of what it is given.
const PURE: &[&str] = &["core", "project", "plan", "advice"];

/// Lines of a file without its tests.
const LONGEST: usize = 400;
/// Median of the lines of all files.
const MEDIAN: usize = 150;

/// A source file without its tests.
struct Source {
    /// Relative to the project.
    path: String,
    /// The text up to its tests.
    text: String,
    /// Its tokens without comments, each followed by a space.
    code: String,
    /// The content of its string literals, as it is written.
    literals: Vec<String>,
}

impl Source {
    fn read(path: String, text: &str) -> Self {
        let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
        let text = text[..end].to_owned();
        let tokens = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let (mut code, mut literals) = (String::new(), Vec::new());
        take(tokens, &mut code, &mut literals);
        Self { path, text, code, literals }
    }

    fn is_in(&self, places: &[&str]) -> bool {
        places
            .iter()
            .any(|place| self.path == *place || (place.ends_with('/') && self.path.starts_with(place)))
    }
}

/// Writes tokens to `code` and the content of string literals to `literals`. Documentation is an attribute `doc`.
fn take(tokens: TokenStream, code: &mut String, literals: &mut Vec<String>) {
    let mut is_doc = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) => take(group.stream(), code, literals),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let content = text.trim_start_matches('r').trim_matches('#');
                if !is_doc
                    && let Some(inner) = content.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
                {
                    literals.push(inner.to_owned());
                }
            }
            TokenTree::Ident(name) => {
                is_doc = name == "doc";
                code.extend([name.to_string().as_str(), " "]);
            }
            TokenTree::Punct(punct) => code.extend([punct.as_char(), ' ']),
        }
    }
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

/// A path relative to the project.
fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("it was found below").to_str().expect("names are text").to_owned()
}

/// The sources of the program: without test modules, and without what follows the line that begins one.
fn sources() -> Vec<Source> {
    let folders = ["crates", "src"].map(|folder| files(&root().join(folder)));
    let all: Vec<(String, String)> = folders
        .concat()
        .iter()
        .map(|file| (relative(file), fs::read_to_string(file).expect("the file can be read")))
        .collect();
    let test_only: Vec<String> = all.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    let is_test = |path: &str| {
        test_only
            .iter()
            .any(|module| path == format!("{module}.rs") || path.starts_with(&format!("{module}/")))
    };
    all.iter()
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| Source::read(path.clone(), text))
        .collect()
}

/// The modules that a file declares for tests only, as paths without `.rs`.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let folder = path.trim_end_matches(".rs").trim_end_matches("/lib").trim_end_matches("/main");
    let mut found = Vec::new();
    for marker in ["#[cfg(test)]\n", "#[cfg(any(test, feature = \"testing\"))]\n"] {
        for rest in text.split(marker).skip(1) {
            let declared = rest.trim_start_matches("pub ").strip_prefix("mod ");
            let name = declared.and_then(|rest| rest.split_once(';')).map(|(name, _)| name);
            found.extend(name.filter(|name| !name.contains('{')).map(|name| format!("{folder}/{name}")));
        }
    }
    found
}

/// Fails with every finding at once.
fn none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n{}", findings.join("\n"));
}

/// What Cargo knows of this workspace: per package, the names of those that it depends on, apart from those of its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(root())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let each = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let names: BTreeMap<String, String> = each(&metadata["packages"])
        .iter()
        .map(|package| (package["id"].to_string(), package["name"].as_str().unwrap_or_default().to_owned()))
        .collect();
    let is_linked =
        |dependency: &Value| each(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
    each(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| {
            let needs = each(&node["deps"]);
            let needs =
                needs.iter().filter(|one| is_linked(one)).map(|one| names[&one["pkg"].to_string()].clone());
            (names[&node["id"].to_string()].clone(), needs.collect())
        })
        .collect()
}

/// Everything that a package links, from far away too.
fn linked<'a>(package: &'a str, all: &'a BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'a str> {
    let (mut found, mut open) = (BTreeSet::new(), vec![package]);
    while let Some(name) = open.pop() {
        open.extend(all[name].iter().map(String::as_str).filter(|need| found.insert(*need)));
    }
    found
}

#[test]
fn borders_are_kept_by_cargo() {
    let all = dependencies();
    let mut findings = Vec::new();
    for (package, may) in BORDERS {
        let ours = all[package].iter().filter(|name| all.contains_key(*name) && name.starts_with("todoctl"));
        findings.extend(
            ours.filter(|name| !may.contains(&name.as_str()))
                .map(|name| format!("{package} depends on {name}")),
        );
        let links = linked(package, &all);
        let reserved = RESERVED.iter().filter(|(name, may)| links.contains(name) && !may.contains(&package));
        findings.extend(reserved.map(|(name, _)| format!("{package} links {name}")));
    }
    let known: BTreeSet<&str> = BORDERS.iter().map(|(package, _)| *package).collect();
    let unknown = all.keys().filter(|name| name.starts_with("todoctl") && !known.contains(name.as_str()));
    findings.extend(unknown.map(|name| format!("{name} is on no floor")));
    none("borders", &findings);
}

#[test]
fn what_decides_is_not_async_and_does_not_wait() {
    let words =
        ["async ", ". await ", "thread : : ", "SystemTime ", "Instant : : now ", "Timestamp : : now "];
    let folders: Vec<String> = PURE.iter().map(|name| format!("crates/{name}/")).collect();
    let places: Vec<&str> = folders.iter().map(String::as_str).collect();
    let mut findings = Vec::new();
    for source in sources().iter().filter(|source| source.is_in(&places)) {
        let found = words.iter().filter(|word| source.code.contains(**word));
        findings.extend(found.map(|word| format!("{} has {}", source.path, word.trim())));
    }
    none("decisions are pure", &findings);
}

/// What only some places may do: the rule, the tokens that show it, the places.
const DOORS: [(&str, &[&str], &[&str]); 7] = [
    (
        "only runner/duct.rs spawns, and a login program",
        &["duct : : ", "process : : Command ", "CommandExt "],
        &["crates/run/src/runner.rs", "crates/run/src/runner/duct.rs", "crates/run/src/cluster/program.rs"],
    ),
    (
        "only cluster talks to the API server",
        &[" kube : : ", "k8s_openapi ", " http : : ", "http_body_util "],
        &["crates/run/src/cluster.rs", "crates/run/src/cluster/"],
    ),
    (
        "only src, output and render print",
        &["print ! ", "println ! ", "io : : stdout ", "io : : stderr "],
        &["src/", "crates/screen/src/output.rs", "crates/screen/src/render/"],
    ),
    ("only src asks", &["dialoguer ", "io : : stdin "], &["src/"]),
    (
        "only src reads the environment",
        &["env : : var ", "env : : args ", "env : : current_dir ", "env : : home_dir "],
        &["src/"],
    ),
    ("only src ends the process", &["process : : exit ", "ExitCode "], &["src/", "crates/core/src/exit.rs"]),
    (
        "only tool makes calls of helm, kubectl and minikube",
        &["Tool : : Helm ", "Tool : : Kubectl ", "Tool : : Minikube "],
        &["crates/plan/src/tool/", "crates/core/src/invocation.rs", "crates/run/src/runner/"],
    ),
];

#[test]
fn every_door_has_one_place() {
    let mut findings = Vec::new();
    for source in sources() {
        for (rule, words, places) in DOORS {
            if !source.is_in(places) {
                let found = words.iter().filter(|word| source.code.contains(**word));
                findings.extend(found.map(|word| format!("{rule}: {} has {}", source.path, word.trim())));
            }
        }
    }
    none("doors", &findings);
}

#[test]
fn only_tool_knows_a_flag() {
    let own = own_options();
    let mut findings = Vec::new();
    for source in sources().iter().filter(|source| !source.is_in(&["crates/plan/src/tool/"])) {
        for literal in &source.literals {
            let Some(rest) = literal.strip_prefix("--").or_else(|| literal.strip_prefix('-')) else {
                continue;
            };
            let word: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            // The commands name todoctl's own options in their messages.
            let is_own = source.is_in(&["src/"]) && literal.starts_with("--") && own.contains(&word);
            if word.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_own {
                findings.push(format!("{} has \"{literal}\"", source.path));
            }
        }
    }
    none("only tool knows a flag", &findings);
}

/// The options of todoctl: fields with `long` in `src/args.rs`.
fn own_options() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("src/args.rs")).expect("the arguments are there");
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
            format!("{} has {lines} lines without its tests, more than {LONGEST}", source.path)
        })
        .collect();
    for folder in ["crates", "src", "sample/src", "tests"] {
        for file in files(&root().join(folder)) {
            if !fs::read_to_string(&file).unwrap().starts_with("//!") {
                findings.push(format!("{} does not begin with //!", relative(&file)));
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
    let text = "//! \"--doc\"\nuse a::{b, c}; // \"no\"\nlet x = \"--flag\\\"\"; let y = r#\"--raw\"#; let z = '\"'; fn f<'a>() { super::g() }";
    let source = Source::read("x.rs".to_owned(), text);
    assert_eq!(source.literals, ["--flag\\\"", "--raw"]);
    assert!(source.code.contains("super : : g "), "{}", source.code);
}
