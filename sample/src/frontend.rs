//! The frontend: a page that lists and adds tasks through the backend.
//!
//! Owns its routes. The page works with forms alone; its script, part of the page file, only saves the reload.
//! All its links are relative, so it also works behind the API server's service proxy.

mod backend;
mod page;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use serde_json::json;

use crate::config::Config;
use crate::http::Answer;
use crate::log;
use crate::server::{self, Process, RequestId};
use crate::signals::Stop;
use backend::Backend;
use page::{Page, Task};

/// What the frontend's requests share.
struct Frontend {
    process: Arc<Process>,
    backend: Backend,
    page: Page,
}

/// Serves the page.
pub(crate) async fn run(config: Config, stop: Stop) -> Result<(), String> {
    let process = Process::new(config.role, config.faults.clone());
    let frontend = Frontend {
        process: process.clone(),
        backend: Backend::new(&config.backend_url)?,
        page: Page::read(&config.app_dir)?,
    };
    server::serve(&config, &process, routes(frontend), stop).await
}

fn routes(frontend: Frontend) -> Router {
    Router::new()
        .route("/", get(show))
        .route("/tasks", post(add))
        .route("/tasks/{id}", post(change))
        .route("/api/tasks", any(relay_all))
        .route("/api/tasks/{id}", any(relay_one))
        .route("/ready", get(ready))
        .route("/readyz", get(ready))
        .route("/api/health", get(api_health))
        .with_state(Arc::new(frontend))
}

async fn show(State(frontend): State<Arc<Frontend>>, Extension(id): Extension<RequestId>) -> Response {
    show_with(&frontend, &id, StatusCode::OK, "").await
}

/// The page with a message. A backend that does not answer is a message too: the page itself is fine.
async fn show_with(frontend: &Frontend, id: &RequestId, status: StatusCode, message: &str) -> Response {
    let (tasks, message) = match frontend.backend.tasks(id).await {
        Ok(tasks) => (tasks, message.to_owned()),
        Err(reason) => {
            log::warn("backend", &[("request_id", id.0.as_str().into()), ("reason", reason.as_str().into())]);
            (Vec::new(), format!("The tasks cannot be shown: {reason}."))
        }
    };
    (status, Html(frontend.page.render(&tasks, &message))).into_response()
}

#[derive(Deserialize)]
struct NewTask {
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Done,
    Open,
    Delete,
}

#[derive(Deserialize)]
struct Change {
    action: Action,
}

/// Adds a task from the page's form.
async fn add(
    State(frontend): State<Arc<Frontend>>,
    Extension(id): Extension<RequestId>,
    Form(task): Form<NewTask>,
) -> Response {
    let body = json!({ "title": task.title }).to_string();
    let answer = frontend.backend.call(Method::POST, "/api/tasks", body.into(), &id).await;
    after_form(&frontend, &id, answer, "./").await
}

/// Marks or deletes a task from the page's form.
async fn change(
    State(frontend): State<Arc<Frontend>>,
    Extension(id): Extension<RequestId>,
    Path(task): Path<i64>,
    Form(change): Form<Change>,
) -> Response {
    let (method, body) = match change.action {
        Action::Done => (Method::PATCH, json!({ "done": true }).to_string()),
        Action::Open => (Method::PATCH, json!({ "done": false }).to_string()),
        Action::Delete => (Method::DELETE, String::new()),
    };
    let answer = frontend.backend.call(method, &format!("/api/tasks/{task}"), body.into(), &id).await;
    after_form(&frontend, &id, answer, "../").await
}

/// Back to the page: by a redirect when all went well, so that a reload does not send the form again.
async fn after_form(
    frontend: &Frontend,
    id: &RequestId,
    answer: Result<Answer, String>,
    home: &'static str,
) -> Response {
    match answer {
        Ok(answer) if answer.status.is_success() => {
            (StatusCode::SEE_OTHER, [(header::LOCATION, home)]).into_response()
        }
        Ok(answer) => show_with(frontend, id, answer.status, &answer.problem()).await,
        Err(reason) => {
            show_with(frontend, id, StatusCode::BAD_GATEWAY, &format!("Nothing was changed: {reason}.")).await
        }
    }
}

async fn relay_all(
    State(frontend): State<Arc<Frontend>>,
    Extension(id): Extension<RequestId>,
    method: Method,
    body: Bytes,
) -> Response {
    relay(&frontend, method, "/api/tasks", body, &id).await
}

async fn relay_one(
    State(frontend): State<Arc<Frontend>>,
    Extension(id): Extension<RequestId>,
    Path(task): Path<String>,
    method: Method,
    body: Bytes,
) -> Response {
    // Only what a task can be called becomes part of another path.
    if !task.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return server::error(StatusCode::BAD_REQUEST, "a task is named by its id or its key");
    }
    relay(&frontend, method, &format!("/api/tasks/{task}"), body, &id).await
}

/// Hands a request of the API on and its answer back.
async fn relay(frontend: &Frontend, method: Method, path: &str, body: Bytes, id: &RequestId) -> Response {
    match frontend.backend.call(method, path, body, id).await {
        Ok(answer) => {
            let mut headers = HeaderMap::new();
            let content_type = answer.headers.get(header::CONTENT_TYPE);
            headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value.clone())));
            (answer.status, headers, answer.body).into_response()
        }
        Err(reason) => server::error(StatusCode::BAD_GATEWAY, &reason),
    }
}

async fn ready(State(frontend): State<Arc<Frontend>>) -> Response {
    let process = &frontend.process;
    process.unready().map_or_else(|| process.well(&[]), |reason| process.not_ready(reason))
}

/// Says that the frontend itself is up, and as a remark whether it reaches the backend. An unreachable backend must not
/// make Kubernetes restart the frontend.
async fn api_health(State(frontend): State<Arc<Frontend>>, Extension(id): Extension<RequestId>) -> Response {
    let process = &frontend.process;
    if let Some(answer) = process.sick() {
        return answer;
    }
    if let Some(reason) = process.unready() {
        return process.not_ready(reason);
    }
    let backend = frontend.backend.health(&id).await;
    let backend = backend.map_or_else(|reason| reason, |()| "reachable".to_owned());
    process.well(&[("backend", &backend)])
}

#[cfg(test)]
mod tests;
