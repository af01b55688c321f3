//! The reads and writes that todoctl makes, word for word.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::cluster::{self, Wanted};
use crate::dapr::Containers;
use crate::state::{Behaviour, KUBECONFIG, Revision};

const TABLE: &str =
    "get secrets -l owner=helm --no-headers --show-labels --request-timeout=20s -n todo --context sandbox";

fn state() -> State {
    let mut state = State::default();
    state.namespaces.insert("todo".to_owned());
    let labels = BTreeMap::from([("todoctl.dev/digest".to_owned(), "d1".to_owned())]);
    let (name, namespace, status) = ("backend".to_owned(), "todo".to_owned(), "deployed".to_owned());
    state.revisions.push(Revision {
        name,
        namespace,
        number: 3,
        status,
        server_side: true,
        labels,
        values: json!({}),
        description: String::new(),
    });
    let (namespace, release, image, hash) = ("todo".into(), "backend".into(), "a:1".into(), "hash".into());
    cluster::apply(
        &mut state,
        &Wanted {
            namespace,
            release,
            replicas: 2,
            image,
            behaviour: Behaviour::Ready,
            hash,
            sidecar: false,
            containers: Containers::default(),
            resources: Value::Null,
        },
        0,
    );
    state
}

fn call(state: &mut State, line: &str, stdin: &str) -> Answer {
    let args = line.split(' ').map(str::to_owned).collect();
    run(state, &Call { args, stdin: stdin.to_owned(), kubeconfig: Some(KUBECONFIG.to_owned()), now: 0 })
}

#[test]
fn releases_are_a_table_with_all_labels_in_one_cell() {
    let answer = call(&mut state(), TABLE, "");
    let cells: Vec<&str> = answer.stdout.split_whitespace().collect();
    assert_eq!(
        cells,
        [
            "sh.helm.release.v1.backend.v3",
            "helm.sh/release.v1",
            "1",
            "5m2s",
            "name=backend,owner=helm,status=deployed,todoctl.dev/digest=d1,version=3"
        ]
    );
    let nothing = call(&mut State::default(), TABLE, "");
    assert_eq!(
        (nothing.exit, nothing.stdout.as_str(), nothing.stderr.as_str()),
        (0, "", "No resources found in todo namespace.\n")
    );
}

#[test]
fn an_applied_secret_is_stored_encoded_and_immutable() {
    let mut state = state();
    let secret = |value: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true, "stringData": {"k": value},
            "metadata": {"name": "s-1", "namespace": "todo", "labels": {"todoctl.dev/secret": "s"}}}).to_string()
    };
    let apply = "apply --server-side --field-manager=todoctl --force-conflicts -f - --request-timeout=20s --context sandbox";
    assert_eq!(call(&mut state, apply, &secret("one")).stdout, "secret/s-1 serverside-applied\n");
    assert!(call(&mut state, apply, &secret("two")).stderr.contains("field is immutable"));
    let list = call(&mut state, "get secrets -n todo -l todoctl.dev/secret -o json --context sandbox", "");
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(list["items"][0]["data"]["k"], "b25l");
    let gone = call(
        &mut state,
        "delete secret -n todo --ignore-not-found --wait=false s-1 s-2 --context sandbox",
        "",
    );
    assert_eq!(gone.stdout, "secret \"s-1\" deleted from todo namespace\n");
}

#[test]
fn release_records_take_labels_and_are_never_created() {
    let mut state = state();
    let mark = |revision: u32| {
        json!({"kind": "List", "items": [{"kind": "Secret", "type": "helm.sh/release.v1", "metadata": {"namespace": "todo",
            "name": format!("sh.helm.release.v1.backend.v{revision}"), "labels": {"todoctl.dev/verified": "3"}}}]}).to_string()
    };
    assert_eq!(call(&mut state, "apply --server-side -f -", &mark(3)).exit, 0);
    assert_eq!(state.revisions[0].labels["todoctl.dev/verified"], "3");
    assert_eq!(call(&mut state, "apply --server-side -f -", &mark(4)).exit, 1);
}

#[test]
fn lists_and_single_objects_have_their_own_forms() {
    let mut state = state();
    let list = call(
        &mut state,
        "get namespaces,deployments,statefulsets,replicasets,pods -o json -n todo --context sandbox",
        "",
    );
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    let count =
        |kind: &str| list["items"].as_array().unwrap().iter().filter(|one| one["kind"] == kind).count();
    assert_eq!((count("Namespace"), count("Deployment"), count("ReplicaSet"), count("Pod")), (3, 1, 1, 2));
    let single = call(&mut state, "get -n todo -o json deployment/backend-deployment", "");
    assert!(single.stdout.starts_with("{\"apiVersion\":\"apps/v1\""));
    let absent = call(&mut state, "get -n todo -o json deployment/other", "");
    assert_eq!(absent.stderr, "Error from server (NotFound): deployments.apps \"other\" not found\n");
}

#[test]
fn without_the_kubeconfig_or_the_cluster_nothing_is_reached() {
    let args = vec!["get".to_owned(), "pods".to_owned(), "--context".to_owned(), "sandbox".to_owned()];
    let lost = run(&mut state(), &Call { args, ..Call::default() });
    assert_eq!(lost.stderr, "error: context \"sandbox\" does not exist\n");
    let mut stopped = State { sandbox: "stopped".to_owned(), ..state() };
    assert!(call(&mut stopped, TABLE, "").stderr.contains("was refused"));
}
