//! Owns content hashes: what decides whether an image or a release is still the one that is wanted.
//! Only reads the disk; refuses to start git, docker or helm, and to know what a hash is used for.

mod chart;
mod image;
mod inputs;
mod version;
mod weight;

pub use chart::chart;
pub use image::image;
pub use version::chart_version;
pub use weight::{Weight, weigh};

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use todoctl_core::diagnostic::{Code, Diagnostic};

/// Why a content hash could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DigestError {
    /// A file or folder could not be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The path, relative to the project where it is inside.
        path: PathBuf,
        /// The system's reason.
        cause: String,
    },
    /// A glob of `sources` matches no file.
    #[error("`{glob}` in `sources` matches no file")]
    NoMatch {
        /// The glob.
        glob: String,
    },
    /// A glob or an ignore pattern is not valid.
    #[error("`{pattern}` is not a valid pattern: {cause}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A build context without a file that counts.
    #[error("{} holds no file that git and docker do not ignore", path.display())]
    Empty {
        /// The context.
        path: PathBuf,
    },
}

impl DigestError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Read { path, .. } => {
                format!("Check that {} exists and may be read; a link must lead to a file.", path.display())
            }
            Self::NoMatch { glob } => format!(
                "Globs are relative to the project; for everything in a folder write `{}/**`. Files that git ignores never match.",
                glob.trim_end_matches('/')
            ),
            Self::Pattern { .. } => {
                "Correct the pattern; `*` stays inside a folder, `**` crosses folders.".to_owned()
            }
            Self::Empty { path } => format!(
                "Put files into {} or, when a command fills it, name that command in `prepare`.",
                path.display()
            ),
        }
    }

    fn read(project: &Path, path: &Path, cause: &dyn std::fmt::Display) -> Self {
        Self::Read {
            path: path.strip_prefix(project).unwrap_or(path).to_path_buf(),
            cause: cause.to_string(),
        }
    }
}

/// Hash of named parts, 32 lower-case hex digits: the most that fits into a label's 63 characters together with a revision.
/// Names and contents are framed with their lengths, so no two lists of parts run together.
pub fn combine(parts: &[(&str, &[u8])]) -> String {
    let mut hasher = Framed::default();
    for (name, content) in parts {
        hasher.part(name.as_bytes());
        hasher.part(content);
    }
    hasher.hex(32)
}

/// Hash of one file's content, such as a values file, relative to the project: 32 lower-case hex digits.
pub fn file(project: &Path, file: &Path) -> Result<String, DigestError> {
    let path = project.join(file);
    let content = std::fs::read(&path).map_err(|error| DigestError::read(project, &path, &error))?;
    Ok(combine(&[("file", &content)]))
}

/// A SHA-256 over length-prefixed parts.
#[derive(Default)]
struct Framed(Sha256);

impl Framed {
    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// The first `digits` (at most 64) hex digits.
    fn hex(self, digits: usize) -> String {
        use std::fmt::Write;
        let mut text = String::with_capacity(64);
        for byte in self.0.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        text.truncate(digits);
        text
    }
}

impl From<DigestError> for Diagnostic {
    fn from(error: DigestError) -> Self {
        Self::new(Code::ImageContext, error.to_string(), error.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let all = [
            combine(&[]),
            combine(&[("", b"")]),
            combine(&[("a", b"bc")]),
            combine(&[("ab", b"c")]),
            combine(&[("a", b"b"), ("c", b"")]),
            combine(&[("c", b""), ("a", b"b")]),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|hash| hash.len() == 32));
    }

    #[test]
    fn the_hash_of_today_is_the_hash_of_tomorrow() {
        // A changed framing would upgrade every release of every user once.
        assert_eq!(combine(&[("chart", b"x"), ("values", b"y")]), "c745418ff68a45d7eb02e7ab924690f7");
    }
}
