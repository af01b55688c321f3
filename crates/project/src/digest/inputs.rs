//! Owns how a set of files becomes part of a hash: sorted by path, with the executable bit and the content.
//! Refuses to choose the files.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{DigestError, Framed};

/// Files by the name they have in the hash. A name is given once, so a file that two globs match counts once.
#[derive(Default)]
pub(super) struct Inputs(BTreeMap<String, PathBuf>);

impl Inputs {
    /// Adds a file under a role (`context`, `source`) and its path inside that role.
    pub(super) fn add(&mut self, role: &str, relative: &Path, file: PathBuf) {
        self.0.insert(format!("{role} {}", relative.to_string_lossy()), file);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Feeds every file to the hash. A link counts as the file it leads to.
    pub(super) fn feed(&self, project: &Path, hasher: &mut Framed) -> Result<(), DigestError> {
        for (name, file) in &self.0 {
            let refuse = |error: std::io::Error| DigestError::read(project, file, &error);
            let content = std::fs::read(file).map_err(refuse)?;
            let mode = std::fs::metadata(file).map_err(refuse)?.permissions().mode();
            hasher.part(name.as_bytes());
            hasher.part(if mode & 0o111 == 0 { b"-" } else { b"x" });
            hasher.part(&content);
        }
        Ok(())
    }
}

/// A walker's error as ours: the path it stopped at and the system's reason alone.
pub(super) fn unreadable(project: &Path, start: &Path, error: &ignore::Error) -> DigestError {
    let path = path_of(error).unwrap_or(start);
    match (loops(error), error.io_error()) {
        (true, _) => DigestError::read(project, path, &"the link leads back to a folder above it"),
        (false, Some(cause)) => DigestError::read(project, path, &system_cause(cause)),
        (false, None) => DigestError::read(project, path, &error),
    }
}

/// The innermost cause: walkers wrap the system's error into one that repeats the path.
fn system_cause(error: &std::io::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the walker's other errors carry no path")]
pub(super) fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only wrappers can hold a loop")]
fn loops(error: &ignore::Error) -> bool {
    match error {
        ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. }
        | ignore::Error::WithLineNumber { err, .. } => loops(err),
        ignore::Error::Loop { .. } => true,
        _ => false,
    }
}
