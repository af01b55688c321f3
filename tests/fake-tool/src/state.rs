//! Owns the state that the tools share, as data: what a `world.json` may set and what a scenario ends with.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dapr::{Containers, Dapr, Sidecars};
use crate::fault::Fault;
use crate::minikube::Minikube;

/// Kubeconfig of the sandbox where no other is named.
pub const KUBECONFIG: &str = "/var/lib/todoctl-sandbox/sandbox/pki/admin.kubeconfig";

/// Version of Kubernetes, of kubectl too.
pub const VERSION: &str = "v1.34.4";

/// Everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// Version that helm says it has.
    pub helm: String,
    /// Where the fake API server listens; empty when there is none.
    pub api: ApiServer,
    /// Kubeconfig of the sandbox; helm and kubectl reach the cluster only with it.
    pub kubeconfig: String,
    /// The sandbox: `running`, `stopped`, `absent` or `degraded`.
    pub sandbox: String,
    /// Contexts of the user's kubeconfig, each with the address of its API server; all lead to the one cluster.
    pub contexts: BTreeMap<String, String>,
    /// State of the cluster that `oci` knows, such as `ACTIVE`; empty: there is none.
    pub oke: String,
    /// UID of the namespace `kube-system`.
    pub uid: String,
    /// Minikube's one profile.
    pub minikube: Minikube,
    /// Images in the cluster, and how their programs behave.
    pub images: BTreeMap<String, Behaviour>,
    /// Namespaces.
    pub namespaces: BTreeSet<String>,
    /// Those of them that are being deleted, and do not go.
    pub going: BTreeSet<String>,
    /// Secrets that are not helm's, as Kubernetes stores them.
    pub secrets: Vec<Value>,
    /// Nodes, as Kubernetes stores them.
    pub nodes: Vec<Value>,
    /// Objects without a controller, as Kubernetes stores them: `ConfigMap`s, claims of volumes, CRDs.
    pub objects: Vec<Value>,
    /// Leases, as Kubernetes stores them.
    pub leases: Vec<Value>,
    /// helm's records, oldest first.
    pub revisions: Vec<Revision>,
    /// Deployments with their replica sets.
    pub deployments: Vec<Deployment>,
    /// Bodies of requests that programs took and that were not removed.
    pub sent: Vec<String>,
    /// Dapr: its CRDs, its objects, its injector.
    pub dapr: Dapr,
    /// What can be fetched: `REPOSITORY NAME VERSION` to the folder of the project that is packed.
    pub charts: BTreeMap<String, String>,
    /// The token that the API server accepts; any when empty.
    pub token: String,
    /// What the user may not do: `VERB RESOURCE`, or `VERB RESOURCE.GROUP`, in every namespace.
    pub forbidden: Vec<String>,
    /// Scripted faults.
    pub faults: Vec<Fault>,
    /// When the cluster was last started, in milliseconds since 1970: pods run since then at most.
    pub started: u64,
    /// Whether the API server tells of pods as they were long before that, and never anything newer.
    pub stale: bool,
    /// Counts changes; the source of unique ids and creation times.
    pub clock: u64,
}

impl Default for State {
    /// A running, empty cluster.
    fn default() -> Self {
        Self {
            helm: "v4.2.4".to_owned(),
            api: ApiServer::default(),
            kubeconfig: KUBECONFIG.to_owned(),
            sandbox: "running".to_owned(),
            contexts: BTreeMap::new(),
            oke: String::new(),
            uid: "11111111-aaaa-4bbb-8ccc-222222222222".to_owned(),
            minikube: Minikube::default(),
            images: BTreeMap::new(),
            namespaces: ["default", "kube-system"].map(str::to_owned).into(),
            going: BTreeSet::new(),
            secrets: Vec::new(),
            nodes: vec![
                json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "spec": {},
                "status": {"nodeInfo": {"architecture": "amd64"},
                    "addresses": [{"type": "InternalIP", "address": "10.245.0.2"}], "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}}),
            ],
            objects: Vec::new(),
            leases: Vec::new(),
            revisions: Vec::new(),
            deployments: Vec::new(),
            sent: Vec::new(),
            dapr: Dapr::default(),
            charts: BTreeMap::new(),
            token: String::new(),
            forbidden: Vec::new(),
            faults: Vec::new(),
            started: 0,
            stale: false,
            clock: 0,
        }
    }
}

impl State {
    /// The next number of the clock.
    pub fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// helm's major and minor version.
    pub fn helm_version(&self) -> (u32, u32) {
        let mut parts = self.helm.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }

    /// The revisions of a release, oldest first.
    pub fn history(&self, namespace: &str, name: &str) -> Vec<&Revision> {
        self.revisions.iter().filter(|one| one.namespace == namespace && one.name == name).collect()
    }
}

/// How the fake API server is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiServer {
    /// The proxy that leads to it, whatever address is wanted.
    pub proxy: String,
    /// The authority that its certificate is signed by, as a kubeconfig has it.
    pub authority: String,
}

/// What a program does once its container exists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// Ready at once.
    #[default]
    Ready,
    /// Ready after some milliseconds.
    Slow(u64),
    /// Starts and never becomes ready.
    NeverReady,
    /// Ends by itself, again and again.
    Crash,
    /// Its image cannot be pulled.
    NoImage,
    /// Ready, but its requests fail.
    Unwell,
    /// Ready, but it never sees what others were sent.
    Deaf,
}

impl Behaviour {
    /// From a word in a file: `slow 300`, `crash`, `never-ready`, `unwell`, `deaf`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        Ok(match (words.next(), words.next()) {
            (None | Some("ready"), None) => Self::Ready,
            (Some("slow"), Some(after)) => {
                Self::Slow(after.parse().map_err(|_| format!("not a number: {after}"))?)
            }
            (Some("never-ready"), None) => Self::NeverReady,
            (Some("crash"), None) => Self::Crash,
            (Some("unwell"), None) => Self::Unwell,
            (Some("deaf"), None) => Self::Deaf,
            _ => return Err(format!("unknown behaviour: {text}")),
        })
    }
}

/// One of helm's records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Release name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Revision number.
    pub number: u32,
    /// helm's status.
    pub status: String,
    /// Whether it was applied by the server; helm 4 goes on as the revision before it.
    #[serde(default)]
    pub server_side: bool,
    /// Labels that a user gave.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Values it was made with.
    #[serde(default)]
    pub values: Value,
    /// Description.
    #[serde(default)]
    pub description: String,
}

/// A Deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Namespace.
    pub namespace: String,
    /// Release that owns it; its name is `<release>-deployment`.
    pub release: String,
    /// Unique id.
    pub uid: u64,
    /// Counts changes of the spec.
    pub generation: u32,
    /// Replicas asked for.
    pub replicas: u32,
    /// Who else than helm set the replicas.
    #[serde(default)]
    pub scaled_by: Option<String>,
    /// Replica sets; the last is the current one.
    pub sets: Vec<ReplicaSet>,
}

/// One replica set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplicaSet {
    /// Unique id.
    pub uid: u64,
    /// Number of the rollout.
    pub revision: u32,
    /// When it was made, in milliseconds since 1970.
    pub since: u64,
    /// Image of its pods.
    pub image: String,
    /// What they do.
    pub behaviour: Behaviour,
    /// Hash of the pod template.
    pub hash: String,
    /// What its pods met when they asked for a sidecar; absent when they did not ask.
    #[serde(default)]
    pub sidecar: Option<Sidecars>,
    /// Which containers beside the sidecar its pods ask for.
    #[serde(default)]
    pub containers: Containers,
    /// What a pod asks for.
    #[serde(default)]
    pub resources: Value,
    /// How often its pods were deleted and replaced.
    #[serde(default)]
    pub replaced: u32,
}

/// A moment of the state's own clock, as Kubernetes writes it.
pub fn timestamp(clock: u64) -> String {
    format!("2026-01-01T{:02}:{:02}:{:02}Z", clock / 3600 % 24, clock / 60 % 60, clock % 60)
}

/// A moment in milliseconds since 1970, as Kubernetes writes it: with whole seconds.
pub fn moment(milliseconds: u64) -> String {
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or_default();
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// A short stable hash of a text, for names.
pub fn hash(text: &str) -> String {
    let value = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:010x}", value & 0xff_ffff_ffff)
}
