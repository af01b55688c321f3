//! Owns charts of repositories on this machine: what was fetched before, and taking in what helm has just fetched.
//! Refuses to fetch (the program lets helm do it) and to render.
//!
//! ```text
//! CACHE/<name>-<version>-<16 hex digits>.json   which archive a repository gave for a version
//! CACHE/<64 hex digits>/<name>/Chart.yaml …     its files, by the archive's SHA-256
//! CACHE/.part-*                                 what is being fetched; a leftover of a process that was killed
//! ```
//!
//! Everything comes to its place by one rename, so what is there is whole.

mod archive;
mod cache;

pub use cache::Cache;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::profile::RepositoryChart;
use todoctl_core::diagnostic::{Code, Diagnostic};

/// A chart of a repository that is on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its folder: absolute.
    pub folder: PathBuf,
    /// SHA-256 of its archive: `sha256:` and 64 hex digits.
    pub digest: String,
}

/// Why a chart of a repository cannot be used. Each names the chart.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChartError {
    /// helm could not fetch it.
    #[error("chart {chart} cannot be fetched:\n{complaint}")]
    Fetch {
        /// The chart.
        chart: String,
        /// helm's words.
        complaint: String,
        /// The command, for trying it by hand.
        command: String,
    },
    /// The archive is another one than the profile wants.
    #[error(
        "chart {chart} is not the one that the profile names:\nthe profile: {wanted}\nthe repository: {found}"
    )]
    Digest {
        /// The chart.
        chart: String,
        /// The profile's digest.
        wanted: String,
        /// The archive's.
        found: String,
    },
    /// The archive is not this chart.
    #[error("chart {chart} came as something else:\n{why}")]
    Archive {
        /// The chart.
        chart: String,
        /// What is wrong with it.
        why: String,
    },
    /// The disk refuses.
    #[error("chart {chart} cannot be kept:\n{}: {why}", path.display())]
    Disk {
        /// The chart.
        chart: String,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
}

impl ChartError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Fetch { command, .. } => format!(
                "Try it by hand: `{command}`. A chart is fetched once: without a network, let a machine with one run \
                 `todoctl plan` and copy its ~/.cache/todoctl/charts, or name a folder in `chart`."
            ),
            Self::Digest { .. } => {
                "Somebody has published this version anew, or the digest was mistyped. Look at what \
                 changed before you write the repository's digest into `chart`."
                    .to_owned()
            }
            Self::Archive { .. } => {
                "Check `name` and `version` of `chart` against what the repository has.".to_owned()
            }
            Self::Disk { .. } => "Make it writable, or set XDG_CACHE_HOME to a folder that is.".to_owned(),
        }
    }

    fn disk(chart: &RepositoryChart, path: &Path, error: &std::io::Error) -> Self {
        Self::Disk { chart: chart.to_string(), path: path.to_path_buf(), why: error.to_string() }
    }
}

impl From<&ChartError> for Diagnostic {
    fn from(error: &ChartError) -> Self {
        Self::new(Code::ChartFetch, error.to_string(), error.hint()).unchanged()
    }
}
