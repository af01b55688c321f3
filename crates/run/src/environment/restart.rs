//! Owns when this command started the cluster, if it did. The API server keeps what it knew of pods over a stop, and says
//! `Ready` of pods that are gone until their kubelet has looked again; so what began before that moment proves nothing.
//! The moment is told by the API server's clock: a virtual machine's may differ from ours, above all after a sleep.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::Environment;
use crate::survey;
use todoctl_plan::health::clock;
use todoctl_plan::tool::kubectl::Kubectl;
use todoctl_plan::world::{Access, World};

/// What is known of the cluster's start.
#[derive(Debug, Default)]
pub(super) struct Restart {
    /// Whether everything that ran in it had ended, when it was last seen down.
    ended: AtomicBool,
    /// When this command started it.
    at: OnceLock<Timestamp>,
}

impl Restart {
    /// Notes what a provider says of a cluster that does not run.
    pub(super) fn saw_down(&self, ended: bool) {
        self.ended.store(ended, Ordering::Relaxed);
    }

    /// Tells a world that was just read.
    pub(super) fn tell(&self, world: &mut World) {
        if let Some(at) = self.at.get() {
            world.live.was_restarted(*at);
        }
    }
}

impl Environment {
    /// Notes that this command has started the cluster, and when it began to. A cluster that does not tell its time is
    /// taken to have ours.
    pub async fn has_started(&self, access: &Access, began: Instant) {
        if !self.restart.ended.load(Ordering::Relaxed) {
            return;
        }
        let question = Kubectl::new(access).would_create(&clock::probe());
        let told = match survey::call(&self.runner(Some(access), None), question).await {
            Ok(output) if output.is_success() => clock::told(&output.stdout),
            Ok(_) | Err(_) => None,
        };
        // Measured after the answer, and a whole second more, because a creation time has no parts of one: too early by
        // a little does no harm, since nothing begins shortly before a start; too late would doubt what is new.
        let ago =
            SignedDuration::try_from(began.elapsed()).unwrap_or_default() + SignedDuration::from_secs(1);
        let at = told.unwrap_or_else(Timestamp::now) - ago;
        self.restart.at.get_or_init(|| at);
    }
}
