//! Owns what is known of the Dapr objects in the application's namespace: their content, and who made them.
//! Refuses to know what they should be (`dapr`), and to print their content: somebody else's may hold a password.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::kubernetes::{ComponentSpec, Labels, Object};
use todoctl_core::labels;
use todoctl_project::dapr::{CONTAINER, Kind, image_of};

/// The Dapr objects that exist.
#[derive(Clone, Default)]
pub struct Components {
    /// Whether Kubernetes knows their kinds: Dapr's CRDs are there. False when nothing was read.
    pub known: bool,
    objects: Vec<LiveObject>,
}

/// A Dapr object as it is.
#[derive(Clone)]
pub struct LiveObject {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Everything but `apiVersion`, `kind`, `metadata` and `status`.
    pub content: Map<String, Value>,
    labels: Labels,
    /// The container that serves it, as its annotation says.
    container: Option<String>,
}

impl Components {
    /// Of the Dapr objects that were read.
    pub fn of(objects: &[Value]) -> Result<Self, String> {
        let objects = objects.iter().map(LiveObject::read).collect::<Result<_, _>>()?;
        Ok(Self { known: true, objects })
    }

    /// An object by kind and name.
    pub fn get(&self, kind: Kind, name: &str) -> Option<&LiveObject> {
        self.objects.iter().find(|one| one.kind == kind && one.name == name)
    }

    /// The objects that a profile made.
    pub fn of_profile<'a>(&'a self, profile: &'a str) -> impl Iterator<Item = &'a LiveObject> {
        self.objects.iter().filter(move |one| one.owner() == Some(profile))
    }

    /// Every object.
    pub fn iter(&self) -> impl Iterator<Item = &LiveObject> {
        self.objects.iter()
    }
}

impl LiveObject {
    fn read(item: &Value) -> Result<Self, String> {
        let object = Object::of(item).and_then(|object| Some((Kind::parse(&object.kind)?, object.metadata)));
        let Some((kind, metadata)) = object.filter(|(_, metadata)| !metadata.name.is_empty()) else {
            return Err("not a Dapr object in the list of Dapr objects".to_owned());
        };
        let mut content = item.as_object().cloned().unwrap_or_default();
        content.retain(|key, _| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status"));
        let container = metadata.annotations.get(CONTAINER).cloned();
        Ok(Self { kind, name: metadata.name, content, labels: metadata.labels, container })
    }

    /// The profile that made it; `None` when somebody else did.
    pub fn owner(&self) -> Option<&str> {
        self.labels.text(labels::PROFILE)
    }

    /// Digest of the content that todoctl gave it last; `None` when somebody else made it.
    pub fn digest(&self) -> Option<&str> {
        self.labels.text(labels::DIGEST)
    }

    /// Whether it is what a manifest asks for. What the server or somebody else added to it is left alone: an apply would
    /// not take it away either. A field that left the manifest shows in the digest.
    pub fn is(&self, manifest: &Value) -> bool {
        let metadata = Object::of(manifest).unwrap_or_default().metadata;
        let label = |name: &str| metadata.labels.text(name);
        let fields = manifest.as_object().into_iter().flatten();
        let mut content =
            fields.filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"));
        self.digest() == label(labels::DIGEST)
            && self.owner() == label(labels::PROFILE)
            && self.container.as_ref() == metadata.annotations.get(CONTAINER)
            && content.all(|(key, want)| self.content.get(key).is_some_and(|live| contains(live, want)))
    }

    /// The manifest that gives it back its content, and takes away todoctl's labels when they were not there.
    pub fn manifest(&self, namespace: &str) -> Value {
        let ours = [labels::PROFILE, labels::DIGEST].into_iter();
        let labels: Map<String, Value> =
            ours.filter_map(|name| Some((name.to_owned(), json!(self.labels.text(name)?)))).collect();
        let mut metadata = json!({"name": self.name, "namespace": namespace, "labels": labels});
        if let Some(container) = &self.container {
            metadata["annotations"] = json!({CONTAINER: container});
        }
        let head = [
            ("apiVersion".to_owned(), json!(self.kind.api_version())),
            ("kind".to_owned(), json!(self.kind.name())),
            ("metadata".to_owned(), metadata),
        ];
        Value::Object(head.into_iter().chain(self.content.clone()).collect())
    }

    /// The container that serves it, as its annotation says.
    pub fn container(&self) -> Option<&str> {
        self.container.as_deref()
    }

    /// The image of the container that serves it.
    pub fn image(&self) -> Option<String> {
        self.container.as_deref().and_then(image_of)
    }

    /// Names of the Secrets it refers to.
    pub fn secrets(&self) -> Vec<String> {
        secrets_of(&self.content)
    }
}

/// Names of the Secrets that an object refers to.
pub fn secrets_of(object: &Map<String, Value>) -> Vec<String> {
    let spec = object.get("spec").and_then(|spec| ComponentSpec::deserialize(spec).ok());
    let names = spec.into_iter().flat_map(|spec| spec.metadata).map(|entry| entry.secret_key_ref.name);
    names.filter(|name| !name.is_empty()).collect()
}

/// Whether everything wanted is there; lists are compared whole.
fn contains(live: &Value, want: &Value) -> bool {
    match (live, want) {
        (Value::Object(live), Value::Object(want)) => {
            want.iter().all(|(key, want)| live.get(key).is_some_and(|live| contains(live, want)))
        }
        (Value::Array(live), Value::Array(want)) => {
            live.len() == want.len() && live.iter().zip(want).all(|(live, want)| contains(live, want))
        }
        (live, want) => live == want,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(metadata: &Value, spec: &Value) -> Vec<Value> {
        let item = json!({"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": metadata,
            "spec": spec, "scopes": ["backend"]});
        vec![item]
    }

    fn spec(value: &str) -> Value {
        json!({"type": "pubsub.kafka", "version": "v1", "metadata": [{"name": "brokers", "value": value}]})
    }

    fn manifest(value: &str, digest: &str) -> Value {
        json!({"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"name": "pubsub",
            "labels": {labels::PROFILE: "sandbox", labels::DIGEST: digest}}, "spec": spec(value)})
    }

    #[test]
    fn only_the_same_content_with_the_same_labels_is_current() {
        let ours = json!({"name": "pubsub", "labels": {labels::PROFILE: "sandbox", labels::DIGEST: "d"}});
        let components = Components::of(&list(&ours, &spec("a:1"))).unwrap();
        let live = components.get(Kind::Component, "pubsub").unwrap();
        assert!(live.is(&manifest("a:1", "d")), "scopes that somebody added are no difference");
        assert!(!live.is(&manifest("b:1", "d")) && !live.is(&manifest("a:1", "e")));
        assert_eq!(components.of_profile("sandbox").count(), 1);
        let foreign = Components::of(&list(&json!({"name": "pubsub"}), &spec("a:1"))).unwrap();
        assert!(!foreign.get(Kind::Component, "pubsub").unwrap().is(&manifest("a:1", "d")));
        assert_eq!(foreign.of_profile("sandbox").count(), 0);
    }

    #[test]
    fn what_comes_back_has_its_content_and_no_label_that_it_did_not_have() {
        let foreign = json!({"name": "pubsub", "uid": "1", "resourceVersion": "7", "labels": {"app": "x"}});
        let components = Components::of(&list(&foreign, &spec("a:1"))).unwrap();
        assert_eq!(
            components.get(Kind::Component, "pubsub").unwrap().manifest("todo"),
            json!({"apiVersion": "dapr.io/v1alpha1", "kind": "Component",
                "metadata": {"name": "pubsub", "namespace": "todo", "labels": {}},
                "spec": spec("a:1"), "scopes": ["backend"]})
        );
    }

    #[test]
    fn an_odd_setting_hides_no_other_reference_to_a_secret() {
        let spec = json!({"metadata": [{"name": "a", "secretKeyRef": "odd"}, {"name": "b", "secretKeyRef": {"name": 5}},
            {"name": "c", "value": "x"}, {"name": "d", "secretKeyRef": {"name": "dapr-secrets-1", "key": "k"}}]});
        let components = Components::of(&list(&json!({"name": "pubsub"}), &spec)).unwrap();
        assert_eq!(components.get(Kind::Component, "pubsub").unwrap().secrets(), ["dapr-secrets-1"]);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_an_absence() {
        for bad in [json!({}), json!({"kind": "Pod", "metadata": {"name": "x"}})] {
            assert!(Components::of(&[bad]).is_err());
        }
        assert_eq!(Components::of(&[]).unwrap().iter().count(), 0);
    }
}
