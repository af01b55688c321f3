//! Owns what is known of the Dapr objects in the application's namespace: their content, and who made them.
//! Refuses to know what they should be (`dapr`), and to print their content: somebody else's may hold a password.

use serde_json::{Map, Value, json};

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
    labels: Map<String, Value>,
    /// The container that serves it, as its annotation says.
    container: Option<String>,
}

impl Components {
    /// Reads the list that `Kubectl::objects` gives for the kinds of `dapr::Kind`.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(json)
            .map_err(|_| "the list of Dapr objects is not readable".to_owned())?;
        let items = value["items"].as_array().ok_or("the list of Dapr objects has no items")?;
        let objects = items.iter().map(LiveObject::read).collect::<Result<_, _>>()?;
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
        let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
        let (Some(kind), Some(name), Some(all)) =
            (text("/kind").and_then(Kind::parse), text("/metadata/name"), item.as_object())
        else {
            return Err("not a Dapr object in the list of Dapr objects".to_owned());
        };
        let mut content = all.clone();
        content.retain(|key, _| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status"));
        let labels = item.pointer("/metadata/labels").and_then(Value::as_object).cloned().unwrap_or_default();
        let container = item.pointer("/metadata/annotations").and_then(|all| all.get(CONTAINER)?.as_str());
        Ok(Self { kind, name: name.to_owned(), content, labels, container: container.map(str::to_owned) })
    }

    fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).and_then(Value::as_str)
    }

    /// The profile that made it; `None` when somebody else did.
    pub fn owner(&self) -> Option<&str> {
        self.label(labels::PROFILE)
    }

    /// Digest of the content that todoctl gave it last; `None` when somebody else made it.
    pub fn digest(&self) -> Option<&str> {
        self.label(labels::DIGEST)
    }

    /// Whether it is what a manifest asks for. What the server or somebody else added to it is left alone: an apply would
    /// not take it away either. A field that left the manifest shows in the digest.
    pub fn is(&self, manifest: &Value) -> bool {
        let label = |name: &str| manifest.pointer("/metadata/labels")?.get(name)?.as_str();
        let fields = manifest.as_object().into_iter().flatten();
        let mut content =
            fields.filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"));
        let container =
            manifest.pointer("/metadata/annotations").and_then(|all| all.get(CONTAINER)?.as_str());
        self.digest() == label(labels::DIGEST)
            && self.owner() == label(labels::PROFILE)
            && self.container.as_deref() == container
            && content.all(|(key, want)| self.content.get(key).is_some_and(|live| contains(live, want)))
    }

    /// The manifest that gives it back its content, and takes away todoctl's labels when they were not there.
    pub fn manifest(&self, namespace: &str) -> Value {
        let ours =
            self.labels.iter().filter(|(name, _)| [labels::PROFILE, labels::DIGEST].contains(&name.as_str()));
        let labels: Map<String, Value> = ours.map(|(name, value)| (name.clone(), value.clone())).collect();
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
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        secrets_of(&self.content)
    }
}

/// Names of the Secrets that an object refers to.
pub fn secrets_of(object: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let entries = object.get("spec").and_then(|spec| spec.get("metadata")?.as_array());
    entries.into_iter().flatten().filter_map(|entry| entry.pointer("/secretKeyRef/name")?.as_str())
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

    fn list(metadata: &Value, spec: &Value) -> Vec<u8> {
        let item = json!({"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": metadata,
            "spec": spec, "scopes": ["backend"]});
        json!({"kind": "List", "items": [item]}).to_string().into_bytes()
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
        let components = Components::parse(&list(&ours, &spec("a:1"))).unwrap();
        let live = components.get(Kind::Component, "pubsub").unwrap();
        assert!(live.is(&manifest("a:1", "d")), "scopes that somebody added are no difference");
        assert!(!live.is(&manifest("b:1", "d")) && !live.is(&manifest("a:1", "e")));
        assert_eq!(components.of_profile("sandbox").count(), 1);
        let foreign = Components::parse(&list(&json!({"name": "pubsub"}), &spec("a:1"))).unwrap();
        assert!(!foreign.get(Kind::Component, "pubsub").unwrap().is(&manifest("a:1", "d")));
        assert_eq!(foreign.of_profile("sandbox").count(), 0);
    }

    #[test]
    fn what_comes_back_has_its_content_and_no_label_that_it_did_not_have() {
        let foreign = json!({"name": "pubsub", "uid": "1", "resourceVersion": "7", "labels": {"app": "x"}});
        let components = Components::parse(&list(&foreign, &spec("a:1"))).unwrap();
        assert_eq!(
            components.get(Kind::Component, "pubsub").unwrap().manifest("todo"),
            json!({"apiVersion": "dapr.io/v1alpha1", "kind": "Component",
                "metadata": {"name": "pubsub", "namespace": "todo", "labels": {}},
                "spec": spec("a:1"), "scopes": ["backend"]})
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_an_absence() {
        for bad in [&b"oops"[..], b"{}", br#"{"items": [{"kind": "Pod", "metadata": {"name": "x"}}]}"#] {
            assert!(Components::parse(bad).is_err());
        }
        assert_eq!(Components::parse(br#"{"items": []}"#).unwrap().iter().count(), 0);
    }
}
