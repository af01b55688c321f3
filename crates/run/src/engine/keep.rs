//! Owns writing what todoctl keeps for itself at the end of a run: side by side, and again while the API server is away, as
//! long as the lock is held. A failure is a warning: the deployment stands.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::Engine;
use crate::cluster::Refusal;
use todoctl_plan::bookkeeping::{Entry, Write};
use todoctl_plan::event::Event;

/// How long writing is tried: a deployment that is not marked as verified, and whose lock cannot be released either, is
/// undone by the next run.
const LIMIT: Duration = Duration::from_mins(1);
/// Pause before it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Writes entries, under the title of the work that they are. Tells whether all of them are written.
    pub(super) async fn keep(&self, title: &str, entries: &[Entry]) -> bool {
        let done = self.written(entries).await;
        if let Err(why) = &done {
            self.events.emit(Event::Warning { message: format!("could not {title}: {why}") });
        }
        done.is_ok()
    }

    async fn written(&self, entries: &[Entry]) -> Result<(), String> {
        let Some(cluster) = self.cluster.as_ref().filter(|_| !entries.is_empty()) else { return Ok(()) };
        let mut left: Vec<Write> = entries.iter().flat_map(Entry::writes).collect();
        let until = Instant::now() + LIMIT;
        loop {
            // Before every try: what is written after the lock was lost would be about somebody else's run.
            if let Some(lock) = &self.lock {
                lock.gate().await?;
            }
            let done = join_all(left.iter().map(|write| cluster.write(write))).await;
            let mut refusals = Vec::new();
            left = left
                .into_iter()
                .zip(done)
                .filter_map(|(write, done)| {
                    refusals.push(done.err()?);
                    Some(write)
                })
                .collect();
            // One reason is enough: as a rule all have the same.
            let Some(refusal) = refusals.first() else { return Ok(()) };
            let may_pass = refusals.iter().all(Refusal::may_pass);
            if !may_pass || Instant::now() + AGAIN > until {
                return Err(refusal.to_string());
            }
            sleep(AGAIN).await;
        }
    }
}
