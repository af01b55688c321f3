//! The backend: the task API, with the tasks in PostgreSQL so that all replicas agree.
//!
//! Owns its routes and its readiness. The paths of the API are in `api`, the tasks in `tasks`, their events in `outbox`.

mod api;
mod database;
mod outbox;
mod tasks;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use tokio::sync::Notify;

use crate::config::Config;
use crate::log;
use crate::server::{self, Process};
use crate::sidecar::Sidecar;
use crate::signals::Stop;
use database::Database;
use outbox::Outbox;
use tasks::Tasks;

/// What the backend's requests share.
struct Backend {
    process: Arc<Process>,
    database: Arc<Database>,
    tasks: Tasks,
    /// Absent without Dapr.
    sidecar: Option<Arc<Sidecar>>,
}

/// Serves the task API and sends the events. A database that is not there yet makes it unready, not end.
pub(crate) async fn run(config: Config, stop: Stop) -> Result<(), String> {
    let database = Arc::new(Database::new(&config.database_url)?);
    let process = Process::new(config.role, config.faults.clone());
    let sidecar = config.sidecar().ok().map(Sidecar::new).transpose()?.map(Arc::new);
    let news = Arc::new(Notify::new());
    let tasks = Tasks::new(database.clone(), news.clone());
    let backend =
        Backend { process: process.clone(), database: database.clone(), tasks, sidecar: sidecar.clone() };
    let sending = async {
        let Some(sidecar) = sidecar else {
            log::warn("no sidecar (DAPR_ENABLED): events stay in the outbox", &[]);
            return std::future::pending().await;
        };
        Outbox::new(database, sidecar, news, process.clone()).run().await
    };
    tokio::select! {
        result = server::serve(&config, &process, routes(backend), stop) => result,
        never = sending => match never {},
    }
}

fn routes(backend: Backend) -> Router {
    let backend = Arc::new(backend);
    Router::new()
        .route("/ready", get(ready))
        .route("/readyz", get(ready))
        .route("/api/health", get(api_health))
        .with_state(backend.clone())
        .merge(api::routes(backend))
}

/// Ready when the database answers and, with Dapr, the sidecar does.
async fn ready(State(backend): State<Arc<Backend>>) -> Response {
    let process = &backend.process;
    if let Some(reason) = process.unready() {
        return process.not_ready(reason);
    }
    let sidecar = async {
        match &backend.sidecar {
            Some(sidecar) => sidecar.healthy().await.map(|()| "healthy"),
            None => Ok("none"),
        }
    };
    match tokio::join!(backend.database.reachable(), sidecar) {
        (Ok(()), Ok(sidecar)) => process.well(&[("database", "reachable"), ("sidecar", sidecar)]),
        (Err(reason), _) => process.not_ready(&format!("database: {reason}")),
        (Ok(()), Err(reason)) => process.not_ready(&format!("sidecar: {reason}")),
    }
}

/// Health and readiness in one answer.
async fn api_health(State(backend): State<Arc<Backend>>) -> Response {
    match backend.process.sick() {
        Some(answer) => answer,
        None => ready(State(backend)).await,
    }
}

#[cfg(test)]
mod tests;
