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
        self.0
            .insert(format!("{role} {}", relative.to_string_lossy()), file);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Feeds every file to the hash. A link counts as the file it leads to.
    pub(super) fn feed(&self, project: &Path, hasher: &mut Framed) -> Result<(), DigestError> {
        for (name, file) in &self.0 {
            let refuse = |error| DigestError::read(project, file, error);
            let content = std::fs::read(file).map_err(refuse)?;
            let mode = std::fs::metadata(file)
                .map_err(refuse)?
                .permissions()
                .mode();
            hasher.part(name.as_bytes());
            hasher.part(if mode & 0o111 == 0 { b"-" } else { b"x" });
            hasher.part(&content);
        }
        Ok(())
    }
}
