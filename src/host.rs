//! Owns what this process is and has, as its environment says: files, person, host, pipeline job.

use std::io::IsTerminal;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::folders::variable;
use crate::{folders, hygiene};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_run::environment::Host;
use todoctl_run::runner::{DuctRunner, Setup, SharedRunner};

/// Variables in which pipelines give the address of a job; the last one is put together from parts.
const JOBS: [&str; 4] = ["CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL"];

/// This process.
pub(super) fn this() -> Result<Host, Diagnostic> {
    Ok(Host {
        state: folders::state()?,
        variables: folders::environment(),
        who: who(),
        job: job(),
        runtime: runtime(),
        redactor: hygiene::redactor().clone(),
        has_terminal: std::io::stdin().is_terminal(),
    })
}

/// A door to processes for what is done before an environment is open, or without one.
pub(super) fn runner(project: &Path, secret_variables: Vec<String>) -> SharedRunner {
    Arc::new(DuctRunner::new(Setup {
        project: project.to_owned(),
        environment: folders::environment(),
        secret_variables,
        ..Setup::default()
    }))
}

/// Who runs this process, and where.
fn who() -> String {
    let user = text("USER").or_else(|| text("LOGNAME")).unwrap_or_else(|| "someone".to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{host}, process {}", std::process::id())
}

fn text(name: &str) -> Option<String> {
    variable(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// Address of the pipeline's job, when this is one.
fn job() -> Option<String> {
    let github = || {
        let [server, project, run] = ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map(text);
        Some(format!("{}/{}/actions/runs/{}", server?, project?, run?))
    };
    JOBS.into_iter().find_map(text).or_else(github)
}

/// Outside todoctl's own folder, which a pipeline may throw away or keep for another machine, and gone after a restart.
fn runtime() -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(folder) = absolute("XDG_RUNTIME_DIR").filter(|path| path.is_dir()) {
        return Some(folder.join("todoctl"));
    }
    let user = rustix::process::geteuid().as_raw();
    let folder = std::env::temp_dir().join(format!("todoctl-{user}"));
    // In a folder of everybody's, somebody else may have made it first.
    let ours = folder.metadata().map_or(true, |found| found.is_dir() && found.uid() == user);
    ours.then_some(folder)
}
