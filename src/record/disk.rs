//! The record on the disk of this machine: `open.json`, and a lock file that the kernel frees when its holder dies.
//! Children inherit neither: std opens files close-on-exec.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Found, OpenRun, Record};

/// A record in a folder.
#[derive(Debug)]
pub struct DiskRecord {
    folder: PathBuf,
    lock: Mutex<Option<File>>,
}

impl DiskRecord {
    /// In a folder, which is created when it is missing.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), lock: Mutex::new(None) }
    }

    fn file(&self) -> PathBuf {
        self.folder.join("open.json")
    }

    fn read(&self) -> Result<Option<OpenRun>, String> {
        match fs::read(self.file()) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
                format!(
                    "{} is not readable: {error}; if no run is under way, remove it",
                    self.file().display()
                )
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("cannot read {}: {error}", self.file().display())),
        }
    }
}

/// Tries for a moment: between fork and exec a child of a run that just ended still holds its copy of the lock.
fn patient_lock(file: &File) -> Result<(), TryLockError> {
    let patience = Instant::now() + Duration::from_millis(300);
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < patience => {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

impl Record for DiskRecord {
    fn take(&self) -> Result<Found, String> {
        let path = self.folder.join("lock");
        let opened = fs::create_dir_all(&self.folder)
            .and_then(|()| File::options().create(true).append(true).open(&path));
        let file = opened.map_err(|error| format!("cannot open {}: {error}", path.display()))?;
        match patient_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let held =
                    "another todoctl holds the environment and has not said what it does yet; try again"
                        .to_owned();
                return self.read()?.map(|run| Found::Held(Box::new(run))).ok_or(held);
            }
            Err(TryLockError::Error(error)) => {
                return Err(format!("cannot lock {}: {error}", path.display()));
            }
        }
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(self.read()?.map_or(Found::Free, |run| Found::Abandoned(Box::new(run))))
    }

    fn open(&self, run: &OpenRun) -> Result<(), String> {
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(&serde_json::to_vec_pretty(run)?)?;
            file.as_file().sync_all()?;
            file.persist(self.file())?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|error| format!("cannot write {}: {error}", self.file().display()))
    }

    fn close(&self) -> Result<(), String> {
        match fs::remove_file(self.file()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("cannot remove {}: {error}", self.file().display()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::StepInfo;
    use crate::record::OpenStep;
    use crate::step::{Change, Guard, Reversal, StepId, Undo};

    fn run() -> OpenRun {
        let info = StepInfo {
            step: StepId::of("release", "backend"),
            title: "release backend".into(),
            order: 6,
            needs: vec![],
            change: Change::Create { to: "revision 1".into() },
        };
        let back = Reversal::Release {
            release: "backend".into(),
            namespace: "todo".into(),
            to: Some(3),
            keep_history: true,
        };
        OpenRun {
            run: "r1".into(),
            command: "up".into(),
            holder: "me".into(),
            since: jiff::Timestamp::UNIX_EPOCH,
            steps: vec![OpenStep {
                info,
                undo: Undo::Commands {
                    reversals: vec![back],
                    guard: Guard::Always,
                    checks: vec![],
                    returns: None,
                    stays: None,
                },
            }],
        }
    }

    #[test]
    fn a_second_run_is_told_who_holds_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (DiskRecord::new(folder.path()), DiskRecord::new(folder.path()));
        assert!(matches!(first.take(), Ok(Found::Free)));
        first.open(&run()).unwrap();
        assert!(matches!(second.take(), Ok(Found::Held(run)) if run.holder == "me"));
        first.close().unwrap();
        drop(first);
        assert!(matches!(second.take(), Ok(Found::Free)));
    }

    #[test]
    fn a_run_that_died_leaves_its_undo() {
        let folder = tempfile::tempdir().unwrap();
        let dead = DiskRecord::new(folder.path());
        assert!(matches!(dead.take(), Ok(Found::Free)));
        dead.open(&run()).unwrap();
        drop(dead);
        let Ok(Found::Abandoned(found)) = DiskRecord::new(folder.path()).take() else {
            panic!("not abandoned")
        };
        let Undo::Commands { reversals, .. } = &found.steps[0].undo else { panic!("no undo") };
        assert!(matches!(&reversals[0], Reversal::Release { to: Some(3), .. }), "{reversals:?}");
    }

    #[test]
    fn a_damaged_record_is_an_error_and_never_an_absence() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("open.json"), "{\"run\":").unwrap();
        let error = DiskRecord::new(folder.path()).take().unwrap_err();
        assert!(error.contains("open.json is not readable"), "{error}");
    }
}
