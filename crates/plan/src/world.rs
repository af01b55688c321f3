//! Owns the snapshot that every decision is made from: cluster, releases, secrets, images, workloads, manifests.
//! Refuses to decide anything and to read anything: `survey` fills it, `steps` decide from it.
//!
//! It also supplies time and randomness, so that `decide` stays pure. It is never serialised: it holds secret values.

pub mod components;
mod data;
pub mod lease;
pub mod leftovers;
pub mod live;
pub mod manifest;
pub mod nodes;
pub mod releases;
pub mod runs;
pub mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use secrecy::SecretString;
use sha2::{Digest, Sha256};

use self::components::Components;
use self::live::Live;
use self::releases::Releases;
use self::runs::Runs;
use self::secrets::Versions;
use crate::resources::{Demand, Nodes};
use todoctl_core::workload::Workload;
use todoctl_project::dapr::Crd;
use todoctl_project::digest::Weight;

/// Everything that was seen, at one moment.
pub struct World {
    /// Id of the run that is being planned; also the source of its random suffixes.
    pub run: String,
    /// Random bytes for generated secret values and version suffixes.
    pub seed: [u8; 32],
    /// The cluster.
    pub cluster: Cluster,
    /// Major version of helm, 3 or 4.
    pub helm_major: u32,
    /// Every revision of every release in the profile's namespaces.
    pub releases: Releases,
    /// todoctl's versioned Secrets, by logical name.
    pub secrets: BTreeMap<String, Versions>,
    /// Secret values that were given for this run, by value name.
    pub given: BTreeMap<String, SecretString>,
    /// Images that are where the cluster finds them, with tag; absent while that cannot be known.
    pub images: Option<BTreeSet<String>>,
    /// Weight of the build contexts of the images that are missing, by the image's name.
    pub contexts: BTreeMap<String, Weight>,
    /// Namespaces, workloads and pods.
    pub live: Live,
    /// The Dapr objects in the application's namespace; read when the profile has any.
    pub components: Components,
    /// Manifests of the releases that may change, by release name.
    pub manifests: BTreeMap<String, Manifests>,
    /// What the nodes can give; absent when it was not read, or may not be.
    pub nodes: Option<Nodes>,
    /// The records of earlier runs; absent when they were not read, as in a run that changes nothing.
    pub runs: Option<Runs>,
}

/// What a release's manifests ask for, as far as decisions need it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifests {
    /// The workloads of the manifest that an upgrade would apply, or why the chart does not render.
    pub wanted: Option<Result<Vec<Workload>, String>>,
    /// What the same manifest asks of the nodes.
    pub demand: Demand,
    /// The workloads of the revision that a rollback returns to.
    pub target: Option<Vec<Workload>>,
    /// The CRDs that the chart brings beside its manifest; read of the release that installs Dapr.
    pub crds: Vec<Crd>,
    /// What stays of the new revision when it is undone, because helm keeps it: kind and name.
    pub kept: Vec<String>,
}

impl World {
    /// A world in which only the cluster's state is known, because it does not run.
    pub fn without_cluster(run: &str, why: String) -> Self {
        Self {
            run: run.to_owned(),
            seed: [0; 32],
            cluster: Cluster::Down(Down::in_part(why)),
            helm_major: 4,
            releases: Releases::default(),
            secrets: BTreeMap::new(),
            given: BTreeMap::new(),
            images: None,
            contexts: BTreeMap::new(),
            live: Live::default(),
            components: Components::default(),
            manifests: BTreeMap::new(),
            nodes: None,
            runs: None,
        }
    }

    /// Random bytes for one purpose: the same in every decision of a run, different in every run.
    pub fn random(&self, purpose: &str, bytes: usize) -> String {
        let mut hex = String::new();
        for counter in 0_u32.. {
            if hex.len() >= bytes * 2 {
                break;
            }
            let block = Sha256::new()
                .chain_update(self.seed)
                .chain_update(purpose.as_bytes())
                .chain_update(counter.to_be_bytes())
                .finalize();
            hex.extend(block.iter().map(|byte| format!("{byte:02x}")));
        }
        hex.truncate(bytes * 2);
        hex
    }
}

/// The cluster, as its provider sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cluster {
    /// It answers.
    Running(Access),
    /// It must be started first.
    Down(Down),
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

/// A cluster that does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// What a person should know.
    pub state: String,
    /// Whether everything that ran in it has ended, so that what its API server says of pods is old after a start.
    pub ended: bool,
}

impl Down {
    /// Nothing runs in it.
    pub(crate) fn ended(state: impl Into<String>) -> Self {
        Self { state: state.into(), ended: true }
    }

    /// Something may still run in it.
    pub(crate) fn in_part(state: impl Into<String>) -> Self {
        Self { state: state.into(), ended: false }
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
