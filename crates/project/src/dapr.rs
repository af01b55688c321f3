//! Owns the Dapr objects of a project as its files describe them: reading, judging, and the manifest to apply.
//! Refuses to look at a cluster: `world::components` is what is there.
//!
//! Kubernetes accepts objects that no sidecar can use, and a sidecar that cannot use one ends at its start. So what can
//! be known from the files alone is refused before anything is changed.

mod component;
mod container;
mod crds;
mod file;
mod literal;
mod pluggable;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod types;

pub use container::{ANNOTATION as CONTAINER, Container, INJECTION, image_of};
pub use crds::{Crd, FOLDER as CRDS, crds};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::digest;
use crate::profile::{Chart, Loaded, ProfileError};
use todoctl_core::labels;

/// The kinds of object that the application brings; Dapr's other kinds are for its operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A message bus, a store, a binding.
    Component,
    /// Settings of sidecars.
    Configuration,
    /// Retries, timeouts, circuit breakers.
    Resiliency,
    /// A topic and who gets its events.
    Subscription,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Component, Self::Configuration, Self::Resiliency, Self::Subscription];

    /// As it is written in a manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Component => "Component",
            Self::Configuration => "Configuration",
            Self::Resiliency => "Resiliency",
            Self::Subscription => "Subscription",
        }
    }

    /// The resource with its group, which is also the name of its CRD.
    pub fn resource(self) -> &'static str {
        match self {
            Self::Component => "components.dapr.io",
            Self::Configuration => "configurations.dapr.io",
            Self::Resiliency => "resiliencies.dapr.io",
            Self::Subscription => "subscriptions.dapr.io",
        }
    }

    /// The version that the API server stores and answers with (dapr/dapr v1.18.1, `charts/dapr/crds`).
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Component | Self::Configuration | Self::Resiliency => "dapr.io/v1alpha1",
            Self::Subscription => "dapr.io/v2alpha1",
        }
    }

    /// Whether `scopes` may name the services that use an object.
    pub fn has_scopes(self) -> bool {
        !matches!(self, Self::Configuration)
    }

    /// From a manifest.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.name().to_ascii_lowercase())
    }
}

/// What the project says of Dapr.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dapr {
    /// The objects, in the order of the files.
    pub objects: Vec<Object>,
    /// Version of the chart that installs Dapr: a sidecar of another version is replaced.
    pub version: String,
}

/// A Dapr object of the project.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// App ids that use it; every one when empty.
    pub scopes: Vec<String>,
    /// The Secrets it refers to, by logical name.
    pub secrets: Vec<SecretRef>,
    /// What is odd about it and no mistake, with file and line.
    pub notes: Vec<String>,
    /// The container that serves it, when the sidecar does not.
    pub container: Option<Container>,
    /// File, and line of its name.
    pub place: (PathBuf, usize),
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    /// Everything but `apiVersion`, `kind` and `metadata`.
    content: Map<String, Value>,
}

/// A reference to a key of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    /// Logical name: a set of `secrets.sets`.
    pub set: String,
    /// Key in it.
    pub key: String,
    /// Whether the value is a connection string that Dapr's PostgreSQL components read.
    pub postgres: bool,
    /// File and line.
    pub place: String,
    /// Index of the entry in `spec.metadata`.
    entry: usize,
}

/// Reads and judges the Dapr objects of a profile; the error holds every problem.
pub fn load(loaded: &Loaded) -> Result<Dapr, ProfileError> {
    let Some(dapr) = &loaded.profile.dapr else { return Ok(Dapr::default()) };
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    let declared = pluggable::read(loaded, &dapr.pluggable, &mut problems);
    for path in &dapr.components {
        file::read(loaded, &declared, path, &mut objects, &mut problems);
    }
    if problems.is_empty() {
        let version = match &loaded.profile.releases[&dapr.release].chart {
            Chart::Folder(folder) => crds::version(&loaded.project, folder),
            Chart::Repository(chart) => chart.version.clone(),
        };
        return Ok(Dapr { objects, version });
    }
    Err(ProfileError::new(problems, "Nothing was changed. docs/components.md says what is checked, and why."))
}

impl Object {
    /// Whether a service uses it.
    pub fn is_for(&self, app_id: &str) -> bool {
        self.scopes.is_empty() || self.scopes.iter().any(|scope| scope == app_id)
    }

    /// The object to apply, with the versions of its Secrets, its image, and todoctl's labels. `version` knows the
    /// version of a logical Secret, `image` the whole name of an image.
    pub fn manifest(
        &self,
        (namespace, profile): (&str, &str),
        version: impl Fn(&str) -> String,
        image: impl Fn(&str) -> String,
    ) -> Value {
        let mut content = self.content.clone();
        for reference in &self.secrets {
            let entry =
                content.get_mut("spec").and_then(|spec| spec.get_mut("metadata")?.get_mut(reference.entry));
            if let Some(name) = entry.and_then(|entry| entry.get_mut("secretKeyRef")?.get_mut("name")) {
                *name = json!(version(&reference.set));
            }
        }
        let mut annotations = self.annotations.clone();
        let mut digest = digest_of(&content);
        if let Some(container) = &self.container {
            let text = container.spec(&image(&container.image)).to_string();
            digest = digest::combine(&[("content", digest.as_bytes()), ("container", text.as_bytes())]);
            annotations.insert(CONTAINER.to_owned(), json!(text));
        }
        let mut labels = self.labels.clone();
        labels.insert(labels::PROFILE.to_owned(), json!(profile));
        labels.insert(labels::DIGEST.to_owned(), json!(digest));
        let mut metadata = Map::from_iter([
            ("name".to_owned(), json!(self.name)),
            ("namespace".to_owned(), json!(namespace)),
            ("labels".to_owned(), Value::Object(labels)),
        ]);
        if !annotations.is_empty() {
            metadata.insert("annotations".to_owned(), Value::Object(annotations));
        }
        let head = [
            ("apiVersion".to_owned(), json!(self.kind.api_version())),
            ("kind".to_owned(), json!(self.kind.name())),
            ("metadata".to_owned(), Value::Object(metadata)),
        ];
        Value::Object(head.into_iter().chain(content).collect())
    }
}

impl Dapr {
    /// The containers that belong into the pods of a service, beside its sidecar: one of each image, as Dapr's injector
    /// does it (dapr/dapr v1.18.1, `pkg/injector/patcher/sidecar_components.go`).
    pub fn containers(&self, app_id: &str) -> Vec<&Container> {
        let objects = self.objects.iter().filter(|object| object.is_for(app_id));
        let mut containers: Vec<&Container> =
            objects.filter_map(|object| object.container.as_ref()).collect();
        let mut images = BTreeSet::new();
        containers.retain(|container| images.insert(container.image.as_str()));
        containers
    }
}

/// Digest of an object's content, whatever the order of its fields.
pub fn digest_of(content: &Map<String, Value>) -> String {
    let text = sorted(&Value::Object(content.clone())).to_string();
    digest::combine(&[("content", text.as_bytes())])
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let fields: BTreeMap<&String, Value> =
                map.iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(fields.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests;
