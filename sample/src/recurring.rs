//! The recurring service: creates the next task when a recurring one is completed.
//!
//! It has no data: the key of the next task is made from the one before, and the backend refuses a key that is taken. So
//! an event that comes twice makes one task.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::config::Config;
use crate::consumer::{self, Consumer, Refusal, Taken};
use crate::event::{Event, Kind, Recurrence, Task};
use crate::server::{self, Process, RequestId};
use crate::sidecar::Sidecar;
use crate::signals::Stop;

pub(crate) struct Recurring {
    sidecar: Sidecar,
    /// The Dapr app id of the backend.
    backend: String,
}

impl Consumer for Recurring {
    async fn take(&self, event: Event) -> Result<Taken, Refusal> {
        match (event.kind, event.task.recurrence) {
            (Kind::Completed, Some(recurrence)) => {
                self.create_next(&event.task, recurrence, &event.request_id).await
            }
            (Kind::Completed | Kind::Created | Kind::Updated | Kind::Deleted, _) => Ok(Taken::Skipped),
        }
    }

    fn sidecar(&self) -> &Sidecar {
        &self.sidecar
    }
}

impl Recurring {
    /// Asks the backend for the next task, through both sidecars.
    async fn create_next(
        &self,
        done: &Task,
        recurrence: Recurrence,
        request_id: &str,
    ) -> Result<Taken, Refusal> {
        let next =
            json!({ "title": done.title, "recurrence": recurrence, "key": format!("after-{}", done.id) });
        let id = RequestId(request_id.to_owned());
        let answer = self
            .sidecar
            .invoke(&self.backend, Method::POST, "/api/tasks", next.to_string().into(), &id)
            .await
            .map_err(Refusal::Later)?;
        match answer.status {
            StatusCode::CREATED => Ok(Taken::New),
            StatusCode::CONFLICT => Ok(Taken::Duplicate),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(Refusal::Never(format!("the backend refuses the next task: {}", answer.problem())))
            }
            _ => {
                Err(Refusal::Later(format!("the backend did not create the next task: {}", answer.problem())))
            }
        }
    }
}

/// Takes events until the end.
pub(crate) async fn run(config: Config, stop: Stop) -> Result<(), String> {
    let process = Process::new(config.role, config.faults.clone());
    let routes = routes(&process, Sidecar::new(config.sidecar()?)?, &config.backend_app_id);
    server::serve(&config, &process, routes, stop).await
}

pub(crate) fn routes(process: &Arc<Process>, sidecar: Sidecar, backend: &str) -> Router {
    consumer::routes(process, &Arc::new(Recurring { sidecar, backend: backend.to_owned() }))
}
