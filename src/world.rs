//! Owns the snapshot that every decision is made from: cluster, releases, secrets, images, workloads, charts.
//! Refuses to decide anything. Reading it is in `read`; the parts here are plain data.
//!
//! It also supplies time and randomness, so that `decide` stays pure. It is never serialised: it holds secret values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;
use secrecy::SecretString;

/// Everything that was seen, at one moment.
pub struct World {
    /// When it was seen.
    pub now: Timestamp,
    /// Id of the run that is being planned; also the source of its random suffixes.
    pub run: String,
    /// The cluster.
    pub cluster: Cluster,
    /// Major version of helm, 3 or 4.
    pub helm_major: u32,
}

/// The cluster, as its provider sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cluster {
    /// It answers.
    Running(Access),
    /// It must be started first; the text is what a person should know.
    Down(String),
}

impl Cluster {
    /// How it is reached, when it runs.
    pub fn access(&self) -> Option<&Access> {
        match self {
            Self::Running(access) => Some(access),
            Self::Down(_) => None,
        }
    }
}

/// How a cluster is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Kubeconfig file that every child gets, alone.
    pub kubeconfig: PathBuf,
    /// Context in it, given explicitly to every child.
    pub context: String,
    /// Address of a node.
    pub node: String,
}
