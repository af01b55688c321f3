//! Owns when this command started the cluster, if it did. The API server keeps what it knew of pods over a stop, and says
//! `Ready` of pods that are gone until their kubelet has looked again; so what began before that moment proves nothing.
//! The moment is told by the API server's clock: a virtual machine's may differ from ours, above all after a sleep.

use std::sync::OnceLock;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::Environment;
use todoctl_plan::health::clock;
use todoctl_plan::world::{Access, World};

/// When this command started the cluster, after everything in it had ended.
#[derive(Debug, Default)]
pub(super) struct Restart(OnceLock<Timestamp>);

impl Restart {
    /// Tells a world that was just read.
    pub(super) fn tell(&self, world: &mut World) {
        if let Some(at) = self.0.get() {
            world.live.was_restarted(*at);
        }
    }
}

impl Environment {
    /// Notes that this command has started a cluster in which everything had ended, and when it began to. A cluster
    /// that does not tell its time is taken to have ours.
    pub async fn has_started_anew(&self, access: &Access, began: Instant) {
        let told = match self.connection(access).await {
            Ok(cluster) => cluster.would_create(&clock::probed(), &clock::probe()).await.ok(),
            Err(_) => None,
        };
        let told = told.as_ref().and_then(clock::told);
        // Measured after the answer, and a whole second more, because a creation time has no parts of one: too early by
        // a little does no harm, since nothing begins shortly before a start; too late would doubt what is new.
        let ago =
            SignedDuration::try_from(began.elapsed()).unwrap_or_default() + SignedDuration::from_secs(1);
        let at = told.unwrap_or_else(Timestamp::now) - ago;
        self.restart.0.get_or_init(|| at);
    }
}
