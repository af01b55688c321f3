//! Owns git's flags.

use std::path::PathBuf;

use todoctl_core::invocation::{Invocation, Tool};

/// The files that are committed or about to be, relative to the working folder, each ended by a zero byte.
pub fn files() -> Invocation {
    let git = Tool::Project(PathBuf::from("git"));
    Invocation::new(git, ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "-z"])
}

/// Reads the answer.
pub fn parse_files(answer: &[u8]) -> Vec<PathBuf> {
    let names = answer.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| PathBuf::from(String::from_utf8_lossy(name).into_owned())).collect()
}
