//! The task API: what it takes, what it answers.
//!
//! Owns the judgement of input. Every error is `{"error": "..."}`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Backend;
use super::tasks::{Edit, Fresh, Name};
use crate::event::Recurrence;
use crate::log;
use crate::server::{self, RequestId};

/// The longest title and the longest key, in characters.
const TITLE_LIMIT: usize = 200;
const KEY_LIMIT: usize = 64;

pub(super) fn routes(backend: Arc<Backend>) -> Router {
    Router::new()
        .route("/api/tasks", get(list).post(add))
        .route("/api/tasks/{name}", patch(edit).delete(remove))
        .with_state(backend)
}

#[derive(Debug, Deserialize)]
struct NewTask {
    title: String,
    key: Option<String>,
    recurrence: Option<Recurrence>,
}

#[derive(Debug, Deserialize)]
struct Change {
    done: Option<bool>,
    title: Option<String>,
}

/// What goes wrong with a request.
#[derive(Debug)]
enum Problem {
    Input(StatusCode, String),
    NoSuchTask,
    KeyTaken,
    Database(String, String),
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Input(status, message) => server::error(status, &message),
            Self::NoSuchTask => server::error(StatusCode::NOT_FOUND, "no such task"),
            Self::KeyTaken => server::error(StatusCode::CONFLICT, "there is a task with this key"),
            Self::Database(request_id, reason) => {
                log::error("database", &[("request_id", request_id.into()), ("reason", reason.into())]);
                server::error(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
            }
        }
    }
}

fn input(message: impl Into<String>) -> Problem {
    Problem::Input(StatusCode::UNPROCESSABLE_ENTITY, message.into())
}

fn database(RequestId(id): &RequestId) -> impl FnOnce(String) -> Problem {
    move |reason| Problem::Database(id.clone(), reason)
}

/// The body as JSON, whatever the caller calls it: `kubectl create --raw` names no content type.
fn body<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let status = if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
        Problem::Input(status, format!("the body cannot be used: {error}"))
    })
}

async fn list(
    State(backend): State<Arc<Backend>>,
    Extension(id): Extension<RequestId>,
) -> Result<Response, Problem> {
    Ok(Json(backend.tasks.list().await.map_err(database(&id))?).into_response())
}

async fn add(
    State(backend): State<Arc<Backend>>,
    Extension(id): Extension<RequestId>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let task: NewTask = body(&bytes)?;
    let key = task.key.as_deref().map(key).transpose()?;
    let fresh = Fresh { title: title(&task.title)?, key, recurrence: task.recurrence };
    let task = backend.tasks.add(&fresh, &id).await.map_err(database(&id))?;
    Ok((StatusCode::CREATED, Json(task.ok_or(Problem::KeyTaken)?)).into_response())
}

async fn edit(
    State(backend): State<Arc<Backend>>,
    Extension(id): Extension<RequestId>,
    Path(task): Path<String>,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let (name, change) = (name(&task)?, body::<Change>(&bytes)?);
    if change.done.is_none() && change.title.is_none() {
        return Err(input("give done or title"));
    }
    let edit = Edit { done: change.done, title: change.title.as_deref().map(title).transpose()? };
    let task = backend.tasks.edit(&name, &edit, &id).await.map_err(database(&id))?;
    Ok(Json(task.ok_or(Problem::NoSuchTask)?).into_response())
}

async fn remove(
    State(backend): State<Arc<Backend>>,
    Extension(id): Extension<RequestId>,
    Path(task): Path<String>,
) -> Result<Response, Problem> {
    if backend.tasks.remove(&name(&task)?, &id).await.map_err(database(&id))? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(Problem::NoSuchTask)
    }
}

/// A task's id, or its key: a key begins with a letter.
fn name(text: &str) -> Result<Name, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(Name::Id(id));
    }
    let problem =
        |_| Problem::Input(StatusCode::BAD_REQUEST, "a task is named by its id or its key".to_owned());
    key(text).map(|key| Name::Key(key.to_owned())).map_err(problem)
}

fn key(text: &str) -> Result<&str, Problem> {
    let fit = text.len() <= KEY_LIMIT
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let problem = || {
        input(format!(
            "a key begins with a letter and has at most {KEY_LIMIT} lower-case letters, digits and hyphens"
        ))
    };
    fit.then_some(text).ok_or_else(problem)
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
    Err(input(problem))
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

    #[test]
    fn judges_keys_and_names() {
        for bad in ["", "1a", "-a", "A", "a_b", "a b", "ä", &"a".repeat(65)] {
            assert!(key(bad).is_err(), "{bad:?}");
        }
        assert_eq!(key("check-1").unwrap(), "check-1");
        assert_eq!(name("17").unwrap(), Name::Id(17));
        assert_eq!(name("t17").unwrap(), Name::Key("t17".to_owned()));
        assert!(matches!(name("1x"), Err(Problem::Input(StatusCode::BAD_REQUEST, _))));
    }

    #[test]
    fn judges_bodies() {
        for (bad, status) in [
            ("", StatusCode::BAD_REQUEST),
            ("{", StatusCode::BAD_REQUEST),
            ("{}", StatusCode::UNPROCESSABLE_ENTITY),
            (r#"{"title":"a","recurrence":"hourly"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        ] {
            match body::<NewTask>(&Bytes::from_static(bad.as_bytes())) {
                Err(Problem::Input(found, _)) => assert_eq!(found, status, "{bad}"),
                other => panic!("{bad}: {other:?}"),
            }
        }
    }
}
