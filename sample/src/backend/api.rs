//! The task API: what it takes, what it answers.
//!
//! Owns the judgement of input. Every error is `{"error": "..."}`.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch};
use axum::{Extension, Json, Router};
use serde::Deserialize;

use super::Backend;
use crate::log;
use crate::server::{self, RequestId};

/// The longest title, in characters.
const TITLE_LIMIT: usize = 200;

pub(super) fn routes(backend: Arc<Backend>) -> Router {
    Router::new()
        .route("/api/tasks", get(list).post(add))
        .route("/api/tasks/{id}", patch(mark).delete(remove))
        .with_state(backend)
}

#[derive(Deserialize)]
struct NewTask {
    title: String,
}

#[derive(Deserialize)]
struct Mark {
    done: bool,
}

/// What goes wrong with a request.
#[derive(Debug)]
enum Problem {
    Input(StatusCode, String),
    NoSuchTask,
    Database(String, String),
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Input(status, message) => server::error(status, &message),
            Self::NoSuchTask => server::error(StatusCode::NOT_FOUND, "no such task"),
            Self::Database(request_id, reason) => {
                log::error("database", &[("request_id", request_id.into()), ("reason", reason.into())]);
                server::error(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
            }
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::Input(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::Input(StatusCode::BAD_REQUEST, "a task's id is a whole number".to_owned())
    }
}

fn database(RequestId(id): RequestId) -> impl FnOnce(String) -> Problem {
    move |reason| Problem::Database(id, reason)
}

async fn list(
    State(backend): State<Arc<Backend>>,
    Extension(id): Extension<RequestId>,
) -> Result<Response, Problem> {
    Ok(Json(backend.store.list().await.map_err(database(id))?).into_response())
}

async fn add(
    State(backend): State<Arc<Backend>>,
    Extension(id): Extension<RequestId>,
    task: Result<Json<NewTask>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(task) = task?;
    let title = title(&task.title)?;
    let task = backend.store.add(title).await.map_err(database(id))?;
    Ok((StatusCode::CREATED, Json(task)).into_response())
}

async fn mark(
    State(backend): State<Arc<Backend>>,
    Extension(id): Extension<RequestId>,
    task: Result<Path<i64>, PathRejection>,
    mark: Result<Json<Mark>, JsonRejection>,
) -> Result<Response, Problem> {
    let (Path(task), Json(mark)) = (task?, mark?);
    let task = backend.store.mark(task, mark.done).await.map_err(database(id))?;
    Ok(Json(task.ok_or(Problem::NoSuchTask)?).into_response())
}

async fn remove(
    State(backend): State<Arc<Backend>>,
    Extension(id): Extension<RequestId>,
    task: Result<Path<i64>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(task) = task?;
    if backend.store.remove(task).await.map_err(database(id))? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(Problem::NoSuchTask)
    }
}

/// A title without blanks around it. PostgreSQL's text takes no zero byte.
fn title(text: &str) -> Result<&str, Problem> {
    let text = text.trim();
    let problem = match text.chars().count() {
        0 => "a task needs a title".to_owned(),
        length if length > TITLE_LIMIT => {
            format!("a title has at most {TITLE_LIMIT} characters, this one has {length}")
        }
        _ if text.contains('\0') => "a title has no zero character".to_owned(),
        _ => return Ok(text),
    };
    Err(Problem::Input(StatusCode::UNPROCESSABLE_ENTITY, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_titles() {
        assert_eq!(title("  milk ").unwrap(), "milk");
        assert!(title(&"ä".repeat(200)).is_ok());
        for bad in [" ", &"x".repeat(201), "a\0b"] {
            assert!(
                matches!(title(bad), Err(Problem::Input(StatusCode::UNPROCESSABLE_ENTITY, _))),
                "{bad:?}"
            );
        }
    }
}
