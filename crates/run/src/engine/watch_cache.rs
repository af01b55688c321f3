//! Owns what is live while a run waits: one stream per kind and namespace, shared by everything that waits.
//! Refuses to judge what they say (`health`).
//!
//! A stream proves nothing about what it has not told yet; whoever needs an absence reads again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cluster::{Change, Connection, Refusal};
use todoctl_plan::look::{Look, Resource};
use todoctl_plan::world::live::Live;

/// What is live, kept current.
pub(super) struct Hub {
    cluster: Option<Connection>,
    live: Mutex<Live>,
    changes: watch::Sender<u64>,
    /// The streams that are open, and why one tells nothing at the moment.
    streams: Mutex<BTreeMap<(String, &'static str), Option<String>>>,
    /// Ended with this.
    tasks: Mutex<JoinSet<()>>,
}

impl Hub {
    /// Starting from what was read; opens no stream yet.
    pub(super) fn new(cluster: Option<&Connection>, live: Live) -> Arc<Self> {
        Arc::new(Self {
            cluster: cluster.cloned(),
            live: Mutex::new(live),
            changes: watch::Sender::new(0),
            streams: Mutex::default(),
            tasks: Mutex::default(),
        })
    }

    /// What is live now.
    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        held(&self.live)
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

    /// Opens the streams of some kinds in a namespace that are not open. An error says why one of them tells nothing at
    /// the moment; it is tried again all the time.
    pub(super) fn watch(self: &Arc<Self>, namespace: &str, kinds: &[Resource]) -> Result<(), String> {
        let Some(cluster) = &self.cluster else { return Ok(()) };
        let mut streams = held(&self.streams);
        for &kind in kinds {
            let key = (namespace.to_owned(), kind.kind);
            match streams.get(&key) {
                Some(None) => {}
                Some(Some(why)) => return Err(why.clone()),
                None => {
                    // Workloads that were read stay known until the stream tells of them; pods come and go too fast
                    // for that.
                    if matches!(kind.kind, "Pod" | "ReplicaSet") {
                        self.live().forget(kind.kind, namespace);
                    }
                    streams.insert(key.clone(), None);
                    self.follow(cluster, key, &Look::all(kind).within(namespace));
                }
            }
        }
        Ok(())
    }

    fn follow(self: &Arc<Self>, cluster: &Connection, key: (String, &'static str), look: &Look) {
        // Weak: the hub owns the task, not the other way round.
        let hub = Arc::downgrade(self);
        let mut changes = Box::pin(cluster.follow(look));
        held(&self.tasks).spawn(async move {
            while let Some(change) = changes.next().await {
                let Some(hub) = hub.upgrade() else { return };
                hub.take(&key, change);
            }
        });
    }

    fn take(&self, key: &(String, &'static str), change: Result<Change, Refusal>) {
        let (namespace, kind) = key;
        let taken = match change {
            Ok(Change::All(objects)) => self.live().replace(kind, namespace, objects),
            Ok(Change::Put(object)) => self.live().merge([object]),
            Ok(Change::Gone(object)) => {
                self.live().remove(&object);
                Ok(())
            }
            Err(refusal) => Err(refusal.to_string()),
        };
        held(&self.streams)
            .insert(key.clone(), taken.err().map(|why| format!("cannot watch {kind}s: {why}")));
        self.changed();
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
