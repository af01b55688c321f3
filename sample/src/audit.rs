//! The audit service: keeps a log of what happened to the tasks.
//!
//! Owns `/log`. What it keeps is the event as it came.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;

use crate::config::Config;
use crate::consumer::{self, Consumer, Refusal, Search, Taken};
use crate::event::Event;
use crate::ledger::{Entry, Ledger};
use crate::server::{self, Process};
use crate::sidecar::Sidecar;
use crate::signals::Stop;

pub(crate) struct Audit {
    ledger: Ledger,
}

impl Consumer for Audit {
    async fn take(&self, event: Event) -> Result<Taken, Refusal> {
        let kept = self.ledger.keep(&Entry::of(&event, None)).await.map_err(Refusal::Later)?;
        Ok(if kept { Taken::New } else { Taken::Duplicate })
    }

    fn sidecar(&self) -> &Sidecar {
        self.ledger.sidecar()
    }
}

/// Takes events and answers questions about them.
pub(crate) async fn run(config: Config, stop: Stop) -> Result<(), String> {
    let process = Process::new(config.role, config.faults.clone());
    let routes = routes(&process, Sidecar::new(config.sidecar()?)?);
    server::serve(&config, &process, routes, stop).await
}

pub(crate) fn routes(process: &Arc<Process>, sidecar: Sidecar) -> Router {
    let audit = Arc::new(Audit { ledger: Ledger::new(sidecar) });
    Router::new()
        .route(
            "/log",
            get(async |State(audit): State<Arc<Audit>>, search: Query<Search>| {
                consumer::search(&audit.ledger, search).await
            }),
        )
        .with_state(audit.clone())
        .merge(consumer::routes(process, &audit))
}
