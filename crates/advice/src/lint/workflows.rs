//! Owns what a pipeline names: profiles, releases, scripts, actions, secrets and variables. Each must exist, be pinned,
//! or be documented. Whether it is a valid workflow is actionlint's question.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Fault;

/// Commands of todoctl whose first argument is a profile.
const WITH_PROFILE: [&str; 8] = ["budget", "build", "doctor", "down", "graph", "lint", "plan", "up"];
/// Beginnings of paths of this project.
const FOLDERS: [&str; 6] = ["scripts/", "tests/", "sandbox/", ".ci/", "profiles/", "charts/"];
/// What every workflow has.
const BUILT_IN: [&str; 1] = ["GITHUB_TOKEN"];

/// What there is to name.
#[derive(Debug, Default)]
pub struct Known {
    /// Profiles, and the releases of each; none known of one that cannot be read.
    pub profiles: BTreeMap<String, Option<BTreeSet<String>>>,
    /// Files and folders of the project.
    pub files: BTreeSet<PathBuf>,
    /// Everything that documents and profiles say, for names of secrets and variables.
    pub documents: String,
}

/// Looks through a workflow.
pub fn find(file: &Path, text: &str, known: &Known) -> Vec<Fault> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let code = line.split(" #").next().unwrap_or_default();
        if code.trim_start().starts_with('#') {
            continue;
        }
        let mut add = |message: String, fix: &str| {
            found.push(Fault {
                file: file.to_owned(),
                line: Some(index + 1),
                rule: "workflow",
                message,
                fix: fix.to_owned(),
            });
        };
        action(code, known, &mut add);
        context(code, known, &mut add);
        commands(code, known, &mut add);
        paths(code, known, &mut add);
    }
    found
}

/// `uses:` an action of this project, or one that is pinned by its commit.
fn action(line: &str, known: &Known, add: &mut impl FnMut(String, &str)) {
    let trimmed = line.trim().trim_start_matches("- ");
    let Some(name) = trimmed.strip_prefix("uses:").map(str::trim) else { return };
    if let Some(path) = name.strip_prefix("./") {
        if !known.has(path) {
            add(format!("there is no action {name}"), "correct the path");
        }
        return;
    }
    let pinned = name
        .rsplit_once('@')
        .is_some_and(|(_, version)| version.len() == 40 && version.chars().all(|c| c.is_ascii_hexdigit()));
    if !pinned && !name.starts_with("docker://") {
        let fix = "pin it by the commit's 40 digits, with the version as a comment: a tag can be moved";
        add(format!("action {name} is not pinned by a commit"), fix);
    }
}

/// `secrets.NAME` and `vars.NAME`.
fn context(line: &str, known: &Known, add: &mut impl FnMut(String, &str)) {
    for (kind, start) in [("secret", "secrets."), ("variable", "vars.")] {
        for (at, _) in line.match_indices(start) {
            let inside = line[..at].contains("${{") || line.trim_start().starts_with("if:");
            let name: String = word(&line[at + start.len()..]);
            let fine = BUILT_IN.contains(&name.as_str()) || known.says(&name);
            if inside && !name.is_empty() && !fine {
                let fix = "say in a document under docs/ what it is, or correct the name";
                add(format!("{kind} {name} is documented nowhere"), fix);
            }
        }
    }
}

/// `todoctl up PROFILE --only RELEASE`.
fn commands(line: &str, known: &Known, add: &mut impl FnMut(String, &str)) {
    let words: Vec<&str> =
        line.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';', ')'])).collect();
    let program = |word: &str| word == "todoctl" || word.ends_with("/todoctl");
    for (at, _) in words.iter().enumerate().filter(|(_, word)| program(word)) {
        let Some((command, rest)) = words[at + 1..].split_first() else { continue };
        let profile =
            rest.iter().find(|word| !word.starts_with('-')).filter(|_| WITH_PROFILE.contains(command));
        let Some(profile) = profile.filter(|name| is_name(name)) else { continue };
        let Some(releases) = known.profiles.get(*profile) else {
            add(format!("there is no profile {profile}"), "correct the name, or add it to profiles/");
            continue;
        };
        let only = rest
            .iter()
            .position(|word| word.strip_prefix("--") == Some("only"))
            .and_then(|at| rest.get(at + 1));
        let Some(releases) = releases else { continue };
        for release in only.iter().flat_map(|names| names.split(',')).filter(|name| is_name(name)) {
            if !releases.contains(release) {
                add(format!("profile {profile} has no release {release}"), "correct the name");
            }
        }
    }
}

/// Paths of the project.
fn paths(line: &str, known: &Known, add: &mut impl FnMut(String, &str)) {
    for text in line.split(|c: char| c.is_whitespace() || "\"'=(),:;".contains(c)) {
        let path = text.trim_start_matches("./");
        let ours = FOLDERS.iter().any(|folder| path.starts_with(folder) && path.len() > folder.len());
        let literal = !path.contains(['*', '$', '{', '<', '?']);
        if ours && literal && !known.has(path.trim_end_matches('/')) {
            add(format!("there is no {path}"), "correct the path, or commit the file");
        }
    }
}

impl Known {
    fn has(&self, path: &str) -> bool {
        let path = Path::new(path);
        self.files.contains(path) || self.files.iter().any(|file| file.starts_with(path))
    }

    /// Whether a name stands in a document as a word of its own.
    fn says(&self, name: &str) -> bool {
        self.documents.match_indices(name).any(|(at, _)| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            !self.documents[..at].chars().next_back().is_some_and(is_part)
                && !self.documents[at + name.len()..].chars().next().is_some_and(is_part)
        })
    }
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_workflow_names_must_exist() {
        let known = Known {
            profiles: [("oke".to_owned(), Some(["backend".to_owned()].into())), ("lost".to_owned(), None)]
                .into(),
            files: ["scripts/deploy-cloud.sh".into(), ".github/actions/x/action.yml".into()].into(),
            documents: "Set OCIR_TOKEN and OCI_REGION.".to_owned(),
        };
        let text = "\
jobs:
  # scripts/old.sh was here
  a:
    steps:
      - uses: actions/checkout@v4
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
      - uses: ./.github/actions/y
      - run: scripts/deploy-cloud.sh && ./scripts/gone.sh
      - run: exec todoctl up okay --yes
      - run: target/release/todoctl up --yes oke --only backend,fronted
      - run: todoctl plan \"$PROFILE\"
        env:
          TOKEN: ${{ secrets.OCIR_TOKEN }} ${{ secrets.OCI }} ${{ vars.OCI_REGION }} ${{ secrets.GITHUB_TOKEN }}
          REGION: ${{ vars.REGION }}
      # It is there, and cannot be read: that is told elsewhere.
      - run: todoctl up lost --only gone
";
        let found = find(Path::new("w.yml"), text, &known);
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        w.yml:5: workflow: action actions/checkout@v4 is not pinned by a commit
        w.yml:7: workflow: there is no action ./.github/actions/y
        w.yml:8: workflow: there is no scripts/gone.sh
        w.yml:9: workflow: there is no profile okay
        w.yml:10: workflow: profile oke has no release fronted
        w.yml:13: workflow: secret OCI is documented nowhere
        w.yml:14: workflow: variable REGION is documented nowhere
        "#);
    }
}
