//! Owns the kubeconfig that the children of this process see: a private file that leads to one cluster.
//!
//! It is made once and never read again by us, so whatever becomes of the user's kubeconfig during a run, such as
//! another current context, changes nothing. It goes with the process; a killed one leaves it to the helm that is
//! still at work, and a later run removes it. A file that its process holds locked is never removed, whatever clocks
//! say of its age.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::tool::kubeconfig::{Summary, summary};

/// How the names of these files begin.
const PREFIX: &str = "kubeconfig-";
/// After this long no child of a killed run is at work any more.
const OLD: Duration = Duration::from_hours(24);

/// The file, and what it says.
pub(super) struct Private {
    file: NamedTempFile,
    pub summary: Summary,
}

impl Private {
    /// Writes it into a folder that is the user's own. The text is never shown.
    pub(super) fn write(folder: &Path, cluster: &str, text: &str) -> Result<Self, Diagnostic> {
        let summary = summary(text).map_err(|message| {
            Diagnostic::new(
                Code::ClusterUnreachable,
                format!("{cluster} cannot be reached: {message}"),
                "look at the context: kubectl config get-contexts",
            )
            .unchanged()
        })?;
        remove_old(folder);
        let write = || {
            // tempfile makes it readable by its owner alone (0600).
            let mut file = tempfile::Builder::new().prefix(PREFIX).suffix(".yaml").tempfile_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.flush()?;
            // Children do not inherit it (Rust opens files close-on-exec), so that it ends with this process.
            file.as_file().try_lock().map_err(std::io::Error::from)?;
            Ok(file)
        };
        let file = write().map_err(|error: std::io::Error| {
            Diagnostic::new(
                Code::MachineFolder,
                format!("cannot write a kubeconfig into {}: {error}", folder.display()),
                "make it writable, or set TODOCTL_STATE",
            )
            .unchanged()
        })?;
        Ok(Self { file, summary })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.file.path().to_path_buf()
    }
}

/// Removes what killed runs left.
fn remove_old(folder: &Path) {
    let is_old = |entry: &std::fs::DirEntry| {
        let changed = entry.metadata().and_then(|metadata| metadata.modified());
        let age = changed.ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        entry.file_name().to_string_lossy().starts_with(PREFIX) && age.is_some_and(|age| age > OLD)
    };
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok).filter(is_old).filter(|entry| is_left(&entry.path())) {
        // Another run may be faster.
        let _: std::io::Result<()> = std::fs::remove_file(entry.path());
    }
}

/// Whether the process that made a file is gone.
fn is_left(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{apiVersion: v1, kind: Config, current-context: k, contexts: [{name: k, context: {cluster: k, \
                        user: k}}], clusters: [{name: k, cluster: {server: 'https://x:1'}}], users: [{name: k, user: {}}]}";

    #[test]
    fn an_old_file_is_removed_unless_its_process_lives() {
        let folder = tempfile::tempdir().unwrap();
        let living = Private::write(folder.path(), "k", TEXT).unwrap();
        let left = folder.path().join(format!("{PREFIX}left.yaml"));
        std::fs::write(&left, TEXT).unwrap();
        let yesterday = SystemTime::now() - OLD - Duration::from_hours(1);
        for path in [living.path(), left.clone()] {
            File::options().write(true).open(path).unwrap().set_modified(yesterday).unwrap();
        }
        let second = Private::write(folder.path(), "k", TEXT).unwrap();
        assert!(living.path().exists() && second.path().exists() && !left.exists());
        let (one, other) = (living.path(), second.path());
        drop((living, second));
        assert!(!one.exists() && !other.exists(), "they go with their process");
    }
}
