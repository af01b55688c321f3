//! Owns the container that serves a pluggable component, as a Component's annotation describes it: it belongs into every
//! pod in the Component's scope. A chart puts it there before the sidecar, or Dapr's injector after it.
//! Refuses to know the cluster, and which tag its image has: that is filled in when the Component is applied.

use serde_json::{Map, Value, json};

use super::file::Document;
use crate::profile::names::{self, LABEL_LENGTH};
use todoctl_core::yaml::{Node, Seg};

/// The annotation (dapr/dapr v1.18.1, `pkg/injector/annotations/annotations.go`).
pub const ANNOTATION: &str = "dapr.io/component-container";
/// The annotation of a pod that lets the injector look for such containers.
pub const INJECTION: &str = "dapr.io/inject-pluggable-components";
/// The container that every pod with a sidecar has.
const SIDECAR: &str = "daprd";

/// A container.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Its name in the pod.
    pub name: String,
    /// Its image: a name of the profile's `images`.
    pub image: String,
    /// All that is said of it.
    spec: Map<String, Value>,
}

impl Container {
    /// What is said of it, as in a pod, with the image as a pod names it. As a text it is the annotation.
    pub fn spec(&self, image: &str) -> Value {
        let mut spec = self.spec.clone();
        spec.insert("name".to_owned(), json!(self.name));
        spec.insert("image".to_owned(), json!(image));
        Value::Object(spec)
    }
}

/// The image that an annotation names; nothing when it is somebody else's and not readable.
pub fn image_of(annotation: &str) -> Option<String> {
    let spec: Value = serde_json::from_str(annotation).ok()?;
    spec["image"].as_str().map(str::to_owned)
}

/// Judges the container of a Component. `pluggable` says whether its type needs one; `None` when the type is not known.
pub(super) fn judge(document: &mut Document<'_>, pluggable: Option<bool>) -> Option<Container> {
    let path = [Seg::from("metadata"), "annotations".into(), ANNOTATION.into()];
    let text = match document.node.at_path(&path).map(Node::to_value) {
        Some(Value::String(text)) => text,
        Some(_) => {
            document.problem(&path, "a text is needed: a container as JSON");
            return None;
        }
        None => {
            if pluggable == Some(true) {
                document.problem(
                    &["metadata".into()],
                    format!("the annotation `{ANNOTATION}` is missing: no container would serve this type"),
                );
            }
            return None;
        }
    };
    if pluggable == Some(false) {
        document.problem(&path, "the sidecar serves this type itself, no container is needed");
        return None;
    }
    let spec = match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(spec)) => spec,
        Ok(_) => {
            document.problem(&path, "not a container: a JSON object is needed");
            return None;
        }
        Err(error) => {
            document.problem(&path, format!("not a container: {error}"));
            return None;
        }
    };
    let image = image(document, &path, &spec)?;
    let name = name(document, &path, &spec)?;
    Some(Container { name, image, spec })
}

fn image(document: &mut Document<'_>, path: &[Seg], spec: &Map<String, Value>) -> Option<String> {
    let Some(Value::String(image)) = spec.get("image") else {
        document.problem(path, "`image` is missing: the name of an image in `images` of the profile");
        return None;
    };
    let images = &document.profile.images;
    if !images.contains_key(image) {
        let message = names::unknown("image of `images`", image, images.keys().map(String::as_str));
        document.problem(path, message);
        return None;
    }
    Some(image.clone())
}

/// Without a name the injector takes the Component's, which says little in a list of containers.
fn name(document: &mut Document<'_>, path: &[Seg], spec: &Map<String, Value>) -> Option<String> {
    let Some(Value::String(name)) = spec.get("name") else {
        document.problem(path, "`name` is missing: the container's name in each pod");
        return None;
    };
    if let Err(message) = names::label(name, LABEL_LENGTH) {
        document.problem(path, message);
        return None;
    }
    if name == SIDECAR {
        document.problem(path, format!("`{SIDECAR}` is the name of the sidecar"));
        return None;
    }
    Some(name.clone())
}
