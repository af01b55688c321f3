//! Owns what the user must be allowed to do for `up`: from the profile, and from what the charts render to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::doctor::{Area, Finding};
use todoctl_core::text;
use todoctl_plan::kubernetes::Object;
use todoctl_plan::look::Right;
use todoctl_project::dapr;
use todoctl_project::profile::{HttpCheck, Method, Profile};

/// Kinds of the charts that belong to no namespace.
const CLUSTER_WIDE: [&str; 10] = [
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "StorageClass",
    "ValidatingWebhookConfiguration",
];
/// What only the evidence of a failure needs.
const EVIDENCE: [&str; 2] = ["events", "pods/log"];
/// What helm does with the objects of a chart.
const APPLY: [&str; 4] = ["get", "create", "patch", "delete"];

/// The objects of each release's chart, with its namespace; a release that does not render is absent.
pub type Charts = BTreeMap<String, (String, Vec<Value>)>;

/// Everything that `up` must be allowed to do; what may be hidden from it (0027) is not asked for. `exists` says whether
/// a namespace is there, so that it need not be made.
pub fn wanted(profile: &Profile, charts: &Charts, exists: &dyn Fn(&str) -> bool) -> Vec<Right> {
    let app = profile.namespace.as_str();
    let namespaces = profile.namespaces();
    // Several namespaces are read at once, in all of them.
    let read = if namespaces.len() > 1 { "" } else { app };
    let mut all = Rights::default();
    if !namespaces.iter().all(|namespace| exists(namespace)) {
        all.add("", "", "namespaces", &["create", "patch"]);
    }
    all.add(read, "", "secrets", &["list"]);
    all.add(read, "", "pods", &["list"]);
    all.add(read, "apps", "deployments", &["list"]);
    all.add(read, "apps", "replicasets", &["list"]);
    all.add(read, "apps", "statefulsets", &["list"]);
    all.add(read, "coordination.k8s.io", "leases", &["list"]);
    all.add(app, "coordination.k8s.io", "leases", &["create", "get", "patch", "delete"]);
    all.add(app, "", "secrets", &["create", "patch", "delete"]);
    all.add(app, "", "configmaps", &["list", "create", "patch", "delete"]);
    for namespace in &namespaces {
        // helm keeps its records in Secrets, and todoctl marks them.
        all.add(namespace, "", "secrets", &["get", "create", "update", "patch", "delete"]);
        // What is waited for is followed.
        all.add(namespace, "", "pods", &["list", "watch", "delete"]);
        all.add(namespace, "apps", "deployments", &["get", "list", "watch"]);
        all.add(namespace, "apps", "replicasets", &["list", "watch"]);
        all.add(namespace, "apps", "statefulsets", &["get", "list", "watch"]);
        // By whoever may not see all of them.
        all.add(namespace, "", "namespaces", &["get"]);
        all.add(namespace, "", "pods/log", &["get"]);
        all.add(namespace, "", "events", &["list"]);
    }
    for check in &profile.checks {
        all.add_check(check, profile);
    }
    if profile.dapr.is_some() {
        all.add("", "apiextensions.k8s.io", "customresourcedefinitions", &["get", "create", "patch"]);
        all.add(app, "", "pods", &["create"]);
        for kind in dapr::Kind::ALL {
            if let Some((resource, group)) = kind.resource().split_once('.') {
                all.add(app, group, resource, &["list", "create", "patch", "delete"]);
            }
        }
    }
    for (namespace, objects) in charts.values() {
        for object in objects {
            all.add_object(object, namespace);
        }
    }
    all.0.into_iter().collect()
}

#[derive(Default)]
struct Rights(BTreeSet<Right>);

impl Rights {
    fn add(&mut self, namespace: &str, group: &str, resource: &str, verbs: &[&'static str]) {
        for &verb in verbs {
            self.0.insert(Right {
                namespace: namespace.to_owned(),
                group: group.to_owned(),
                resource: resource.to_owned(),
                verb,
            });
        }
    }

    /// Requests go through the API server's service proxy, where a method is a verb.
    fn add_check(&mut self, check: &HttpCheck, profile: &Profile) {
        let place = |release: &str| {
            let named = profile.releases.get(release);
            named.map_or(profile.namespace.as_str(), |release| profile.namespace_of(release))
        };
        let methods = check.cleanup.iter().map(|cleanup| cleanup.method).chain([check.method]);
        for method in methods {
            let verb = match method {
                Method::Get => "get",
                Method::Post => "create",
                Method::Put => "update",
                Method::Delete => "delete",
            };
            self.add(place(&check.release), "", "services/proxy", &[verb]);
        }
        for expected in &check.expect {
            self.add(place(&expected.release), "", "services/proxy", &["get"]);
        }
    }

    fn add_object(&mut self, object: &Value, namespace: &str) {
        let Some(Object { kind, api_version, metadata, .. }) = Object::of(object) else { return };
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let place = if CLUSTER_WIDE.contains(&kind.as_str()) { "" } else { metadata.namespace_or(namespace) };
        self.add(place, group, &plural(&kind), &APPLY);
    }
}

/// The resource of a kind, as Kubernetes forms it (apimachinery `meta.UnsafeGuessKindToResource`).
fn plural(kind: &str) -> String {
    let word = kind.to_ascii_lowercase();
    match word.as_bytes() {
        _ if word == "endpoints" => word,
        [.., b's'] => format!("{word}es"),
        [.., b'y'] => format!("{}ies", &word[..word.len() - 1]),
        _ => format!("{word}s"),
    }
}

/// Judges the answers: one finding for each namespace, with what is refused there.
pub fn judge(wanted: &[Right], refused: &[&Right]) -> Vec<Finding> {
    let places: BTreeSet<&str> = wanted.iter().map(|right| right.namespace.as_str()).collect();
    places.into_iter().map(|place| of_namespace(place, wanted, refused)).collect()
}

fn of_namespace(place: &str, wanted: &[Right], refused: &[&Right]) -> Finding {
    let what = if place.is_empty() { "the whole cluster".to_owned() } else { format!("namespace {place}") };
    let mut verbs: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let here: Vec<&Right> = refused.iter().copied().filter(|right| right.namespace == place).collect();
    for right in &here {
        let dot = if right.group.is_empty() { "" } else { "." };
        verbs.entry(format!("{}{dot}{}", right.resource, right.group)).or_default().push(right.verb);
    }
    if verbs.is_empty() {
        let count = wanted.iter().filter(|right| right.namespace == place).count();
        let verb = if count == 1 { "is" } else { "are" };
        let told = format!("{} that up does there {verb} allowed", text::count(count, "thing"));
        return Finding::ok(Area::Access, what, told);
    }
    let told: Vec<String> =
        verbs.iter().map(|(resource, verbs)| format!("{} {resource}", verbs.join(", "))).collect();
    let scope = if place.is_empty() { String::new() } else { format!(" -n {place}") };
    let first = verbs.iter().next().map(|(resource, verbs)| format!("{} {resource}", verbs[0]));
    let fix = format!(
        "ask the cluster's administrator for these rights; to see it: kubectl auth can-i {}{scope}",
        first.unwrap_or_default()
    );
    let evidence = format!("not allowed: {}", told.join("; "));
    if here.iter().any(|right| !EVIDENCE.contains(&right.resource.as_str())) {
        Finding::failed(Area::Access, what, evidence, fix)
    } else {
        let evidence = format!("{evidence}; up works, and shows less of why something failed");
        Finding::warning(Area::Access, what, evidence, fix)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile() -> Profile {
        serde_json::from_value(json!({"cluster": {"sandbox": {}}, "namespace": "todo", "releases": {
            "backend": {"chart": "c", "order": 6}}}))
        .unwrap()
    }

    #[test]
    fn what_charts_make_is_asked_for_in_its_place() {
        let objects = vec![
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n"}}),
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i"}}),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "c"}}),
        ];
        let all = wanted(
            &profile(),
            &Charts::from([("backend".to_owned(), ("todo".to_owned(), objects))]),
            &|_| true,
        );
        let has = |namespace: &str, group: &str, resource: &str, verb| {
            let right =
                Right { namespace: namespace.into(), group: group.into(), resource: resource.into(), verb };
            all.contains(&right)
        };
        assert!(has("todo", "networking.k8s.io", "networkpolicies", "patch"));
        assert!(has("todo", "networking.k8s.io", "ingresses", "delete"));
        assert!(has("", "rbac.authorization.k8s.io", "clusterroles", "create"));
        assert!(has("todo", "", "secrets", "list") && !has("", "", "secrets", "list"));
        assert!(!has("todo", "", "services/proxy", "get"), "there are no checks");
        assert!(!has("", "", "namespaces", "create"), "they are there");
        assert!(has("todo", "", "namespaces", "get") && has("todo", "networking.k8s.io", "ingresses", "get"));
    }

    #[test]
    fn refusals_are_told_by_namespace() {
        let all = wanted(&profile(), &Charts::new(), &|_| false);
        let refused: Vec<&Right> =
            all.iter().filter(|right| right.resource == "leases" && right.verb != "list").collect();
        let mut found = judge(&all, &refused);
        let evidence: Vec<&Right> = all.iter().filter(|right| right.resource == "events").collect();
        found.extend(judge(&all, &evidence));
        insta::assert_snapshot!(crate::doctor::told(&found), @r#"
        ok the whole cluster: 2 things that up does there are allowed
        failed namespace todo: not allowed: create, delete, get, patch leases.coordination.k8s.io | ask the cluster's administrator for these rights; to see it: kubectl auth can-i create leases.coordination.k8s.io -n todo
        ok the whole cluster: 2 things that up does there are allowed
        warning namespace todo: not allowed: list events; up works, and shows less of why something failed | ask the cluster's administrator for these rights; to see it: kubectl auth can-i list events -n todo
        "#);
    }
}
