//! Owns the judgement of a Dapr installation by what Kubernetes answers: CRDs, the kinds that are served, the injector.
//! Pure. An error says what is still missing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kubernetes::Object;
use crate::look::{Look, resource};

/// Container that the injector adds (dapr/dapr v1.18.1, `pkg/injector/patcher`).
pub(crate) const SIDECAR: &str = "daprd";

/// Whether CRDs are established, from those of them that there are.
pub fn established(names: &[String], crds: &[Value]) -> Result<(), String> {
    let crds: Vec<Object> = crds.iter().filter_map(Object::of).collect();
    if let Some(absent) = names.iter().find(|name| !crds.iter().any(|crd| crd.metadata.name == **name)) {
        return Err(format!("{absent} does not exist"));
    }
    let is_established = |name: &String| {
        crds.iter().any(|crd| crd.metadata.name == *name && crd.has_condition("Established", "True"))
    };
    missing(names, is_established, "is not established yet")
}

/// Whether the API server serves the resources of CRDs, from what it serves.
pub fn served(names: &[String], resources: &BTreeSet<String>) -> Result<(), String> {
    missing(names, |name| resources.contains(name), "is not served yet")
}

fn missing(names: &[String], holds: impl Fn(&String) -> bool, what: &str) -> Result<(), String> {
    match names.iter().find(|name| !holds(name)) {
        None => Ok(()),
        Some(name) => Err(format!("{name} {what}")),
    }
}

/// A pod that asks for a sidecar, to be sent and not made. It fits namespaces that enforce the strictest pod security.
pub fn probe(namespace: &str) -> Value {
    let secure = json!({"allowPrivilegeEscalation": false, "runAsNonRoot": true, "runAsUser": 65532,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": "todoctl-injector-probe", "namespace": namespace,
            "annotations": {"dapr.io/enabled": "true", "dapr.io/app-id": "todoctl-injector-probe"}},
        "spec": {"containers": [{"name": "app", "image": "todoctl.invalid/probe:1", "securityContext": secure}]}})
}

/// Where it is sent.
pub fn probed(namespace: &str) -> Look {
    Look::all(resource::PODS).within(namespace)
}

/// Whether the pod came back with a sidecar.
pub fn injected(pod: &Value) -> Result<(), String> {
    let pod = Object::of(pod).ok_or_else(|| "the probe's answer is no pod".to_owned())?;
    if pod.pod().has_container(SIDECAR) {
        return Ok(());
    }
    Err("the Dapr injector does not answer yet: a new pod would get no sidecar".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["components.dapr.io".into(), "subscriptions.dapr.io".into()]
    }

    fn crd(name: &str, established: &str) -> Value {
        json!({"kind": "CustomResourceDefinition", "metadata": {"name": name}, "status": {"conditions": [
            {"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": established}]}})
    }

    #[test]
    fn every_crd_must_be_established_and_served() {
        let list = |state: &str| [crd("components.dapr.io", "True"), crd("subscriptions.dapr.io", state)];
        assert_eq!(established(&names(), &list("True")), Ok(()));
        assert_eq!(
            established(&names(), &list("False")).unwrap_err(),
            "subscriptions.dapr.io is not established yet"
        );
        assert_eq!(
            established(&names(), &list("True")[..1]).unwrap_err(),
            "subscriptions.dapr.io does not exist"
        );
        let resources = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(served(&names(), &resources(&["components.dapr.io", "subscriptions.dapr.io"])), Ok(()));
        assert_eq!(
            served(&names(), &resources(&["components.dapr.io", "xsubscriptions.dapr.io"])).unwrap_err(),
            "subscriptions.dapr.io is not served yet"
        );
    }

    #[test]
    fn a_pod_without_a_sidecar_is_no_answer() {
        let pod = |names: &[&str]| {
            let containers: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
            json!({"kind": "Pod", "metadata": {}, "spec": {"containers": containers}})
        };
        assert_eq!(injected(&pod(&["app", "daprd"])), Ok(()));
        assert!(injected(&pod(&["app"])).is_err());
        assert!(injected(&json!("oops")).is_err());
        assert!(injected(&probe("todo")).is_err());
    }
}
