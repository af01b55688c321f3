//! The connection over answers that are written down, and over a real server with TLS behind a proxy.

mod login;
mod table;
mod write;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fake_tool::api::serve::Server;
use fake_tool::kubeconfig;
use fake_tool::state::{ApiServer, State};
use fake_tool::store::Store;
use futures_util::{FutureExt, StreamExt};
use kube::client::Body;
use serde_json::{Value, json};

use super::*;
use todoctl_plan::look::{self, resource};
use todoctl_plan::step;
use todoctl_plan::world::Access;
use todoctl_project::profile;

/// Answers in order, and what was asked.
fn scripted(answers: Vec<(u16, Value)>) -> (Connection, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, rest) = (Arc::clone(&asked), Mutex::new(answers.into_iter()));
    let service = tower::service_fn(move |request: Request<Body>| {
        let (head, sent) = request.into_parts();
        let of =
            |name| head.headers.get(name).map_or("-", |value: &http::HeaderValue| value.to_str().unwrap());
        let (uri, form) = (&head.uri, of(header::CONTENT_TYPE));
        let line = match head.method {
            http::Method::GET => format!("{uri} {}", of(header::ACCEPT)),
            // What todoctl keeps for itself; a program gets no such header.
            _ if of(header::ACCEPT) != "-" => {
                let sent = sent.collect().now_or_never().unwrap().unwrap().to_bytes();
                let sent = String::from_utf8_lossy(&sent);
                format!("{} {uri} {form} {} {sent}", head.method, of(header::ACCEPT))
            }
            _ => format!("{} {uri} {form}", head.method),
        };
        log.lock().unwrap().push(line);
        let (status, body) = rest.lock().unwrap().next().expect("no more is asked");
        let mut answer = http::Response::builder().status(status);
        for name in ["location", "retry-after"] {
            answer = body["headers"][name]
                .as_str()
                .into_iter()
                .fold(answer, |answer, value| answer.header(name, value));
        }
        let answer = answer.body(Body::from(body.to_string().into_bytes()));
        async move { answer }
    });
    (Connection::over(Client::new(service, "default")), asked)
}

fn page(names: &[&str], next: &str) -> (u16, Value) {
    let items: Vec<Value> = names.iter().map(|name| json!({"metadata": {"name": name}})).collect();
    (200, json!({"metadata": {"continue": next}, "items": items}))
}

fn names(found: &[Value]) -> Vec<&str> {
    found.iter().map(|one| one["metadata"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_comes_in_pages_and_its_objects_have_their_kind() {
    let (cluster, asked) = scripted(vec![page(&["a", "b"], "t1"), page(&["c"], "")]);
    let found = cluster.objects(&look::releases(Some("todo"))).await.unwrap();
    assert_eq!(names(&found), ["a", "b", "c"]);
    assert_eq!((&found[0]["kind"], &found[0]["apiVersion"]), (&json!("Secret"), &json!("v1")));
    let form = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let path = "/api/v1/namespaces/todo/secrets?labelSelector=owner%3Dhelm&limit=500";
    assert_eq!(*asked.lock().unwrap(), [format!("{path} {form}"), format!("{path}&continue=t1 {form}")]);
}

#[tokio::test]
async fn a_list_that_changes_too_much_is_read_at_once() {
    let gone = (410, json!({"kind": "Status", "reason": "Expired", "message": "too old"}));
    let (cluster, asked) = scripted(vec![page(&["a"], "t1"), gone, page(&["a", "b"], "")]);
    assert_eq!(names(&cluster.objects(&Look::all(resource::PODS)).await.unwrap()), ["a", "b"]);
    assert_eq!(asked.lock().unwrap()[2], "/api/v1/pods application/json");
}

#[tokio::test]
async fn an_empty_list_may_be_null_and_an_answer_without_a_list_is_an_error() {
    let (cluster, _) = scripted(vec![(200, json!({"items": null})), (200, json!({"kind": "Status"}))]);
    assert_eq!(cluster.objects(&look::releases(None)).await.unwrap(), Vec::<Value>::new());
    let error = cluster.objects(&look::releases(None)).await.unwrap_err();
    assert!(
        error.to_string().starts_with("the API server's answer is not readable: missing field `items`"),
        "{error}"
    );
}

#[tokio::test]
async fn only_the_servers_word_is_an_absence() {
    let status = |code: u16, reason: &str, message: &str, name: &str| {
        (
            code,
            json!({"kind": "Status", "code": code, "reason": reason, "message": message, "details": {"name": name}}),
        )
    };
    let (cluster, _) = scripted(vec![
        status(404, "NotFound", "leases \"todoctl\" not found", "todoctl"),
        (404, json!("404 page not found")),
        status(403, "Forbidden", "leases is forbidden", ""),
        (502, json!("a proxy's \u{1b}[31mpage")),
    ]);
    let look = Look::all(resource::LEASES).within("todo");
    assert_eq!(cluster.object(&look, "todoctl").await.unwrap(), None);
    let unknown = cluster.object(&look, "todoctl").await.unwrap_err();
    assert!(unknown.lacks_resource() && !unknown.lacks_object());
    let forbidden = cluster.object(&look, "todoctl").await.unwrap_err();
    assert_eq!(
        (forbidden.to_string().as_str(), forbidden.is_forbidden()),
        ("Error from server (Forbidden): leases is forbidden", true)
    );
    let proxy = cluster.object(&look, "todoctl").await.unwrap_err();
    assert_eq!(proxy.to_string(), "Error from server (502): \"a proxy's \\u001b[31mpage\"");
}

/// A server with some namespaces, and a kubeconfig for it.
struct Real {
    folder: tempfile::TempDir,
    store: Store,
    server: Server,
}

impl Real {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("world.json"));
        store.save(&State::default()).unwrap();
        let server = Server::start(&store).unwrap();
        Self { folder, store, server }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    async fn open(
        &self,
        user: &Value,
        address: &ApiServer,
        hidden: &[String],
    ) -> Result<Connection, Refusal> {
        self.open_text(&kubeconfig::text("k", "https://10.245.0.2:6443", user, address), hidden).await
    }

    async fn open_text(&self, text: &str, hidden: &[String]) -> Result<Connection, Refusal> {
        let kubeconfig = self.path("kubeconfig");
        fs::write(&kubeconfig, text).unwrap();
        let access = Access { kubeconfig, context: "k".into(), node: String::new() };
        let variables = BTreeMap::new();
        Connection::open(&access, Surroundings { variables: &variables, hidden, may_ask: false }).await
    }

    /// The complaint of a first question.
    async fn complaint(&self, user: &Value, address: &ApiServer) -> String {
        let look = Look::all(resource::NAMESPACES);
        let refusal = match self.open(user, address, &[]).await {
            Ok(cluster) => cluster.objects(&look).await.unwrap_err(),
            Err(refusal) => refusal,
        };
        let told = refusal.to_string().replace(&self.path("").display().to_string(), "[DIR]/");
        told.replace(&address.proxy, "[PROXY]")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reached_through_a_proxy_and_must_be_the_one_that_is_meant() {
    let real = Real::start();
    let (user, address) = (json!({}), &real.server.address);
    let cluster = real.open(&user, address, &[]).await.unwrap();
    let found = cluster.objects(&Look::all(resource::NAMESPACES)).await.unwrap();
    assert_eq!(names(&found), ["default", "kube-system"]);

    let other = Real::start();
    let foreign = ApiServer { authority: other.server.address.authority.clone(), ..address.clone() };
    insta::assert_snapshot!(real.complaint(&user, &foreign).await, @"the API server https://10.245.0.2:6443 (through the proxy [PROXY]) cannot be reached: invalid peer certificate: BadSignature");
    let nobody = ApiServer { proxy: "http://127.0.0.1:1".to_owned(), ..address.clone() };
    insta::assert_snapshot!(real.complaint(&user, &nobody).await, @"the connection to the API server https://10.245.0.2:6443 (through the proxy [PROXY]) was refused");
    real.store.change(|state| "stopped".clone_into(&mut state.sandbox)).unwrap();
    insta::assert_snapshot!(real.complaint(&user, address).await, @"the API server https://10.245.0.2:6443 (through the proxy [PROXY]) closed the connection");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_followed_by_what_changes() {
    let real = Real::start();
    let cluster = real.open(&json!({}), &real.server.address, &[]).await.unwrap();
    let mut changes = Box::pin(cluster.follow(&Look::all(resource::NAMESPACES)));
    let mut told = Vec::new();
    for name in ["one", "two", ""] {
        told.push(format!("{:?}", changes.next().await.unwrap()));
        real.store.change(|state| state.namespaces.insert(name.to_owned())).unwrap();
    }
    real.store.change(|state| state.namespaces.remove("one")).unwrap();
    while !matches!(changes.next().await.unwrap(), Ok(Change::Gone(_))) {}
    assert_eq!(told, ["Ok(All(2))", "Ok(Put)", "Ok(Put)"]);
}

fn request(method: profile::Method, path: &str, body: Option<Value>) -> step::Request {
    let (namespace, service, port) = ("todo".to_owned(), "web".to_owned(), "80".to_owned());
    step::Request { namespace, service, port, method, path: path.to_owned(), body }
}

#[tokio::test]
async fn a_program_gets_exactly_what_is_written_and_its_word_is_told_from_the_servers() {
    let status = |code: u16, reason: &str, message: &str| {
        (code, json!({"kind": "Status", "code": code, "reason": reason, "message": message}))
    };
    let (cluster, asked) = scripted(vec![
        (200, json!({"ok": true})),
        (500, json!("the database is away")),
        (404, json!("nothing")),
        status(503, "ServiceUnavailable", "no endpoints available for service \"web:80\""),
        status(
            503,
            "ServiceUnavailable",
            "error trying to reach service: dial tcp 10.1.1.1:80: connect: refused",
        ),
        status(503, "ServiceUnavailable", "error trying to reach service: EOF"),
        status(403, "Forbidden", "services \"web:80\" is forbidden"),
    ]);
    let post = request(profile::Method::Post, "/a?timeout=5s&x=%20", Some(json!({"id": 1})));
    let mut told = vec![cluster.ask(&post).await.unwrap()];
    for _ in 0..6 {
        let Unanswered { why, undelivered, absent } = cluster.ask(&post).await.unwrap_err();
        told.push(format!("{why} | undelivered {undelivered}, absent {absent}"));
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    {"ok":true}
    the program answered 500: "the database is away" | undelivered false, absent false
    the program answered 404: "nothing" | undelivered false, absent true
    Error from server (ServiceUnavailable): no endpoints available for service "web:80" | undelivered true, absent false
    Error from server (ServiceUnavailable): error trying to reach service: dial tcp 10.1.1.1:80: connect: refused | undelivered true, absent false
    Error from server (ServiceUnavailable): error trying to reach service: EOF | undelivered false, absent false
    Error from server (Forbidden): services "web:80" is forbidden | undelivered false, absent false
    "#);
    assert_eq!(
        asked.lock().unwrap()[0],
        "POST /api/v1/namespaces/todo/services/web:80/proxy/a?timeout=5s&x=%20 application/json"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_leave_this_machine_was_not_delivered() {
    let real = Real::start();
    let nobody = ApiServer { proxy: "http://127.0.0.1:1".to_owned(), ..real.server.address.clone() };
    let get = request(profile::Method::Get, "/", None);
    let refused = real.open(&json!({}), &nobody, &[]).await.unwrap().ask(&get).await.unwrap_err();
    assert!(refused.undelivered, "{refused:?}");
    real.store.change(|state| "stopped".clone_into(&mut state.sandbox)).unwrap();
    let cut = real.open(&json!({}), &real.server.address, &[]).await.unwrap().ask(&get).await.unwrap_err();
    assert!(!cut.undelivered, "it may have been read: {cut:?}");
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_asked_again_when_it_says_and_nothing_is_changed_twice() {
    let busy = || {
        let headers = json!({"retry-after": "3"});
        (429, json!({"kind": "Status", "reason": "TooManyRequests", "message": "later", "headers": headers}))
    };
    let (cluster, asked) = scripted(vec![busy(), busy(), page(&["a"], "")]);
    let start = Instant::now();
    assert_eq!(names(&cluster.objects(&Look::all(resource::PODS)).await.unwrap()), ["a"]);
    assert_eq!((start.elapsed().as_secs(), asked.lock().unwrap().len()), (6, 3));
    let (cluster, asked) = scripted(vec![busy()]);
    let post = request(profile::Method::Post, "/", None);
    assert!(!cluster.ask(&post).await.unwrap_err().undelivered);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_look_is_led_elsewhere_in_the_same_program_only() {
    let to = |path: &str| (302, json!({"headers": {"location": path}}));
    let place = "/api/v1/namespaces/todo/services/web:80/proxy";
    let (cluster, asked) = scripted(vec![to(&format!("{place}/login?next=a")), (200, json!("in"))]);
    let get = request(profile::Method::Get, "/", None);
    assert_eq!(cluster.ask(&get).await.unwrap(), "\"in\"");
    assert!(asked.lock().unwrap()[1].starts_with(&format!("{place}/login?next=a ")));
    for foreign in ["https://example.com/", "/api/v1/namespaces/todo/secrets", &format!("{place}x/")] {
        let (cluster, _) = scripted(vec![to(foreign)]);
        assert!(cluster.ask(&get).await.unwrap_err().why.starts_with("the program answered 302"));
    }
    let (cluster, _) = scripted(vec![to(&format!("{place}/login"))]);
    assert!(cluster.ask(&request(profile::Method::Post, "/", None)).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_everything_is_told_again() {
    let real = Real::start();
    let fault = json!({"tool": "api", "args": "watch=true", "nth": 1, "exit": 500, "stderr": "oops"});
    real.store.change(|state| state.faults = vec![serde_json::from_value(fault).unwrap()]).unwrap();
    let cluster = real.open(&json!({}), &real.server.address, &[]).await.unwrap();
    let changes = cluster.follow(&Look::all(resource::NAMESPACES)).take(3);
    let told = changes.map(|change| change.map_or("failed".to_owned(), |change| format!("{change:?}")));
    assert_eq!(told.collect::<Vec<String>>().await, ["All(2)", "failed", "All(2)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_is_read_as_kubectl_reads_it() {
    let real = Real::start();
    let token = real.path("token");
    fs::write(&token, "CANARY\n").unwrap();
    let text = kubeconfig::text("k", "10.245.0.2:6443", &json!({"tokenFile": token}), &real.server.address);
    let cluster = real.open_text(&text, &[]).await.unwrap();
    assert_eq!(cluster.objects(&Look::all(resource::NODES)).await.unwrap().len(), 1);
    let broken = real.open_text("users: [{name: u, user: {token: CANARY, exec: [}}]", &[]).await;
    let broken = broken.err().unwrap().to_string();
    assert!(broken.contains("not readable") && !broken.contains("CANARY"), "{broken}");
}
