//! Owns the shape of a profile file as serde types; the JSON schema is generated from them.
//! Refuses to read files and to judge whether names refer to each other: `load` and `validate` do.
//!
//! Every struct denies unknown fields, and enums are written as one-key maps (`sandbox: {…}`),
//! because only that form gives path, line and column in the parser's errors.

mod chart;
mod check;
mod cluster;
mod image;
mod minikube;
mod registry;
mod variable;

pub use chart::*;
pub use check::*;
pub use cluster::*;
pub use image::*;
pub use minikube::*;
pub use registry::*;
pub use variable::*;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A whole profile, after `extends` has been merged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// Another profile whose fields this one inherits, by name or as a path relative to this file; maps are merged,
    /// lists and scalars replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<PathBuf>,
    /// Namespace of the application and of its versioned Secrets.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// Whether `up`, `rollback` and `down` ask before they change anything.
    #[serde(default)]
    pub confirm: Confirm,
    /// Where the cluster comes from.
    #[serde(with = "serde_yaml::with::singleton_map")]
    #[schemars(with = "Cluster")]
    pub cluster: Cluster,
    /// What `${NAME}` stands for in any text of the profile, by name. Never secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Variable>,
    /// The image registry of the cluster. It goes before every image's repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<Registry>,
    /// What builds the images; when absent the cluster's own builder, or `docker buildx` for a cluster that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builder: Option<Builder>,
    /// How images reach the cluster; when absent `push` with a `registry`, else `load`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// Images that are built from sources, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, Image>,
    /// Secret values and the Kubernetes Secrets made of them.
    #[serde(default)]
    pub secrets: Secrets,
    /// Dapr: the release that installs it, and the Dapr objects of the application; without it there are no sidecars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dapr: Option<Dapr>,
    /// Helm releases, by release name. `NAME: null` leaves out a release of the extended profile, with what names it.
    #[serde(default)]
    pub releases: BTreeMap<String, Release>,
    /// Checks of the whole deployment, after every release is ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<HttpCheck>,
    /// Address shown when everything is up; `{node}` stands for the node's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the nodes can give, for `todoctl budget` while the cluster cannot be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// Why this profile differs from others where `todoctl parity` allows no difference: field, such as
    /// `releases.redpanda`, to reason. It holds for everything below the field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parity: BTreeMap<String, String>,
}

impl Profile {
    /// Namespace of one of its releases.
    pub fn namespace_of<'a>(&'a self, release: &'a Release) -> &'a str {
        release.namespace.as_deref().unwrap_or(&self.namespace)
    }

    /// Every namespace that it has something in, its own first.
    pub fn namespaces(&self) -> Vec<&str> {
        let mut all = vec![self.namespace.as_str()];
        for release in self.releases.values() {
            let namespace = self.namespace_of(release);
            if !all.contains(&namespace) {
                all.push(namespace);
            }
        }
        all
    }
}

/// What can be had. CPU and memory are asked of the cluster when it runs; storage and load balancers, which no cluster
/// tells, always hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Capacity {
    /// CPU that one node can give to the profile, as Kubernetes writes it, such as `1830m`: its allocatable, less what
    /// the cluster's own pods ask for.
    pub cpu: String,
    /// The same of memory, such as `9Gi`.
    pub memory: String,
    /// How many such nodes there are.
    #[serde(default = "default_nodes")]
    pub nodes: u16,
    /// Size of all volumes together, such as `100Gi`; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// How many Services may ask for a load balancer; any number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancers: Option<u32>,
}

fn default_nodes() -> u16 {
    1
}

fn default_namespace() -> String {
    "todo".to_owned()
}

/// Whether a person is asked before a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// Never: for throw-away clusters.
    Never,
    /// A yes/no question; `--yes` answers it.
    #[default]
    Ask,
    /// The profile's name must be typed; `--confirm NAME` answers it.
    Name,
}

/// Secret values, and the Kubernetes Secrets made of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Secrets {
    /// Values by name; one value may be a key of several Secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, SecretValue>,
    /// Logical Secrets by name: Secret key to value name. In the cluster each is a row of immutable versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sets: BTreeMap<String, BTreeMap<String, String>>,
}

/// One secret value: where it may come from and what it must look like. Never the value itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SecretValue {
    /// What it is, for the person who is asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Name of the variable that holds it, in the environment or in the `--env-file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// Command whose standard output is the value, used when it is neither given nor in the cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Number of random bytes to generate (written as hex digits) when the value is neither given nor in the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<u16>,
    /// May be left out; its keys are then absent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Fewest characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u16>,
    /// Accepted URL schemes; any text when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemes: Vec<String>,
    /// Another value that this one is derived from, in the form that `form` says. It is never given itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What `from` is turned into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
}

/// A form that a derived value has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The URL of a PostgreSQL database as Dapr accepts it: `postgres://` with libpq's parameters, made from
    /// SQLAlchemy's or any other. docs/secrets.md has the rules.
    Postgres,
}

/// Dapr, as the application uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dapr {
    /// Release of `releases` that installs Dapr. Its CRDs must be established, and its injector must answer.
    pub release: String,
    /// Files of Dapr objects, relative to the project: Component, Configuration, Resiliency, Subscription. The name in
    /// a `secretKeyRef` is a set of `secrets.sets`; the version is filled in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<PathBuf>,
    /// Files that describe component types which Dapr does not know itself, relative to the project, in the form of the
    /// `metadata.yaml` of Dapr's own components. A Component of such a type carries the container that serves it in the
    /// annotation `dapr.io/component-container`; its `image` is an image of `images`, and the tag is filled in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pluggable: Vec<PathBuf>,
}

/// One Helm release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Release {
    /// Where the chart comes from.
    pub chart: Chart,
    /// Namespace; the profile's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Position in the documented order, 4 to 8: Dapr's objects have 5. [default: 4 for the release that installs Dapr, else
    /// the latest position of what it needs, at least 6]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u8>,
    /// Values files, relative to the project, later ones win.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<PathBuf>,
    /// Values written here; they win over the files.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub set: serde_json::Map<String, serde_json::Value>,
    /// Image of `images` that becomes `image.repository` and `image.tag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Logical Secret of `secrets.sets` whose version becomes `existingSecret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Whether its pods get a Dapr sidecar, with the release's name as app id. It then starts after the Dapr objects,
    /// and starts anew when those in its scope change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sidecar: bool,
    /// Releases that must be verified first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Whether the application works without it; `todoctl budget` names it when there is no room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Seconds its workloads may take to become ready.
    #[serde(default = "default_ready_seconds")]
    pub ready_seconds: u32,
}

fn default_ready_seconds() -> u32 {
    300
}

/// Where a release stands that is not positioned: after the Dapr objects.
const APPLICATION: u8 = 6;
/// Where the release stands that installs Dapr: before its objects.
const PLATFORM: u8 = 4;

impl Release {
    /// Its position in the documented order. A loaded profile says it of every release.
    pub fn order(&self) -> u8 {
        self.order.unwrap_or(APPLICATION)
    }
}

impl Profile {
    /// Positions every release that the files leave open. Needs that form a circle, or are not there, count as nothing:
    /// they are refused later.
    pub(super) fn position_releases(&mut self) {
        let names: Vec<String> = self.releases.keys().cloned().collect();
        for name in names {
            let order = self.position(&name, &mut Vec::new());
            if let Some(release) = self.releases.get_mut(&name) {
                release.order = Some(order);
            }
        }
    }

    fn position<'a>(&'a self, name: &'a str, above: &mut Vec<&'a str>) -> u8 {
        let Some(release) = self.releases.get(name).filter(|_| !above.contains(&name)) else { return 0 };
        let least = match &self.dapr {
            Some(dapr) if dapr.release == name => PLATFORM,
            Some(_) | None => APPLICATION,
        };
        release.order.unwrap_or_else(|| {
            above.push(name);
            let needs = release.needs.iter().map(|need| self.position(need, above)).max();
            above.pop();
            needs.unwrap_or_default().max(least)
        })
    }
}
