//! Owns who this process is, for the Lease: person, host, pipeline job, and the file that shows that it lives.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::folders::variable;
use todoctl_plan::world::lease::Holder;
use todoctl_run::lock::{LocalLock, this_process};

/// Variables in which pipelines give the address of a job; the last one is put together from parts.
const JOBS: [&str; 4] = ["CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL"];

/// This process as a holder, with a locked file when one can be made: without it, only time frees its Lease.
pub(super) fn this(run: &str, command: &str) -> (Holder, Option<LocalLock>) {
    let local = folder().and_then(|folder| LocalLock::create(&folder, run).ok());
    let holder = this_process(Holder {
        identity: format!("{run}.{:016x}", rand::random::<u64>()),
        command: command.to_owned(),
        who: who(),
        url: job(),
        since: Timestamp::now(),
        boot: String::new(),
        pid_namespace: String::new(),
        pid: 0,
        started: 0,
        lock: local.as_ref().map(|local| local.path().to_owned()),
    });
    (holder, local)
}

/// Who runs this process, and where.
pub(super) fn who() -> String {
    let user = text("USER").or_else(|| text("LOGNAME")).unwrap_or_else(|| "someone".to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{host}, process {}", std::process::id())
}

fn text(name: &str) -> Option<String> {
    variable(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// Address of the pipeline's job, when this is one.
pub(super) fn job() -> Option<String> {
    let github = || {
        let [server, project, run] = ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map(text);
        Some(format!("{}/{}/actions/runs/{}", server?, project?, run?))
    };
    JOBS.into_iter().find_map(text).or_else(github)
}

/// Outside todoctl's own folder, which a pipeline may throw away or keep for another machine, and gone after a restart.
fn folder() -> Option<PathBuf> {
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
