//! Owns holding an environment: the Lease that is both lock and open run, from its creation to its end.
//! Refuses to decide what is done with an abandoned one (`environment`) and to know what it says (`world::lease`).
//!
//! Clocks of two machines are never compared, so a wrong clock can do no harm. A holder changes something only while
//! its last renewal is younger than `FRESH`, on its own clock; somebody else takes over only after it has itself seen
//! nothing of the holder for the whole duration of the Lease, or when the holder's process is gone from the same host.

mod clock;
mod process;
mod take;
mod watch;

pub use process::{LocalLock, Presence, presence, this_process};
pub use take::{Claim, Claimed, claim, discard, read, remove, take_over};
pub use watch::Silence;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch as channel;
use tokio::time::Instant;

use self::clock::Moment;
use crate::cluster::Connection;
use todoctl_plan::world::lease::{self, Lease, patch};

/// Pause between two renewals.
const RENEW: Duration = Duration::from_secs(5);
/// How old the last renewal may be when something is changed: well below the duration of the Lease, so that a change
/// that begins now has begun before anybody may take over.
const FRESH: Duration = Duration::from_secs(20);
/// How often a change waits for a renewal that fails.
const TRIES: u32 = 5;
/// Pause between these.
const AGAIN: Duration = Duration::from_secs(2);

/// How long releasing is tried: the API server may be away for a moment.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same when it says no: a server that has just started does not know all rights yet.
const FIRM: Duration = Duration::from_secs(6);

/// What a Lease that stays means; the next run finds out that its holder is gone.
const NOT_RELEASED: &str =
    "the lock was not released, the next run takes it over and undoes what is not marked as verified";

/// A Lease that is held.
pub struct Lock {
    cluster: Connection,
    namespace: String,
    identity: String,
    state: Mutex<State>,
    lost: channel::Sender<Option<Loss>>,
    /// Locked as long as this process or a changing child of it lives.
    local: Option<LocalLock>,
}

/// How a Lease was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// In one line.
    pub why: String,
    /// Whether somebody else holds it now, and so undoes this run.
    pub has_heir: bool,
}

struct State {
    resource_version: String,
    renewed: Moment,
    ended: bool,
}

impl Lock {
    /// Holds what was just created or taken over, and renews it from now on.
    fn start(
        cluster: &Connection,
        namespace: &str,
        identity: &str,
        (resource_version, renewed): (String, Moment),
        local: Option<LocalLock>,
    ) -> Arc<Self> {
        let lock = Arc::new(Self {
            cluster: cluster.clone(),
            namespace: namespace.to_owned(),
            identity: identity.to_owned(),
            state: Mutex::new(State { resource_version, renewed, ended: false }),
            lost: channel::Sender::new(None),
            local,
        });
        tokio::spawn(renewing(Arc::downgrade(&lock)));
        lock
    }

    /// The file that changing children inherit.
    pub fn local(&self) -> Option<&LocalLock> {
        self.local.as_ref()
    }

    /// Tells once the Lease is lost.
    pub fn lost(&self) -> channel::Receiver<Option<Loss>> {
        self.lost.subscribe()
    }

    /// Asked before every change. Costs nothing while the last renewal is young; else renews first. An error says why
    /// nothing may be changed any more.
    pub async fn gate(&self) -> Result<(), String> {
        for left in (0..TRIES).rev() {
            if let Some(loss) = self.lost.borrow().clone() {
                return Err(loss.why);
            }
            if self.state().renewed.age() < FRESH {
                return Ok(());
            }
            match self.renew().await {
                Ok(()) => {}
                Err(why) if left == 0 => return Err(format!("the lock could not be renewed: {why}")),
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
        Ok(())
    }

    /// Removes the Lease: the run has ended and left no work. An error is a warning; the next run finds a dead holder.
    pub async fn release(&self) -> Result<(), String> {
        let version = self.end();
        let begun = Instant::now();
        while let Err((why, may_pass)) = self.released(&version).await {
            let patience = if may_pass { PATIENCE } else { FIRM };
            if begun.elapsed() + AGAIN > patience {
                return Err(format!("{NOT_RELEASED}: {why}"));
            }
            tokio::time::sleep(AGAIN).await;
        }
        self.forget_local();
        Ok(())
    }

    /// Tries once. What is not this holder's any more is left alone. An error says whether it may pass by itself.
    async fn released(&self, version: &str) -> Result<(), (String, bool)> {
        let look = lease::look(&self.namespace);
        // A renewal may have been under way, or may have been lost on its way back: then the version is another.
        if self.cluster.delete(&look, lease::NAME, Some(version)).await.is_ok() {
            return Ok(());
        }
        match self.read().await.map_err(|why| (why, true))? {
            Some(lease) if lease.identity == self.identity => {
                let version = Some(lease.resource_version.as_str());
                let removed = self.cluster.delete(&look, lease::NAME, version).await;
                removed.map_err(|refusal| (refusal.to_string(), refusal.may_pass()))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Leaves the Lease with its undo list to whoever comes next.
    pub async fn leave(&self) -> Result<(), String> {
        self.end();
        self.patch(&patch::leaving(&self.identity)).await?;
        self.forget_local();
        Ok(())
    }

    /// Removes the local file, once the Lease does not name this process any more. While it does, the file tells the
    /// next run on this host that the holder is gone; without it that run would have to wait for the Lease's silence.
    fn forget_local(&self) {
        if let Some(local) = &self.local {
            local.remove();
        }
    }

    /// Stops renewing; gives the last version that is known.
    fn end(&self) -> String {
        let mut state = self.state();
        state.ended = true;
        state.resource_version.clone()
    }

    /// Renews once. An error is a renewal that failed; a loss is told to `lost`.
    async fn renew(&self) -> Result<(), String> {
        // The age counts from before the request: it may be answered late.
        let begun = Moment::now();
        let complaint = match self.patch(&patch::renewal(&self.identity, Timestamp::now())).await {
            Ok(version) => {
                self.renewed(version, begun);
                return Ok(());
            }
            Err(complaint) => complaint,
        };
        // What a refused test looks like is not relied on: who holds it now is read.
        let now = self.read().await?;
        if self.state().ended {
            return Ok(());
        }
        match now {
            Some(lease) if lease.identity == self.identity => Err(complaint),
            Some(lease) => {
                let why = format!("the lock was taken over by {}", lease.holder.story());
                self.lose(Loss { why, has_heir: true });
                Ok(())
            }
            None => {
                let why = "the lock was removed by somebody else, or went with its namespace".to_owned();
                self.lose(Loss { why, has_heir: false });
                Ok(())
            }
        }
    }

    fn renewed(&self, version: String, at: Moment) {
        let mut state = self.state();
        (state.resource_version, state.renewed) = (version, at);
    }

    fn lose(&self, loss: Loss) {
        self.lost.send_replace(Some(loss));
    }

    async fn read(&self) -> Result<Option<Lease>, String> {
        read(&self.cluster, &self.namespace).await
    }

    /// Its new version.
    async fn patch(&self, patch: &Value) -> Result<String, String> {
        let patched = self.cluster.patch(&lease::look(&self.namespace), lease::NAME, patch).await;
        patched.map_err(|refusal| refusal.to_string())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Renews as long as the lock exists and is neither lost nor ended.
async fn renewing(lock: Weak<Lock>) {
    loop {
        tokio::time::sleep(RENEW).await;
        let Some(lock) = lock.upgrade() else { return };
        if lock.state().ended || lock.lost.borrow().is_some() {
            return;
        }
        // A failed renewal is tried again; what it means is decided by `gate`, before a change.
        let _ = lock.renew().await;
    }
}

#[cfg(test)]
mod tests;
