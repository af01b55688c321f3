//! The backend: the task API, with the tasks in PostgreSQL so that all replicas agree.
//!
//! Owns its routes and its readiness. The paths of the API are in `api`, the SQL in `store`.

mod api;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::config::Config;
use crate::server::{self, Process};
use crate::signals::Stop;
use store::Store;

/// What the backend's requests share.
struct Backend {
    process: Arc<Process>,
    store: Store,
}

/// Serves the task API. A database that is not there yet makes it unready, not end.
pub(crate) async fn run(config: Config, stop: Stop) -> Result<(), String> {
    let store = Store::new(&config.database_url)?;
    let process = Process::new(config.role, config.faults.clone());
    let backend = Arc::new(Backend { process: process.clone(), store });
    let routes = Router::new()
        .route("/ready", get(ready))
        .route("/readyz", get(ready))
        .route("/api/health", get(api_health))
        .with_state(backend.clone())
        .merge(api::routes(backend));
    server::serve(&config, &process, routes, stop).await
}

async fn ready(State(backend): State<Arc<Backend>>) -> Response {
    let process = &backend.process;
    if let Some(reason) = process.unready() {
        return process.not_ready(reason);
    }
    match backend.store.reachable().await {
        Ok(()) => process.well(&[("database", "reachable")]),
        Err(reason) => process.not_ready(&format!("database: {reason}")),
    }
}

/// Health and readiness in one answer.
async fn api_health(State(backend): State<Arc<Backend>>) -> Response {
    match backend.process.sick() {
        Some(answer) => answer,
        None => ready(State(backend)).await,
    }
}
