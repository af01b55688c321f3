//! Owns writing what todoctl keeps for itself at the end of a run: side by side, again when an answer was lost. A failure is
//! a warning: the deployment stands.

use std::time::Duration;

use futures_util::future::join_all;

use super::Engine;
use crate::cluster::{Connection, Refusal};
use todoctl_plan::bookkeeping::{Entry, Write};
use todoctl_plan::event::Event;

/// How often one thing is tried to write.
const TRIES: u32 = 3;
/// Pause before it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Writes entries, under the title of the work that they are.
    pub(super) async fn keep(&self, title: &str, entries: &[Entry]) {
        let Some(cluster) = self.cluster.as_ref().filter(|_| !entries.is_empty()) else { return };
        if let Some(lock) = &self.lock
            && let Err(why) = lock.gate().await
        {
            return self.not_kept(title, &why);
        }
        let writes: Vec<Write> = entries.iter().flat_map(Entry::writes).collect();
        let done = join_all(writes.iter().map(|write| written(cluster, write))).await;
        // One reason is enough: as a rule all have the same.
        if let Some(refusal) = done.into_iter().find_map(Result::err) {
            self.not_kept(title, &refusal.to_string());
        }
    }

    fn not_kept(&self, title: &str, why: &str) {
        self.events.emit(Event::Warning { message: format!("could not {title}: {why}") });
    }
}

async fn written(cluster: &Connection, write: &Write) -> Result<(), Refusal> {
    let mut tries = 1;
    loop {
        match cluster.write(write).await {
            Err(refusal) if tries < TRIES && refusal.may_pass() => {
                tries += 1;
                tokio::time::sleep(AGAIN).await;
            }
            answer => return answer,
        }
    }
}
