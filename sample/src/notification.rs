//! The notification service: tells users what happened to their tasks.
//!
//! Owns the texts and `/events`. There is nobody to send to: a notification is kept, and can be read there.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;

use crate::config::Config;
use crate::consumer::{self, Consumer, Refusal, Search, Taken};
use crate::event::{Event, Kind};
use crate::ledger::{Entry, Ledger};
use crate::server::{self, Process};
use crate::sidecar::Sidecar;
use crate::signals::Stop;

pub(crate) struct Notification {
    ledger: Ledger,
}

impl Consumer for Notification {
    async fn take(&self, event: Event) -> Result<Taken, Refusal> {
        let entry = Entry::of(&event, Some(text(&event)));
        let kept = self.ledger.keep(&entry).await.map_err(Refusal::Later)?;
        Ok(if kept { Taken::New } else { Taken::Duplicate })
    }

    fn sidecar(&self) -> &Sidecar {
        self.ledger.sidecar()
    }
}

/// What a user is told.
fn text(event: &Event) -> String {
    let title = &event.task.title;
    match event.kind {
        Kind::Created => format!("New task: {title}"),
        Kind::Completed => format!("Done: {title}"),
        Kind::Updated => format!("Changed: {title}"),
        Kind::Deleted => format!("Removed: {title}"),
    }
}

/// Takes events and answers questions about them.
pub(crate) async fn run(config: Config, stop: Stop) -> Result<(), String> {
    let process = Process::new(config.role, config.faults.clone());
    let routes = routes(&process, Sidecar::new(config.sidecar()?)?);
    server::serve(&config, &process, routes, stop).await
}

pub(crate) fn routes(process: &Arc<Process>, sidecar: Sidecar) -> Router {
    let notification = Arc::new(Notification { ledger: Ledger::new(sidecar) });
    Router::new()
        .route(
            "/events",
            get(async |State(notification): State<Arc<Notification>>, search: Query<Search>| {
                consumer::search(&notification.ledger, search).await
            }),
        )
        .with_state(notification.clone())
        .merge(consumer::routes(process, &notification))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::sample_task;

    #[test]
    fn says_what_happened() {
        let said = |kind| text(&Event::now(kind, sample_task(1, None, "milk"), "r"));
        assert_eq!(
            [Kind::Created, Kind::Completed, Kind::Updated, Kind::Deleted].map(said),
            ["New task: milk", "Done: milk", "Changed: milk", "Removed: milk"]
        );
    }
}
