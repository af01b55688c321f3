//! Owns the watch streams: one process per kind and namespace, shared by everything that waits.
//! Refuses to judge what they say (`health`).
//!
//! A stream that ends is opened again, with a new list. No event marks the end of a list, so a stream never proves
//! that something is absent; whoever needs that reads again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::runner::{SharedRunner, StreamGuard};
use todoctl_plan::tool::kubectl::Kubectl;
use todoctl_plan::world::Access;
use todoctl_plan::world::live::{Kind, Live};

/// What is live, kept current.
pub(super) struct Hub {
    runner: SharedRunner,
    kubectl: Option<Kubectl>,
    live: Mutex<Live>,
    changes: watch::Sender<u64>,
    streams: Mutex<BTreeMap<(String, &'static str), Option<StreamGuard>>>,
    /// Streams that were opened before: the next opening replaces what the last one told.
    opened: Mutex<BTreeSet<(String, &'static str)>>,
}

impl Hub {
    /// Starting from what was read; opens no stream yet.
    pub(super) fn new(runner: &SharedRunner, access: Option<&Access>, live: Live) -> Arc<Self> {
        Arc::new(Self {
            runner: SharedRunner::clone(runner),
            kubectl: access.map(Kubectl::new),
            live: Mutex::new(live),
            changes: watch::Sender::new(0),
            streams: Mutex::new(BTreeMap::new()),
            opened: Mutex::new(BTreeSet::new()),
        })
    }

    /// What is live now.
    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notifies of changes.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Takes in what a read gave.
    pub(super) fn absorb(&self, objects: Vec<serde_json::Value>) -> Result<(), String> {
        self.live().merge(objects)?;
        self.changed();
        Ok(())
    }

    /// Opens the streams of some kinds in a namespace that are not open. A stream that cannot be opened is tried again.
    pub(super) fn watch(self: &Arc<Self>, namespace: &str, kinds: &[Kind]) -> Result<(), String> {
        let Some(kubectl) = &self.kubectl else {
            return Ok(());
        };
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = &mut self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        for &(kind, object) in kinds {
            let slot = streams.entry((namespace.to_owned(), kind)).or_default();
            if slot.is_some() {
                continue;
            }
            // Workloads that were read stay known until the stream tells of them; pods come and go too fast for that.
            let first = !opened.contains(&(namespace.to_owned(), kind));
            if !first || matches!(object, "Pod" | "ReplicaSet") {
                self.live().forget(object, namespace);
            }
            opened.insert((namespace.to_owned(), kind));
            let stream = self.runner.stream(&kubectl.watch(namespace, kind), self.sink(namespace, kind));
            *slot = Some(stream.map_err(|error| format!("cannot watch {kind}: {error}"))?);
        }
        Ok(())
    }

    fn sink(self: &Arc<Self>, namespace: &str, kind: &'static str) -> crate::runner::ValueSink {
        // Weak: the hub owns the stream, not the other way round.
        let (hub, namespace) = (Arc::downgrade(self), namespace.to_owned());
        Box::new(move |value| {
            let Some(hub) = hub.upgrade() else {
                return false;
            };
            if let Some(event) = value {
                hub.live().event(&event);
            } else {
                let key = (namespace.clone(), kind);
                let ended = hub.streams.lock().unwrap_or_else(PoisonError::into_inner).insert(key, None);
                drop(ended);
            }
            hub.changed();
            true
        })
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}
