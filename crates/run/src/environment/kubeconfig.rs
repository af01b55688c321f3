//! Owns the kubeconfig that the children of this process see: a private file that leads to one cluster.
//!
//! It is made once and never read again by us, so whatever becomes of the user's kubeconfig during a run, such as
//! another current context, changes nothing. It goes with the process; a killed one leaves it to the helm that is
//! still at work, and the next run removes it.

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
    for entry in entries.filter_map(Result::ok).filter(is_old) {
        // Another run may be faster.
        let _: std::io::Result<()> = std::fs::remove_file(entry.path());
    }
}
