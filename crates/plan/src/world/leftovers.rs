//! Owns what stays in a cluster when releases are gone: volumes, Secrets, records, namespaces, CRDs, as they were read.
//! Refuses to guess: what was not read is not listed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kubernetes::Object;
use todoctl_core::labels;

/// Made by Kubernetes in every namespace; it goes with it.
const OF_KUBERNETES: [&str; 1] = ["kube-root-ca.crt"];

/// What the records of runs are called.
const RECORD: &str = "run record";
/// What the content that a run had of Dapr objects is called.
const CONTENT: &str = "component record";

/// One object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty for what belongs to the whole cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Namespace of the claim that a volume belongs to.
    claim: String,
    /// The release it was made for.
    pub release: String,
    /// Whether it is a version of a Secret.
    is_version: bool,
    /// Whether it belongs to the record of a run.
    is_record: bool,
}

/// What of them is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Namespaces whose releases are gone.
    pub namespaces: &'a [&'a str],
    /// Releases that are gone, when only what was made for them counts.
    pub releases: Option<&'a [&'a str]>,
    /// How the names of the CRDs end that the releases brought, such as `.dapr.io`.
    pub crds: Option<&'a str>,
}

/// Of the objects that were read.
pub fn of(objects: &[Value]) -> Vec<Leftover> {
    objects.iter().map(leftover).collect()
}

fn leftover(object: &Value) -> Leftover {
    let Object { kind, metadata, .. } = Object::of(object).unwrap_or_default();
    Leftover {
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
        claim: object["spec"]["claimRef"]["namespace"].as_str().unwrap_or_default().to_owned(),
        release: metadata.labels.text(labels::INSTANCE).unwrap_or_default().to_owned(),
        is_version: metadata.labels.text(labels::SECRET).is_some(),
        is_record: metadata.labels.text(labels::RUN).is_some(),
    }
}

/// Things of one sort in one namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sort {
    /// What they are called, in the singular.
    pub noun: &'static str,
    /// Their kind, as kubectl takes it.
    pub kind: &'static str,
    /// Their namespace; empty for what belongs to the whole cluster.
    pub namespace: String,
}

impl Sort {
    /// Whether they belong to the records of runs, which have a label.
    pub fn is_record(&self) -> bool {
        self.noun == RECORD || self.noun == CONTENT
    }
}

/// What of a list counts, by sort.
pub fn sorted(all: &[Leftover], scope: Scope<'_>) -> BTreeMap<Sort, Vec<String>> {
    let mut found: BTreeMap<Sort, Vec<String>> = BTreeMap::new();
    for one in all {
        if let Some((noun, kind)) = sort(one, scope) {
            let sort = Sort { noun, kind, namespace: one.namespace.clone() };
            found.entry(sort).or_default().push(one.name.clone());
        }
    }
    found
}

fn sort(one: &Leftover, scope: Scope<'_>) -> Option<(&'static str, &'static str)> {
    let inside = scope.namespaces.contains(&one.namespace.as_str());
    let of_release = scope.releases.is_none_or(|releases| releases.contains(&one.release.as_str()));
    let whole = scope.releases.is_none();
    match one.kind.as_str() {
        "Namespace" if whole && scope.namespaces.contains(&one.name.as_str()) => {
            Some(("namespace", "namespace"))
        }
        "CustomResourceDefinition" if scope.crds.is_some_and(|end| one.name.ends_with(end)) => {
            Some(("CRD", "crd"))
        }
        "PersistentVolume" if whole && scope.namespaces.contains(&one.claim.as_str()) => {
            Some(("volume", "pv"))
        }
        "PersistentVolumeClaim" if inside && of_release => Some(("volume claim", "pvc")),
        "Secret" | "ConfigMap" if !inside || !whole || OF_KUBERNETES.contains(&one.name.as_str()) => None,
        "Secret" if one.is_record => Some((CONTENT, "secret")),
        "Secret" if one.is_version => Some(("secret version", "secret")),
        "Secret" if one.name.starts_with("sh.helm.release.") => Some(("helm record", "secret")),
        "Secret" => Some(("foreign secret", "secret")),
        "ConfigMap" if one.is_record => Some((RECORD, "configmap")),
        "ConfigMap" => Some(("foreign config map", "configmap")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all() -> Vec<Leftover> {
        let object = |kind: &str, namespace: &str, name: &str, labels: Value| json!({"kind": kind, "metadata": {"namespace": namespace, "name": name, "labels": labels}});
        let mut volume = object("PersistentVolume", "", "pvc-1", json!({}));
        volume["spec"] = json!({"claimRef": {"namespace": "redpanda"}});
        of(&[
            object("Namespace", "", "todo", json!({})),
            object("Namespace", "", "default", json!({})),
            object(
                "PersistentVolumeClaim",
                "redpanda",
                "data-redpanda-0",
                json!({"app.kubernetes.io/instance": "redpanda"}),
            ),
            volume,
            object("Secret", "todo", "backend-secrets-1", json!({labels::SECRET: "backend-secrets"})),
            object("Secret", "todo", "neon-ca", json!({})),
            object("Secret", "other", "neon-ca", json!({})),
            object("ConfigMap", "todo", "kube-root-ca.crt", json!({})),
            object("ConfigMap", "todo", "todoctl-run-1", json!({labels::RUN: "1"})),
            object("CustomResourceDefinition", "", "components.dapr.io", json!({})),
            object("CustomResourceDefinition", "", "leaves.example.com", json!({})),
        ])
    }

    #[test]
    fn what_stays_is_sorted_and_what_others_have_elsewhere_is_not_listed() {
        let scope = Scope { namespaces: &["todo", "redpanda"], releases: None, crds: Some(".dapr.io") };
        let found = sorted(&all(), scope);
        let lines: Vec<String> = found
            .iter()
            .map(|(sort, names)| format!("{} {:?}: {}", sort.noun, sort.namespace, names.join(", ")))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        CRD "": components.dapr.io
        foreign secret "todo": neon-ca
        namespace "": todo
        run record "todo": todoctl-run-1
        secret version "todo": backend-secrets-1
        volume "": pvc-1
        volume claim "redpanda": data-redpanda-0
        "#);
    }

    #[test]
    fn after_an_undo_only_what_was_made_for_its_releases_counts() {
        let scope = Scope { namespaces: &["todo", "redpanda"], releases: Some(&["redpanda"]), crds: None };
        let found = sorted(&all(), scope);
        let names: Vec<&String> = found.values().flatten().collect();
        assert_eq!(names, ["data-redpanda-0"]);
    }
}
