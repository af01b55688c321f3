//! Owns what todoctl reads of its environment, and where it keeps its files.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::{Invocation, Tool};
use todoctl_screen::output::TerminalVariables;

/// A variable of the environment.
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A variable of the environment that is text.
pub(super) fn text(name: &str) -> Option<String> {
    variable(name)?.into_string().ok()
}

/// The whole environment, for children that need it.
pub(super) fn environment() -> BTreeMap<OsString, OsString> {
    std::env::vars_os().collect()
}

/// What the environment says about the terminal.
pub(super) fn terminal() -> TerminalVariables {
    let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(text).find(|value| !value.is_empty());
    TerminalVariables {
        no_color: text("NO_COLOR"),
        clicolor: text("CLICOLOR"),
        clicolor_force: text("CLICOLOR_FORCE"),
        term: text("TERM"),
        locale,
    }
}

/// The command line of this process, as a person would type it. No argument holds a secret.
pub(super) fn command_line() -> String {
    let words = std::env::args().skip(1);
    let invocation = Invocation::new(Tool::Project("todoctl".into()), words);
    invocation.line()
}

/// Where todoctl keeps what it knows of runs: `TODOCTL_STATE`, else `todoctl` in the user's state folder.
pub(super) fn state() -> Result<PathBuf, Diagnostic> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("TODOCTL_STATE")
        .or_else(|| absolute("XDG_STATE_HOME").map(|path| path.join("todoctl")))
        .or_else(|| absolute("HOME").map(|path| path.join(".local/state/todoctl")))
        .ok_or_else(|| {
            Diagnostic::new(
                Code::MachineFolder,
                "there is no folder for todoctl's files",
                "set HOME or TODOCTL_STATE to an absolute path",
            )
        })
}

/// Where charts of repositories are kept: `todoctl/charts` in the user's cache folder.
pub(super) fn charts() -> Result<PathBuf, Diagnostic> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|path| path.join(".cache")))
        .map(|path| path.join("todoctl/charts"))
        .ok_or_else(|| {
            Diagnostic::new(
                Code::MachineFolder,
                "there is no folder for charts of repositories",
                "set HOME or XDG_CACHE_HOME to an absolute path",
            )
        })
}

/// Remembers the profile that a project was last brought up with.
pub(super) fn remember(state: &Path, project: &Path, profile: &Path) {
    let file = last(state, project);
    let write = || {
        std::fs::create_dir_all(file.parent().unwrap_or(state))?;
        std::fs::write(&file, profile.as_os_str().as_encoded_bytes())
    };
    // Only a convenience is lost: the next command asks for --profile.
    let _: std::io::Result<()> = write();
}

/// The profile that a project was last brought up with.
pub(super) fn recall(state: &Path, project: &Path) -> Option<String> {
    std::fs::read_to_string(last(state, project)).ok()
}

fn last(state: &Path, project: &Path) -> PathBuf {
    let hash = todoctl_project::digest::combine(&[("project", project.as_os_str().as_encoded_bytes())]);
    state.join("last").join(&hash[..16])
}
