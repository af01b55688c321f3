//! Owns reading a rendered manifest: its objects, and which workloads it asks for.
//! Refuses to quote it: a manifest may hold Secrets.

use serde::Deserialize;
use serde_json::Value;

use crate::kubernetes::Object;
use crate::resources::is_hook;
use todoctl_core::workload::{Workload, WorkloadKind};

/// The workloads of a manifest, which is a row of YAML documents; sorted.
pub fn workloads(manifest: &str, default_namespace: &str) -> Result<Vec<Workload>, String> {
    Ok(workloads_of(&objects(manifest)?, default_namespace))
}

/// The workloads among objects; sorted.
pub fn workloads_of(objects: &[Value], default_namespace: &str) -> Vec<Workload> {
    let mut found: Vec<Workload> =
        objects.iter().filter_map(|object| workload(&Object::of(object)?, default_namespace)).collect();
    found.sort();
    found
}

/// Every object of a manifest, in its order. Sensitive: it may hold Secrets.
pub fn objects(manifest: &str) -> Result<Vec<Value>, String> {
    let documents = serde_yaml::Deserializer::from_str(manifest);
    // The parser's own message could quote a Secret's line.
    let objects = documents.map(|document| {
        Value::deserialize(document).map_err(|_| "the rendered manifest is not readable YAML".to_owned())
    });
    objects.filter(|object| !matches!(object, Ok(Value::Null))).collect()
}

/// What helm leaves when it takes these objects away: those of hooks, unless they are removed however they end, and those
/// that ask for it (helm `pkg/action/hooks.go`, `resource_policy.go`).
pub fn kept(objects: &[Value]) -> Vec<String> {
    let is_kept = |object: &Object| {
        let annotations = &object.metadata.annotations;
        let goes = |when: &str| annotations.words("helm.sh/hook-delete-policy").any(|one| one == when);
        let stays = !(goes("hook-succeeded") && goes("hook-failed"));
        (is_hook(object) && stays)
            || annotations.text("helm.sh/resource-policy").map(str::trim) == Some("keep")
    };
    let objects = objects.iter().filter_map(Object::of).filter(is_kept);
    objects.map(|object| format!("{} {}", object.kind, object.metadata.name)).collect()
}

/// One object as a workload, if it is one.
pub fn workload(object: &Object, default_namespace: &str) -> Option<Workload> {
    let kind = match object.kind.as_str() {
        "Deployment" => WorkloadKind::Deployment,
        "StatefulSet" => WorkloadKind::StatefulSet,
        _ => return None,
    };
    let containers = object.pod().all_containers().filter(|one| !one.image.is_empty());
    (!object.metadata.name.is_empty()).then(|| Workload {
        kind,
        namespace: object.metadata.namespace_or(default_namespace).to_owned(),
        name: object.metadata.name.clone(),
        replicas: u32::try_from(object.replicas()).unwrap_or(u32::MAX),
        images: containers.map(|one| one.image.clone()).collect(),
    })
}

/// A short hash of what workloads ask for, for a label: 16 hex digits.
pub fn fingerprint(workloads: &[Workload]) -> String {
    let mut sorted: Vec<&Workload> = workloads.iter().collect();
    sorted.sort();
    let text = serde_json::to_vec(&sorted).unwrap_or_default();
    todoctl_project::digest::combine(&[("workloads", &text)])[..16].to_owned()
}

/// How what is live differs from what is wanted, one line per difference.
pub fn differences(wanted: &[Workload], live: &[Workload]) -> Vec<String> {
    let mut lines = Vec::new();
    for want in wanted {
        let name = format!("{} {}", want.kind, want.name);
        match live
            .iter()
            .find(|one| (one.kind, &one.namespace, &one.name) == (want.kind, &want.namespace, &want.name))
        {
            None => lines.push(format!("{name} does not exist")),
            Some(one) => {
                if one.replicas != want.replicas {
                    lines.push(format!("{name} has {} replicas instead of {}", one.replicas, want.replicas));
                }
                if one.images != want.images {
                    lines.push(format!(
                        "{name} runs {} instead of {}",
                        one.images.join(", "),
                        want.images.join(", ")
                    ));
                }
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helm_keeps_is_known() {
        let object = |kind: &str, annotations: &str| {
            format!("kind: {kind}\nmetadata: {{name: a, annotations: {{{annotations}}}}}\n---\n")
        };
        let hook = "helm.sh/hook: 'pre-install, pre-upgrade'";
        let text = [
            object("Job", hook),
            object("Pod", &format!("{hook}, helm.sh/hook-delete-policy: hook-succeeded")),
            object("Role", &format!("{hook}, helm.sh/hook-delete-policy: 'hook-succeeded,hook-failed'")),
            object("ConfigMap", "helm.sh/hook: test"),
            object("Secret", "helm.sh/resource-policy: keep"),
            object("Deployment", ""),
        ];
        assert_eq!(kept(&objects(&text.concat()).unwrap()), ["Job a", "Pod a", "Secret a"]);
    }

    const MANIFEST: &str = "
---
# Source: backend/templates/service.yaml
apiVersion: v1
kind: Service
metadata: {name: backend-service}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: backend-deployment}
spec:
  replicas: 2
  template: {spec: {initContainers: [{name: i, image: init:1}], containers: [{name: a, image: app:1}]}}
";

    #[test]
    fn only_workloads_are_kept() {
        let found = workloads(MANIFEST, "todo").unwrap();
        assert_eq!(
            found,
            [Workload {
                kind: WorkloadKind::Deployment,
                namespace: "todo".into(),
                name: "backend-deployment".into(),
                replicas: 2,
                images: vec!["init:1".into(), "app:1".into()],
            }]
        );
        assert!(workloads("", "todo").unwrap().is_empty());
    }

    #[test]
    fn a_broken_manifest_is_not_quoted() {
        assert_eq!(
            workloads("a: [CANARY\nb: }", "todo").unwrap_err(),
            "the rendered manifest is not readable YAML"
        );
    }

    #[test]
    fn scaling_and_another_image_are_named() {
        let wanted = workloads(MANIFEST, "todo").unwrap();
        let mut live = wanted.clone();
        assert_eq!(differences(&wanted, &live), Vec::<String>::new());
        live[0].replicas = 0;
        live[0].images[1] = "app:2".into();
        insta::assert_debug_snapshot!(differences(&wanted, &live), @r#"
        [
            "deployment backend-deployment has 0 replicas instead of 2",
            "deployment backend-deployment runs init:1, app:2 instead of init:1, app:1",
        ]
        "#);
        assert_ne!(fingerprint(&wanted), fingerprint(&live));
        assert_eq!(differences(&wanted, &[]), ["deployment backend-deployment does not exist"]);
    }
}
