//! Owns the mistakes of profiles and of the Dapr objects they name, as their own readers tell them; and objects that no
//! profile names, or that name services which no profile has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Fault, LintReport};
use todoctl_project::dapr::Dapr;
use todoctl_project::profile::{Loaded, ProfileError};

/// Takes in what a reader found wrong. What only a build makes is not there in a fresh clone: that is no mistake.
pub fn problems(rule: &'static str, error: &ProfileError, report: &mut LintReport) {
    for problem in error.problems() {
        let field = if problem.field.is_empty() { String::new() } else { format!("{}: ", problem.field) };
        let message = format!("{field}{}", problem.message);
        if message.contains("; make it: ") {
            report.not_checked.push(problem.to_string());
            continue;
        }
        report.faults.push(Fault {
            file: problem.file.clone(),
            line: problem.position.map(|(line, _)| line),
            rule,
            message,
            fix: error.hint().trim_start_matches("Nothing was changed. ").to_owned(),
        });
    }
}

/// Objects whose scopes name a service without a sidecar, or none at all.
pub fn scopes(loaded: &Loaded, dapr: &Dapr) -> Vec<Fault> {
    let app_ids: BTreeSet<&str> = loaded
        .profile
        .releases
        .iter()
        .filter(|(_, release)| release.sidecar)
        .map(|(name, _)| name.as_str())
        .collect();
    let mut found = Vec::new();
    for object in &dapr.objects {
        let unknown: Vec<&str> =
            object.scopes.iter().map(String::as_str).filter(|scope| !app_ids.contains(scope)).collect();
        if !unknown.is_empty() {
            let told = unknown.join(", ");
            found.push(Fault {
                file: loaded.file.strip_prefix(&loaded.project).unwrap_or(&loaded.file).to_owned(),
                line: None,
                rule: "component",
                message: format!(
                    "{} {}: its scopes name {told}, which has no sidecar here",
                    object.kind, object.name
                ),
                fix: "correct the name in `scopes`, or give the release `sidecar: true`".to_owned(),
            });
        }
    }
    found
}

/// Files of Dapr objects beside those that profiles name, which no profile names.
pub fn unused(files: &BTreeSet<PathBuf>, used: &BTreeSet<PathBuf>) -> Vec<Fault> {
    let folders: BTreeSet<&Path> = used.iter().filter_map(|file| file.parent()).collect();
    let is_object = |file: &&PathBuf| {
        file.parent().is_some_and(|folder| folders.contains(folder))
            && file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
    };
    let unused = files.iter().filter(is_object).filter(|file| !used.contains(*file));
    unused
        .map(|file| Fault {
            file: file.clone(),
            line: None,
            rule: "component",
            message: "no profile uses it".to_owned(),
            fix: "name it in `dapr.components` of a profile, or remove it".to_owned(),
        })
        .collect()
}
