//! Owns which programs a profile needs, and the judgement of what is on this machine.

use std::path::PathBuf;

use crate::doctor::{Area, Finding, State};
use todoctl_core::invocation::install;
use todoctl_plan::provider;
use todoctl_plan::tool::version::{DockerEngine, Version};
use todoctl_project::profile::{Builder, Loaded, Profile};

/// The first helm that has `--labels` (helm pkg/cmd/upgrade.go).
const HELM: Version = Version(3, 14);

/// A program that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Its name on the PATH, or its path in the project; `docker buildx` is a plugin of docker.
    pub program: String,
    /// The oldest version that works, when one is known.
    pub minimum: Option<Version>,
    /// What it is needed for.
    pub purpose: &'static str,
    /// Whether only `up` and `plan` need it; else every command that talks to the cluster.
    pub deploys: bool,
    /// The profiles that need it, when no profile was chosen and others do not.
    pub only_for: Vec<String>,
}

impl Need {
    fn new(program: impl Into<String>, minimum: Option<Version>, purpose: &'static str) -> Self {
        Self { program: program.into(), minimum, purpose, deploys: false, only_for: Vec::new() }
    }
}

fn of_all() -> Vec<Need> {
    vec![
        Need::new("helm", Some(HELM), "installs the charts"),
        Need::new("kubectl", None, "talks to the cluster"),
    ]
}

/// The programs that a profile needs, those of every profile first.
pub fn needs(profile: &Profile) -> Vec<Need> {
    let mut needs = of_all();
    let facts = provider::facts(&profile.cluster);
    needs.extend(facts.program.map(|one| Need::new(one.name, one.minimum, one.purpose)));
    if needs_engine(profile) {
        let purpose = if facts.in_docker { "holds the cluster" } else { "builds the images" };
        needs.push(Need { deploys: true, ..Need::new("docker", None, purpose) });
    }
    if builds_with_docker(profile) {
        needs.push(Need { deploys: true, ..Need::new("docker buildx", None, "builds the images") });
    }
    needs
}

/// Whether the Docker engine must run.
pub fn needs_engine(profile: &Profile) -> bool {
    provider::facts(&profile.cluster).in_docker || builds_with_docker(profile)
}

/// Whether docker builds the images.
fn builds_with_docker(profile: &Profile) -> bool {
    !profile.images.is_empty() && matches!(profile.builds_with(), Builder::Buildx(_))
}

/// Judges the Docker engine.
pub fn engine(seen: Result<&DockerEngine, &str>) -> Finding {
    let what = "docker engine";
    match seen {
        Ok(engine) => Finding::ok(Area::Tools, what, format!("{} runs", engine.version)),
        Err(why) => {
            let fix = "start it: sudo systemctl start docker, or Docker Desktop; if it runs, this user may not \
                       talk to it: sudo usermod -aG docker $USER, then log in again";
            Finding::failed(Area::Tools, what, format!("does not answer: {why}"), fix)
        }
    }
}

/// The programs that some profiles need together. Without any profile: helm and kubectl.
pub fn of_every(profiles: &[Loaded]) -> Vec<Need> {
    if profiles.is_empty() {
        return of_all();
    }
    let mut every: Vec<Need> = Vec::new();
    for loaded in profiles {
        for need in needs(&loaded.profile) {
            if !every.iter().any(|one| one.program == need.program) {
                every.push(need);
            }
        }
    }
    for need in &mut every {
        let wants = |loaded: &&Loaded| needs(&loaded.profile).iter().any(|one| one.program == need.program);
        let wanting: Vec<String> = profiles.iter().filter(wants).map(|loaded| loaded.name.clone()).collect();
        if wanting.len() < profiles.len() {
            need.only_for = wanting;
        }
    }
    every
}

/// What is on this machine of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolState {
    /// Nothing.
    Missing,
    /// It is there, and its version is not known.
    Silent(PathBuf),
    /// It is there.
    Found(PathBuf, Version),
}

/// Judges a program.
pub fn judge(need: &Need, seen: &ToolState) -> Finding {
    let found = judge_needed(need, seen);
    if need.only_for.is_empty() || !found.is_failed() {
        return found;
    }
    let evidence = format!("{} (for {})", found.evidence, need.only_for.join(", "));
    Finding { state: State::Warning, evidence, ..found }
}

fn judge_needed(need: &Need, seen: &ToolState) -> Finding {
    let Need { program, minimum, purpose, .. } = need;
    let fix = || {
        install(program).map_or_else(|| format!("check its path in the profile: {program}"), str::to_owned)
    };
    match (seen, minimum) {
        (ToolState::Missing, _) => {
            let place = if program.contains('/') { "is not in the project" } else { "is not on the PATH" };
            Finding::failed(Area::Tools, program, format!("{place} (it {purpose})"), fix())
        }
        (ToolState::Silent(path), Some(minimum)) => Finding::failed(
            Area::Tools,
            program,
            format!("does not say its version, and {minimum} or later is needed: {}", path.display()),
            format!("try it: {program} version"),
        ),
        (ToolState::Silent(path), None) => Finding::ok(Area::Tools, program, path.display().to_string()),
        (ToolState::Found(path, version), Some(minimum)) if version < minimum => Finding::failed(
            Area::Tools,
            program,
            format!("{version} is too old, {minimum} or later is needed: {}", path.display()),
            fix(),
        ),
        (ToolState::Found(path, version), _) => {
            Finding::ok(Area::Tools, program, format!("{version}, {}", path.display()))
        }
    }
}

/// Judges the distance between kubectl and the server: one minor version is supported (Kubernetes' version skew policy).
pub fn skew(client: Version, server: Version) -> Finding {
    let what = "kubectl and server";
    let evidence = format!("kubectl {client}, server {server}");
    if client.0 == server.0 && client.1.abs_diff(server.1) <= 1 {
        return Finding::ok(Area::Cluster, what, evidence);
    }
    let fix = format!(
        "take a kubectl within one minor version of {server}: https://kubernetes.io/docs/tasks/tools/"
    );
    Finding::warning(Area::Cluster, what, format!("{evidence}: more than one minor version apart"), fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(seen: &ToolState) -> String {
        let found = judge(&Need::new("helm", Some(HELM), "installs the charts"), seen);
        format!("{}: {} {}", found.state.name(), found.evidence, found.fix.unwrap_or_default())
    }

    #[test]
    fn a_program_is_missing_too_old_silent_or_fine() {
        let path = PathBuf::from("/bin/helm");
        assert!(
            judged(&ToolState::Missing)
                .starts_with("failed: is not on the PATH (it installs the charts) install helm")
        );
        assert!(
            judged(&ToolState::Found(path.clone(), Version(3, 12)))
                .starts_with("failed: 3.12 is too old, 3.14 or later is needed: /bin/helm")
        );
        assert!(judged(&ToolState::Silent(path.clone())).starts_with("failed: does not say its version"));
        assert_eq!(judged(&ToolState::Found(path, Version(3, 14))), "ok: 3.14, /bin/helm ");
    }

    #[test]
    fn one_minor_version_apart_is_supported() {
        for (client, server, fine) in [
            ((1, 34), (1, 34), true),
            ((1, 35), (1, 34), true),
            ((1, 36), (1, 34), false),
            ((1, 33), (1, 34), true),
        ] {
            let found = skew(Version(client.0, client.1), Version(server.0, server.1));
            assert_eq!(found.state == State::Ok, fine, "{found:?}");
        }
    }
}
