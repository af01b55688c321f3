//! Owns the judgement of a Dapr installation by what Kubernetes answers: CRDs, the kinds that are served, the injector.
//! Pure. An error says what is still missing.

use serde_json::{Value, json};

use crate::kubernetes::{self, Object};

/// Container that the injector adds (dapr/dapr v1.18.1, `pkg/injector/patcher`).
const SIDECAR: &str = "daprd";

/// Whether CRDs are established, from a list of them.
pub fn established(names: &[String], json: &[u8]) -> Result<(), String> {
    let crds: Vec<Object> = kubernetes::list(json)?.iter().filter_map(Object::of).collect();
    let is_established = |name: &String| {
        crds.iter().any(|crd| crd.metadata.name == *name && crd.has_condition("Established", "True"))
    };
    missing(names, is_established, "is not established yet")
}

/// Whether the API server serves the kinds of CRDs, from the names of everything it serves, one in a line.
pub fn served(names: &[String], text: &str) -> Result<(), String> {
    missing(names, |name| text.lines().any(|line| line.trim() == name.as_str()), "is not served yet")
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

/// Whether the pod came back with a sidecar.
pub fn injected(json: &[u8]) -> Result<(), String> {
    let pod: Object =
        serde_json::from_slice(json).map_err(|_| "the probe's answer is not readable".to_owned())?;
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
        let list = |state: &str| {
            let items = [crd("components.dapr.io", "True"), crd("subscriptions.dapr.io", state)];
            json!({"kind": "List", "items": items}).to_string()
        };
        assert_eq!(established(&names(), list("True").as_bytes()), Ok(()));
        assert_eq!(
            established(&names(), list("False").as_bytes()).unwrap_err(),
            "subscriptions.dapr.io is not established yet"
        );
        assert_eq!(
            established(&names()[..1], crd("components.dapr.io", "True").to_string().as_bytes()),
            Ok(())
        );
        assert!(established(&names(), b"{}").is_err());
        assert_eq!(served(&names(), "components.dapr.io\nsubscriptions.dapr.io\n"), Ok(()));
        assert_eq!(
            served(&names(), "components.dapr.io\nxsubscriptions.dapr.io\n").unwrap_err(),
            "subscriptions.dapr.io is not served yet"
        );
    }

    #[test]
    fn a_pod_without_a_sidecar_is_no_answer() {
        let pod = |names: &[&str]| {
            let containers: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
            json!({"kind": "Pod", "metadata": {}, "spec": {"containers": containers}}).to_string()
        };
        assert_eq!(injected(pod(&["app", "daprd"]).as_bytes()), Ok(()));
        assert!(injected(pod(&["app"]).as_bytes()).is_err());
        assert!(injected(b"oops").is_err());
        assert!(injected(probe("todo").to_string().as_bytes()).is_err());
    }
}
