//! Two profiles that may differ as they do, and five differences planted in one of them.

use serde_json::json;
use tempfile::TempDir;

use super::*;
use todoctl_project::dapr;
use todoctl_project::profile::load_written;

const LOCAL: &str = "\
cluster: {sandbox: {}}
images: {backend: {repository: local/backend, context: app}}
secrets:
  values: {url: {env: URL}, brokers: {env: BROKERS, optional: true}}
  sets: {data: {url: url}}
dapr: {release: dapr, components: [dapr/pubsub.yaml, dapr/store.yaml]}
releases:
  dapr: {order: 4, chart: charts/x, namespace: dapr-system}
  broker: {order: 4, chart: charts/x}
  backend: {order: 6, chart: charts/x, image: backend, sidecar: true, needs: [broker]}
  audit: {order: 7, chart: charts/x, sidecar: true, needs: [backend]}
checks: [{name: ready, release: backend, service: backend, port: http, path: /ready}]
url: http://{node}
";

const CLOUD: &str = "\
extends: local
confirm: name
cluster: {sandbox: {name: other}}
images: {backend: {repository: registry.example/team/backend}}
secrets: {values: {url: {env: CLOUD_URL}}, sets: {events: {brokers: brokers}}}
dapr: {components: [dapr/store.yaml, dapr/pubsub-cloud.yaml]}
releases:
  broker: null
  backend: {values: [values.yaml], ready-seconds: 600}
url: null
parity: {releases.broker: it is outside}
";

const PUBSUB: &str = "\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: pubsub}
spec: {type: pubsub.kafka, version: v1, metadata: [{name: brokers, value: 'broker:9093'}, {name: authType, value: none}]}
scopes: [backend, audit]
";

const STORE: &str = "\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: store}
spec: {type: state.in-memory, version: v1, metadata: []}
scopes: [audit]
";

/// A component of a type of the project's own, which a container serves.
fn own(kind: &str) -> String {
    let container = r#"'{"name": "own", "image": "own"}'"#;
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {kind}, annotations: \
         {{dapr.io/component-container: {container}}}}}\nspec: {{type: {kind}.own, version: v1, metadata: []}}\n\
         scopes: [backend, audit]\n"
    )
}

fn project(cloud: &str, store: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let secret = "{name: brokers, secretKeyRef: {name: events, key: brokers}}";
    write("dapr/pubsub.yaml", PUBSUB);
    write("dapr/pubsub-cloud.yaml", &PUBSUB.replace("{name: brokers, value: 'broker:9093'}", secret));
    write("dapr/pubsub-own.yaml", &own("pubsub"));
    write("dapr/state-own.yaml", &own("state"));
    write("pubsub/metadata.yaml", "{type: pubsub, name: own, version: v1}");
    write("state/metadata.yaml", "{type: state, name: own, version: v1}");
    write("dapr/store.yaml", STORE);
    write("dapr/other-store.yaml", store);
    write("charts/x/Chart.yaml", "name: x\nversion: 1.0.0\n");
    write("app/Dockerfile", "FROM scratch\n");
    write("other/Dockerfile", "FROM scratch\n");
    write("values.yaml", "{}\n");
    write("profiles/local.yaml", LOCAL);
    write("profiles/cloud.yaml", cloud);
    folder
}

fn side(folder: &TempDir, name: &str, rendered: &[Value]) -> Side {
    let (loaded, written) = load_written(folder.path(), name).unwrap();
    let objects = dapr::load(&loaded).unwrap().objects;
    let rendered = BTreeMap::from([("backend".to_owned(), rendered.to_vec())]);
    Side { name: name.to_owned(), profile: loaded.profile, written, objects, rendered }
}

/// What a chart becomes, with what a cloud's values change.
fn rendered(cloud: bool) -> Vec<Value> {
    let (kind, port, cpu) = if cloud { ("LoadBalancer", 80, "1") } else { ("NodePort", 3000, "50m") };
    let image = if cloud { "registry.example/team/backend:1" } else { "local/backend:1" };
    let annotations =
        json!({"dapr.io/enabled": "true", "dapr.io/sidecar-cpu-request": cpu, "todoctl.dev/dapr": cpu});
    vec![
        json!({"kind": "Service", "metadata": {"name": "backend", "annotations": {"shape": kind}},
            "spec": {"type": kind, "ports": [{"name": "http", "port": port, "targetPort": 8001}]}}),
        json!({"kind": "ConfigMap", "metadata": {"name": "config"}, "data": {"ADDRESS": kind}}),
        json!({"kind": "Deployment", "metadata": {"name": "backend"}, "spec": {"replicas": u8::from(cloud) + 1,
            "template": {"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": "app", "image": image,
                "resources": {"requests": {"cpu": cpu}}, "ports": [{"name": "http", "containerPort": 8001}],
                "env": [{"name": "LEVEL", "value": cpu}]}]}}}}),
    ]
}

fn findings(cloud: &str, store: &str, charts: &[Value]) -> Vec<String> {
    let folder = project(cloud, store);
    let (one, other) = (side(&folder, "local", &rendered(false)), side(&folder, "cloud", charts));
    let found = differences(&one, &other).unwrap();
    let shown = |one: &Difference| {
        let at = |place: &Place| format!("{}:{}", place.file.display(), place.line);
        format!("{} | {} | {} | {}", one.field, one.what, at(&one.one), at(&one.other))
    };
    found.iter().filter(|one| one.reason.is_none()).map(shown).collect()
}

/// A planted difference: the change of the cloud's profile, of its chart, and what is found.
type Planted = (&'static str, (&'static str, &'static str), Option<(&'static str, Value)>, &'static str);

fn planted() -> [Planted; 5] {
    [
        (
            "a service is missing",
            ("  broker: null\n", "  broker: null\n  audit: null\n"),
            None,
            "releases.audit | only in local | profiles/local.yaml:11 | profiles/cloud.yaml:7",
        ),
        (
            "an image is built from something else",
            ("team/backend}", "team/backend, context: other}"),
            None,
            "images.backend.context | differs | profiles/local.yaml:2 | profiles/cloud.yaml:4",
        ),
        (
            "a service has no sidecar",
            ("ready-seconds: 600", "ready-seconds: 600, sidecar: false"),
            None,
            "releases.backend.sidecar | only in local | profiles/local.yaml:10 | profiles/cloud.yaml:9",
        ),
        (
            "another component is for somebody else",
            ("[dapr/store.yaml", "[dapr/other-store.yaml"),
            None,
            "dapr component store: scopes | differs | dapr/store.yaml:3 | dapr/other-store.yaml:3",
        ),
        (
            "a container has another environment",
            ("", ""),
            Some(("/2/spec/template/spec/containers/0/env/0/name", json!("DEBUG"))),
            "releases.backend: Deployment backend.spec.template.spec.containers.app.env.DEBUG | only in cloud | \
             profiles/local.yaml:10 | profiles/cloud.yaml:9",
        ),
    ]
}

fn other_store() -> String {
    STORE.replace("scopes: [audit]", "scopes: [backend]")
}

fn changed(chart: Option<&(&str, Value)>) -> Vec<Value> {
    let mut all = json!(rendered(true));
    if let Some((path, value)) = chart {
        *all.pointer_mut(path).unwrap() = value.clone();
    }
    all.as_array().unwrap().clone()
}

#[test]
fn each_planted_difference_is_found() {
    for (what, (from, to), chart, expected) in planted() {
        let found = findings(&CLOUD.replacen(from, to, 1), &other_store(), &changed(chart.as_ref()));
        assert!(found.iter().any(|one| one == expected), "{what}: {found:#?}");
    }
}

#[test]
fn five_planted_at_once_are_found() {
    let cloud =
        planted().iter().fold(CLOUD.to_owned(), |text, (_, (from, to), _, _)| text.replacen(from, to, 1));
    let chart = planted().into_iter().find_map(|(_, _, chart, _)| chart);
    let found = findings(&cloud, &other_store(), &changed(chart.as_ref()));
    insta::assert_debug_snapshot!(found);
}

#[test]
fn what_may_differ_is_not_found_and_what_is_explained_is_told_apart() {
    assert_eq!(findings(CLOUD, STORE, &rendered(true)), Vec::<String>::new());
    let unexplained = CLOUD.replace("parity: {releases.broker: it is outside}\n", "");
    assert_eq!(
        findings(&unexplained, STORE, &rendered(true)),
        ["releases.broker | only in local | profiles/local.yaml:9 | profiles/cloud.yaml:7"]
    );
}

#[test]
fn events_may_come_through_a_component_of_the_projects_own_and_nothing_else_may() {
    let cloud = |kind: &str| {
        let images = "images: {backend: {repository: registry.example/team/backend}, own: {repository: r/own, context: other}}";
        CLOUD
            .replace(", sets: {events: {brokers: brokers}}", "")
            .replace("images: {backend: {repository: registry.example/team/backend}}", images)
            .replace(
                "[dapr/store.yaml, dapr/pubsub-cloud.yaml]",
                &format!("[dapr/store.yaml, dapr/{kind}-own.yaml], pluggable: [{kind}/metadata.yaml]"),
            )
    };
    let mut chart = json!(rendered(true));
    chart[2]["spec"]["template"]["metadata"]["annotations"][dapr::INJECTION] = json!("true");
    let chart = chart.as_array().unwrap();
    assert_eq!(findings(&cloud("pubsub"), STORE, chart), Vec::<String>::new());
    assert_eq!(
        findings(&cloud("state"), STORE, chart),
        [
            "images.own | only in cloud | profiles/local.yaml:2 | profiles/cloud.yaml:4",
            "dapr component pubsub | only in local | dapr/pubsub.yaml:3 | profiles/cloud.yaml:6",
            "dapr component state | only in cloud | profiles/local.yaml:6 | dapr/state-own.yaml:3",
        ]
    );
}

#[test]
fn the_same_profile_twice_has_no_difference() {
    let folder = project(CLOUD, STORE);
    let side = || side(&folder, "cloud", &rendered(true));
    assert_eq!(differences(&side(), &side()).unwrap(), []);
}
