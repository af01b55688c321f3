//! Owns the parts of Kubernetes objects that are read, as types with the names of Kubernetes' API.
//! Refuses to judge them, and to keep what nobody looks at: a manifest may hold Secrets.
//!
//! One form for all kinds: a field that a kind does not have is empty. A manifest comes from a chart that anybody wrote:
//! a value of another type than the API's counts as absent, since it is the API server that refuses it.

mod fields;
mod pod;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub use fields::{Condition, Labels, Metadata, Owner, Quantities, Requirements, Selector};
pub use pod::{Container, ContainerState, ContainerStatus, PodSpec, Taint, Template, Toleration};

use fields::{lenient, read};
use pod::{Address, NodeInfo};

/// Any object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Group and version.
    pub api_version: String,
    /// Kind, such as `Pod`.
    pub kind: String,
    /// Names, labels, owners.
    pub metadata: Metadata,
    /// What is asked for.
    pub spec: Spec,
    /// What is so.
    pub status: Status,
}

read! {
    /// What objects ask for.
    Spec {
        /// Of a Service; of a Dapr component.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// Of a workload; the API server makes 1 of none.
        replicas: Option<u64>,
        /// Of a Job; of a `CronJob` that of its jobs.
        parallelism: Option<u64>,
        /// Of a Node.
        unschedulable: bool,
        /// Of a Lease.
        holder_identity: Option<String>,
        /// Of a Lease.
        lease_duration_seconds: Option<u32>,
        /// Of a Lease: RFC 3339.
        renew_time: Option<String>,
        /// How a workload knows its pods.
        selector: Selector,
        /// The pods: of a workload, of a `CronJob`'s jobs; of a Pod itself.
        template: Template,
        /// Of a `StatefulSet`.
        volume_claim_templates: Vec<Claim>,
        /// Of a claim.
        resources: Requirements,
        /// Of a Node.
        taints: Vec<Taint>,
    }
    /// What is so of objects.
    Status {
        /// Of a workload: the generation that its controller has seen.
        observed_generation: i64,
        /// Of a workload.
        replicas: i64,
        /// Of a workload.
        updated_replicas: i64,
        /// Of a workload.
        available_replicas: i64,
        /// Of a workload.
        ready_replicas: i64,
        /// Of a `StatefulSet`.
        update_revision: String,
        /// Of a `StatefulSet`.
        current_revision: String,
        /// Of a Pod.
        phase: String,
        /// Of a Node: what it can give to pods.
        allocatable: Quantities,
        /// Of most kinds.
        conditions: Vec<Condition>,
        /// Of a Pod.
        init_container_statuses: Vec<ContainerStatus>,
        /// Of a Pod.
        container_statuses: Vec<ContainerStatus>,
        /// Of a Node.
        addresses: Vec<Address>,
        /// Of a Node.
        node_info: NodeInfo,
    }
    /// A claim that a `StatefulSet` makes for each of its pods.
    Claim {
        /// Its name.
        metadata: Metadata,
        /// What is asked for.
        spec: Spec,
    }
    /// Something that happened to an object.
    Event {
        /// `Normal` or `Warning`.
        #[serde(rename = "type")]
        kind: String,
        /// In one word.
        reason: String,
        /// In a sentence.
        message: String,
        /// How often.
        count: Option<u64>,
        /// RFC 3339.
        last_timestamp: String,
        /// RFC 3339, of an event that has no other time.
        event_time: String,
        /// Set of one that goes on.
        series: EventSeries,
        /// What it happened to.
        involved_object: Metadata,
    }
    /// An event that goes on.
    EventSeries {
        /// How often.
        count: Option<u64>,
        /// RFC 3339.
        last_observed_time: String,
    }
    /// The spec of a Dapr component.
    ComponentSpec {
        /// Its settings.
        metadata: Vec<ComponentEntry>,
    }
    /// A setting of a Dapr component.
    ComponentEntry {
        /// The Secret that holds its value, when one does.
        secret_key_ref: SecretKeyRef,
    }
    /// A key of a Secret.
    SecretKeyRef {
        /// Name of the Secret; empty where there is none.
        name: String,
    }
    /// What a `CronJob` makes.
    JobTemplate {
        /// The jobs.
        spec: Spec,
    }
    /// What a `CronJob` asks for.
    CronJobSpec {
        /// What it makes.
        job_template: JobTemplate,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default, deserialize_with = "lenient")]
    api_version: String,
    kind: String,
    metadata: Metadata,
    #[serde(default)]
    spec: Value,
    #[serde(default, deserialize_with = "lenient")]
    status: Status,
}

impl<'de> Deserialize<'de> for Object {
    /// An object without kind or metadata is none.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Raw { api_version, kind, metadata, spec, status } = Raw::deserialize(deserializer)?;
        let spec = match kind.as_str() {
            "Pod" => {
                let spec = lenient(spec).unwrap_or_default();
                Spec { template: Template { metadata: metadata.clone(), spec }, ..Spec::default() }
            }
            "CronJob" => CronJobSpec::deserialize(spec).unwrap_or_default().job_template.spec,
            _ => lenient(spec).unwrap_or_default(),
        };
        Ok(Self { api_version, kind, metadata, spec, status })
    }
}

impl Object {
    /// Reads an object; `None` when it is none.
    pub fn of(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }

    /// What its pods are made of; of a Pod what it is made of itself.
    pub fn pod(&self) -> &PodSpec {
        &self.spec.template.spec
    }

    /// What is so of a Pod's containers, of those that start first first.
    pub fn container_statuses(&self) -> impl Iterator<Item = &ContainerStatus> {
        self.status.init_container_statuses.iter().chain(&self.status.container_statuses)
    }

    /// Replicas that it asks for, with the API server's default.
    pub fn replicas(&self) -> u64 {
        self.spec.replicas.unwrap_or(1)
    }

    /// Whether it is owned by the object with this id.
    pub fn is_owned_by(&self, uid: &str) -> bool {
        self.metadata.owner_references.iter().any(|owner| owner.uid == uid)
    }

    /// Whether it is being deleted.
    pub fn is_going(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// Whether it has a condition of this type with this status.
    pub fn has_condition(&self, kind: &str, status: &str) -> bool {
        self.status.conditions.iter().any(|one| one.is(kind, status))
    }
}

impl Event {
    /// When it was seen last, RFC 3339: writers fill one field or the other (kubernetes `pkg/printers/internalversion`).
    pub fn when(&self) -> &str {
        let times = [&self.series.last_observed_time, &self.last_timestamp, &self.event_time];
        times.into_iter().find(|time| !time.is_empty()).map_or("", String::as_str)
    }

    /// How often it was seen.
    pub fn times(&self) -> u64 {
        self.series.count.or(self.count).unwrap_or(1)
    }
}

/// The objects that kubectl printed: the items of a list, or a single one. Neither is an error, never an absence.
pub fn list(json: &[u8]) -> Result<Vec<Value>, String> {
    let mut value: Value =
        serde_json::from_slice(json).map_err(|error| format!("kubectl's list is not readable: {error}"))?;
    match value.get_mut("items").map(Value::take) {
        None if value["kind"].is_string() => Ok(vec![value]),
        Some(Value::Array(items)) => Ok(items),
        None
        | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err("kubectl's list has no items".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_another_type_counts_as_absent() {
        let object = json!({"kind": "Deployment",
            "metadata": {"name": "web", "labels": null, "annotations": {"a": "b", "number": 1}},
            "spec": {"replicas": "2", "selector": null, "template": {"spec": {"containers": [{"name": 5, "image": "a:1"}]}}},
            "status": null});
        let object = Object::of(&object).unwrap();
        assert_eq!((object.spec.replicas, object.replicas()), (None, 1));
        assert_eq!(
            object.metadata.annotations.iter().collect::<Vec<_>>(),
            [(&"a".to_owned(), &"b".to_owned())]
        );
        assert_eq!(
            (object.pod().containers[0].name.as_str(), object.pod().containers[0].image.as_str()),
            ("", "a:1")
        );
        let pod = json!({"kind": "Pod", "metadata": {}, "spec": {"nodeName": "a", "tolerations": {}, "containers": [{"resources": []}]}});
        let pod = Object::of(&pod).unwrap();
        assert_eq!(
            (pod.pod().node_name.as_str(), pod.pod().containers.len()),
            ("a", 1),
            "the rest of it is read"
        );
        assert!(
            Object::of(&json!({"kind": "Pod"})).is_none() && Object::of(&json!({"metadata": {}})).is_none()
        );
    }

    #[test]
    fn every_kind_that_makes_pods_has_them_in_one_place() {
        let pod = json!({"containers": [{"name": "app"}]});
        let template = json!({"spec": pod});
        for (kind, spec) in [
            ("Pod", pod.clone()),
            ("StatefulSet", json!({"template": template})),
            ("CronJob", json!({"jobTemplate": {"spec": {"template": template}}})),
        ] {
            let object = Object::of(&json!({"kind": kind, "metadata": {"name": "x"}, "spec": spec})).unwrap();
            assert_eq!(object.pod().containers[0].name, "app", "{kind}");
        }
    }

    #[test]
    fn a_list_and_a_single_object_are_told_apart() {
        assert_eq!(list(br#"{"items": [1, 2]}"#).unwrap().len(), 2);
        assert_eq!(list(br#"{"kind": "Pod"}"#).unwrap().len(), 1);
        for neither in [&br#"{"items": {}}"#[..], b"{}", b"[]", b"1"] {
            assert_eq!(list(neither).unwrap_err(), "kubectl's list has no items");
        }
        assert!(list(b"oops").unwrap_err().starts_with("kubectl's list is not readable"));
    }
}
