//! What todoctl relies on in the API server's answers, as a table: the fake one of the tests and a real one must give the
//! same. tests/e2e/cases/table.sh runs it against a real one.

use std::path::PathBuf;

use super::*;
use todoctl_plan::bookkeeping::{How, Write};
use todoctl_plan::look::{LogLook, Right};

const PLACE: &str = "todoctl-table";

/// An answer in a word or two.
fn told<T: ToString>(answer: Result<T, Refusal>) -> String {
    match answer {
        Ok(found) => found.to_string(),
        Err(refusal) => {
            let faces = [
                ("lacks the object", refusal.lacks_object()),
                ("lacks the resource", refusal.lacks_resource()),
                ("exists already", refusal.already_exists()),
                ("lost", refusal.is_lost()),
                ("forbidden", refusal.is_forbidden()),
            ];
            let faces = faces.iter().filter_map(|(face, is)| is.then_some(*face)).collect::<Vec<_>>();
            let code = refusal.code().unwrap_or_default();
            if faces.is_empty() {
                format!("refused, {code}")
            } else {
                format!("refused, {}", faces.join(", "))
            }
        }
    }
}

/// An object that was found has a version and the kind that was asked for.
fn whole(object: &Value) -> String {
    let of = |name: &str| object[name].as_str().unwrap_or("-").to_owned();
    format!("{} {} {}", of("apiVersion"), of("kind"), object["metadata"]["name"].as_str().unwrap_or("-"))
}

async fn table(cluster: &Connection) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let namespaces = Look::all(resource::NAMESPACES);
    let version = cluster.version().await.map(|version| version.starts_with("v1."));
    rows.push(("the version", told(version)));
    let all = cluster.objects(&namespaces.clone().metadata()).await;
    let all = all.map(|all| all.iter().find(|one| one["metadata"]["name"] == "kube-system").map(whole));
    rows.push(("a list of metadata has", told(all.map(Option::unwrap_or_default))));
    let absent = cluster.object(&namespaces, "todoctl-nowhere").await;
    rows.push(("an object that is not there", told(absent.map(|found| format!("{found:?}")))));
    let mut unknown = resource::LEASES;
    unknown.group = "nowhere.todoctl.dev";
    rows.push(("a resource that is not known", told(cluster.objects(&Look::all(unknown)).await.map(|_| ""))));
    let served = cluster.served("nowhere.todoctl.dev").await;
    rows.push(("what its group serves", told(served.map(|names| names.len()))));
    leases(cluster, &mut rows).await;
    contents(cluster, &mut rows).await;
    pods(cluster, &mut rows).await;
    followed(cluster, &mut rows).await;
    let lines: Vec<String> = rows.iter().map(|(what, answer)| format!("{what}: {answer}")).collect();
    lines.join("\n")
}

async fn leases(cluster: &Connection, rows: &mut Vec<(&'static str, String)>) {
    let namespaces = Look::all(resource::NAMESPACES);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE}});
    // What an earlier run left may still go.
    let there = async || cluster.object(&namespaces, PLACE).await.unwrap().is_some();
    assert!(!there().await, "the namespace {PLACE} is there: delete it");
    rows.push((
        "a namespace is created",
        told(cluster.create(&namespaces, &namespace).await.map(|_| "done")),
    ));
    rows.push(("and again", told(cluster.create(&namespaces, &namespace).await)));
    let look = Look::all(resource::LEASES).within(PLACE);
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "one"},
        "spec": {"holderIdentity": "a"}});
    let first = cluster.create(&look, &lease).await.unwrap();
    rows.push(("a Lease is created again", told(cluster.create(&look, &lease).await)));
    let patch = |version: &str, holder: &str| {
        json!([{"op": "test", "path": "/metadata/resourceVersion", "value": version},
            {"op": "replace", "path": "/spec/holderIdentity", "value": holder}])
    };
    let second = cluster.patch(&look, "one", &patch(&first, "b")).await.unwrap();
    rows.push(("a change makes another version", (first != second).to_string()));
    rows.push(("a change of what has changed", told(cluster.patch(&look, "one", &patch(&first, "c")).await)));
    let now = cluster.object(&look, "one").await.unwrap().unwrap();
    rows.push(("who holds it", now["spec"]["holderIdentity"].to_string()));
    let gone = |version| async move {
        let look = Look::all(resource::LEASES).within(PLACE);
        cluster.delete(&look, "one", version).await.map(|()| "done")
    };
    rows.push(("it is deleted by an old version", told(gone(Some(&*first)).await)));
    rows.push(("by its version", told(gone(Some(&*second)).await)));
    rows.push(("and again", told(gone(None).await)));
    rows.push(("a change of what is not there", told(cluster.patch(&look, "one", &patch("1", "c")).await)));
}

async fn contents(cluster: &Connection, rows: &mut Vec<(&'static str, String)>) {
    let look = Look::all(resource::SECRETS).within(PLACE).labelled("todoctl.dev/secret");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "s", "namespace": PLACE, "labels": {"todoctl.dev/secret": "table"}}, "data": {"k": "dg=="}});
    cluster.create(&look, &secret).await.unwrap();
    for (what, look) in [("a Secret whole", look.clone()), ("its metadata", look.clone().metadata())] {
        let found = cluster.objects(&look).await.unwrap();
        let data: Vec<String> =
            found.iter().map(|one| format!("{}, data {}", whole(one), one["data"])).collect();
        rows.push((what, data.join("; ")));
    }
    let look = Look::all(resource::CONFIG_MAPS).within(PLACE);
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": "v"}});
    let write = |how| Write { look: look.clone(), name: "c".to_owned(), how };
    for how in [How::Applied(object.clone()), How::Applied(object), How::Removed, How::Removed] {
        let what = if matches!(how, How::Removed) { "it is removed" } else { "a ConfigMap is applied" };
        rows.push((what, told(cluster.write(&write(how)).await.map(|()| "done"))));
    }
    let label = json!({"metadata": {"labels": {"a": "b"}}});
    let absent = Write {
        look: Look::all(resource::SECRETS).within(PLACE),
        name: "none".to_owned(),
        how: How::Merged(label),
    };
    rows.push(("a mark on what is not there", told(cluster.write(&absent).await.map(|()| "done"))));
}

async fn pods(cluster: &Connection, rows: &mut Vec<(&'static str, String)>) {
    let look = Look::all(resource::PODS).within(PLACE);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": PLACE},
        "spec": {"automountServiceAccountToken": false, "containers": [{"name": "c", "image": "example.com/none:1"}]}});
    let made = cluster.would_create(&look, &pod).await;
    rows.push((
        "a pod that is only tried",
        told(made.map(|made| made["metadata"]["creationTimestamp"].is_string())),
    ));
    rows.push(("is made", told(cluster.objects(&look).await.map(|all| all.len()))));
    let right =
        Right { namespace: PLACE.into(), group: String::new(), resource: "pods/log".into(), verb: "get" };
    let rights = [right];
    rows.push(("rights that are refused", told(cluster.refused(&rights).await.map(|refused| refused.len()))));
    let (namespace, pod, container) = (PLACE.to_owned(), "p".to_owned(), "c".to_owned());
    let log = LogLook { namespace, pod, container, tail: None, previous: false };
    rows.push(("the log of no pod", told(cluster.log(&log).await)));
    let asked = step::Request { namespace: PLACE.to_owned(), ..request(profile::Method::Get, "/", None) };
    let unanswered = cluster.ask(&asked).await.unwrap_err();
    rows.push(("a request to no Service reaches a program", (!unanswered.undelivered).to_string()));
}

async fn followed(cluster: &Connection, rows: &mut Vec<(&'static str, String)>) {
    let look = Look::all(resource::LEASES).within(PLACE);
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "two"}, "spec": {}});
    let mut changes = Box::pin(cluster.follow(&look));
    let mut seen = vec![format!("{:?}", changes.next().await.unwrap())];
    cluster.create(&look, &lease).await.unwrap();
    seen.push(format!("{:?}", changes.next().await.unwrap()));
    cluster.delete(&look, "two", None).await.unwrap();
    seen.push(format!("{:?}", changes.next().await.unwrap()));
    rows.push(("what is followed tells", seen.join(", ")));
}

fn as_expected(table: &str) {
    insta::assert_snapshot!("table", table);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fake_api_server_answers_as_the_table_says() {
    let real = Real::start();
    as_expected(&table(&real.open(&json!({}), &real.server.address, &[]).await.unwrap()).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: tests/e2e.sh table"]
async fn a_real_api_server_answers_as_the_table_says() {
    let path = std::env::var_os("TODOCTL_TEST_KUBECONFIG").map(PathBuf::from);
    let kubeconfig = path.expect("TODOCTL_TEST_KUBECONFIG names the kubeconfig of a cluster");
    let context = todoctl_plan::tool::kubeconfig::summary(&read(&kubeconfig)).unwrap().context;
    let access = Access { kubeconfig, context, node: String::new() };
    let surroundings = Surroundings { variables: &BTreeMap::new(), hidden: &[], may_ask: false };
    as_expected(&table(&Connection::open(&access, surroundings).await.unwrap()).await);
}
