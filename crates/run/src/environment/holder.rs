//! Owns this process as the holder of a Lease, with the file that shows that it lives.

use jiff::Timestamp;

use super::Environment;
use crate::lock::{LocalLock, this_process};
use todoctl_plan::world::lease::Holder;

impl Environment {
    /// With a locked file when one can be made: without it, only time frees its Lease.
    pub(super) fn holder(&self, command: &str) -> (Holder, Option<LocalLock>) {
        let folder = self.host.runtime.as_ref();
        let local = folder.and_then(|folder| LocalLock::create(folder, &self.run).ok());
        let holder = this_process(Holder {
            identity: format!("{}.{:016x}", self.run, rand::random::<u64>()),
            command: command.to_owned(),
            who: self.host.who.clone(),
            url: self.host.job.clone(),
            since: Timestamp::now(),
            boot: String::new(),
            pid_namespace: String::new(),
            pid: 0,
            started: 0,
            lock: local.as_ref().map(|local| local.path().to_owned()),
        });
        (holder, local)
    }
}
