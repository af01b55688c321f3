//! Owns whether the holder of a Lease still lives on this very host: by boot, process namespace, process id and start
//! time, and by a file that it has locked and that its changing children inherit.
//! Refuses to conclude anything about another host, or from a file that is not there.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use todoctl_plan::world::lease::Holder;

/// What can be said of a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Its process lives on this host.
    Living,
    /// Its process is gone from this host, and a command that it began is still at work.
    Orphans,
    /// Its process is gone from this host, and nothing that it began is at work.
    Gone,
    /// Nothing: it is elsewhere, or its file is not there.
    Unknown,
}

/// A locked file. The kernel unlocks it when the last process ends that has it open.
#[derive(Debug, Clone)]
pub struct LocalLock {
    path: PathBuf,
    file: Arc<File>,
}

impl LocalLock {
    /// Creates and locks a file in a folder, which is made for this user alone.
    pub fn create(folder: &Path, run: &str) -> std::io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join(format!("{run}.lock"));
        let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => std::io::Error::other(format!("{} is locked", path.display())),
        })?;
        Ok(Self { path, file: Arc::new(file) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Removes it; nothing is lost when that fails.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Fills in what this process is, as far as the system tells.
pub fn this_process(holder: Holder) -> Holder {
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    Holder {
        boot: boot(),
        pid_namespace: namespace(),
        pid,
        started: started(pid).unwrap_or_default(),
        ..holder
    }
}

/// Whether a holder lives.
pub fn presence(holder: &Holder) -> Presence {
    let here = !holder.boot.is_empty()
        && !holder.pid_namespace.is_empty()
        && holder.boot == boot()
        && holder.pid_namespace == namespace();
    if !here {
        return Presence::Unknown;
    }
    if started(holder.pid) == Some(holder.started) {
        return Presence::Living;
    }
    let Some(file) = holder.lock.as_ref().and_then(|path| File::open(path).ok()) else {
        return Presence::Unknown;
    };
    match file.try_lock_shared() {
        Ok(()) => Presence::Gone,
        Err(TryLockError::WouldBlock) => Presence::Orphans,
        Err(TryLockError::Error(_)) => Presence::Unknown,
    }
}

/// Removes the file of a holder that is gone from this host.
pub(super) fn sweep(holder: &Holder) {
    if let (Presence::Gone, Some(path)) = (presence(holder), &holder.lock) {
        let _ = fs::remove_file(path);
    }
}

fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    id.map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid");
    link.map(|path| path.display().to_string()).unwrap_or_default()
}

/// When a process started, in clock ticks since boot (proc(5), field 22); a zombie is gone.
fn started(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if fields.first() == Some(&"Z") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(lock: Option<PathBuf>) -> Holder {
        this_process(Holder {
            identity: "r1.0".into(),
            command: "up".into(),
            who: "me".into(),
            url: None,
            since: jiff::Timestamp::UNIX_EPOCH,
            boot: String::new(),
            pid_namespace: String::new(),
            pid: 0,
            started: 0,
            lock,
        })
    }

    #[test]
    fn a_process_id_that_is_used_again_is_not_the_holder() {
        let folder = tempfile::tempdir().unwrap();
        let lock = LocalLock::create(folder.path(), "r1").unwrap();
        let me = holder(Some(lock.path().to_owned()));
        assert_eq!(presence(&me), Presence::Living);
        let before = Holder { started: me.started - 1, ..me };
        assert_eq!(presence(&before), Presence::Orphans, "the file is still locked");
        drop(lock);
        assert_eq!(presence(&before), Presence::Gone);
        fs::remove_file(before.lock.as_ref().unwrap()).unwrap();
        assert_eq!(presence(&before), Presence::Unknown, "a file that is not there proves nothing");
    }

    #[test]
    fn nothing_is_concluded_about_another_host_or_container() {
        let folder = tempfile::tempdir().unwrap();
        let lock = LocalLock::create(folder.path(), "r1").unwrap();
        let me = Holder { started: 1, ..holder(Some(lock.path().to_owned())) };
        drop(lock);
        assert_eq!(presence(&me), Presence::Gone);
        assert_eq!(presence(&Holder { boot: "other".into(), ..me.clone() }), Presence::Unknown);
        assert_eq!(presence(&Holder { pid_namespace: "pid:[1]".into(), ..me.clone() }), Presence::Unknown);
        assert_eq!(presence(&Holder { boot: String::new(), ..me }), Presence::Unknown);
    }
}
