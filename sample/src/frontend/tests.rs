//! The frontend against a backend that runs in this process.

use std::sync::Mutex;

use axum::Json;
use axum::extract::Request;
use axum::http::Uri;

use super::*;
use crate::config::Role;
use crate::faults::Fault;
use crate::testing::start;

/// A backend that keeps its tasks in memory and takes no empty title.
async fn start_backend() -> String {
    let tasks = Arc::new(Mutex::new(Vec::<serde_json::Value>::new()));
    let listed = tasks.clone();
    let list = async move || Json(listed.lock().unwrap().clone());
    let add = async move |Json(task): Json<serde_json::Value>| {
        let title = task["title"].as_str().unwrap().to_owned();
        if title.is_empty() {
            return server::error(StatusCode::UNPROCESSABLE_ENTITY, "a task needs a title");
        }
        let task = json!({ "id": 1, "title": title, "done": false });
        tasks.lock().unwrap().insert(0, task.clone());
        (StatusCode::CREATED, Json(task)).into_response()
    };
    let echo = async |request: Request| format!("{} {}", request.method(), request.uri().path());
    let health = async || "ok";
    let routes = Router::new()
        .route("/health", get(health))
        .route("/api/tasks", get(list).post(add))
        .route("/api/tasks/{id}", any(echo));
    start(routes).await
}

async fn start_frontend(backend: &str, faults: Fault) -> Backend {
    let process = Process::new(Role::Frontend, faults);
    let page = Page::read(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/frontend"))).unwrap();
    let frontend = Frontend { process: process.clone(), backend: Backend::new(backend).unwrap(), page };
    let url = start(server::router(&process, routes(frontend))).await;
    Backend::new(&url).unwrap()
}

async fn ask(frontend: &Backend, method: Method, path: &str, body: &str) -> (StatusCode, String) {
    let id = RequestId("test-1".to_owned());
    let answer = frontend.call(method, path, Bytes::copy_from_slice(body.as_bytes()), &id).await.unwrap();
    (answer.status, String::from_utf8(answer.body.to_vec()).unwrap())
}

/// Sends a form as a browser without a script does, and returns the status and where it is sent to.
async fn send_form(url: &str, body: &str) -> (StatusCode, Option<String>) {
    let client =
        hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let request = Request::post(url.parse::<Uri>().unwrap())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(http_body_util::Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap();
    let response = client.request(request).await.unwrap();
    (
        response.status(),
        response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned()),
    )
}

#[tokio::test]
async fn lists_and_adds_through_the_backend() {
    let frontend = start_frontend(&start_backend().await, Fault::default()).await;
    let (status, _) = ask(&frontend, Method::POST, "/api/tasks", r#"{"title":"buy <milk>"}"#).await;
    assert_eq!(status, StatusCode::CREATED);
    let (status, page) = ask(&frontend, Method::GET, "/", "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("buy &lt;milk&gt;"));
    let (_, list) = ask(&frontend, Method::GET, "/api/tasks", "").await;
    assert!(list.contains("buy <milk>"));
}

#[tokio::test]
async fn works_without_a_script() {
    let frontend = start_frontend(&start_backend().await, Fault::default()).await;
    assert_eq!(
        send_form(&format!("{}/tasks", frontend.url()), "title=bread").await,
        (StatusCode::SEE_OTHER, Some("./".to_owned()))
    );
    assert_eq!(
        send_form(&format!("{}/tasks/1", frontend.url()), "action=done").await,
        (StatusCode::SEE_OTHER, Some("../".to_owned()))
    );
    assert_eq!(
        send_form(&format!("{}/tasks", frontend.url()), "title=").await,
        (StatusCode::UNPROCESSABLE_ENTITY, None)
    );
    assert!(ask(&frontend, Method::GET, "/", "").await.1.contains("bread"));
}

#[tokio::test]
async fn relays_method_and_path() {
    let frontend = start_frontend(&start_backend().await, Fault::default()).await;
    assert_eq!(
        ask(&frontend, Method::PATCH, "/api/tasks/42", "{}").await,
        (StatusCode::OK, "PATCH /api/tasks/42".to_owned())
    );
    assert_eq!(
        ask(&frontend, Method::DELETE, "/api/tasks/check-1", "").await,
        (StatusCode::OK, "DELETE /api/tasks/check-1".to_owned())
    );
    for path in ["/api/tasks/a%2Fb", "/api/tasks/a%3Fb", "/api/tasks/.."] {
        assert_eq!(ask(&frontend, Method::DELETE, path, "").await.0, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn stays_up_without_its_backend() {
    let frontend = start_frontend("http://127.0.0.1:1", Fault::default()).await;
    let (status, page) = ask(&frontend, Method::GET, "/", "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("the backend cannot be reached"));
    let (status, health) = ask(&frontend, Method::GET, "/api/health", "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(health.contains("cannot be reached"), "{health}");
    assert_eq!(ask(&frontend, Method::GET, "/api/tasks", "").await.0, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn faults_reach_the_probes() {
    let backend = start_backend().await;
    let unready = start_frontend(&backend, Fault { never_ready: true, ..Fault::default() }).await;
    for (path, status) in [("/ready", 503), ("/readyz", 503), ("/api/health", 503), ("/health", 200)] {
        assert_eq!(ask(&unready, Method::GET, path, "").await.0, status, "{path}");
    }
    let sick = start_frontend(&backend, Fault { bad_health: true, ..Fault::default() }).await;
    for (path, status) in [("/health", 500), ("/api/health", 500), ("/ready", 200)] {
        assert_eq!(ask(&sick, Method::GET, path, "").await.0, status, "{path}");
    }
}

#[tokio::test]
async fn counts_and_answers_unknown_paths() {
    let frontend = start_frontend(&start_backend().await, Fault::default()).await;
    assert_eq!(
        ask(&frontend, Method::GET, "/nowhere", "").await,
        (StatusCode::NOT_FOUND, r#"{"error":"no such path"}"#.to_owned())
    );
    let (_, text) = ask(&frontend, Method::GET, "/metrics", "").await;
    assert!(text.contains("http_requests_total{route=\"unmatched\",code=\"404\"} 1"), "{text}");
}
