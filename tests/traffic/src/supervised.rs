//! Owns a process that comes back whenever it ends, until its owner goes: what Kubernetes does with a container, without
//! the pauses that grow.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::process::Command;
use tokio::task::JoinHandle;

/// A process.
pub struct Supervised {
    pid: Arc<AtomicU32>,
    starts: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl Supervised {
    /// Starts what `command` makes, again and again. What it says goes to a file.
    pub fn start(log: &std::path::Path, command: impl Fn() -> Command + Send + 'static) -> Self {
        let log = std::fs::File::create(log).expect("the log can be written");
        let (pid, starts) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (known, counted) = (Arc::clone(&pid), Arc::clone(&starts));
        let task = tokio::spawn(async move {
            loop {
                let (out, error) = (log.try_clone().expect("a file"), log.try_clone().expect("a file"));
                let mut process = command()
                    .stdin(Stdio::null())
                    .stdout(out)
                    .stderr(error)
                    .kill_on_drop(true)
                    .spawn()
                    .expect("the program runs");
                counted.fetch_add(1, Ordering::Relaxed);
                known.store(process.id().unwrap_or(0), Ordering::Relaxed);
                let _ = process.wait().await;
                known.store(0, Ordering::Relaxed);
                // A program that cannot start must not take the whole machine.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { pid, starts, task }
    }

    /// Ends it as a crash does; it comes back.
    pub async fn kill(&self) {
        if let Some(pid) = self.pid() {
            // Only this child is meant.
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status().await;
        }
    }

    /// The id of the process, while there is one.
    pub fn pid(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::Relaxed)).filter(|pid| *pid != 0)
    }

    /// How often it was started.
    pub fn starts(&self) -> u32 {
        self.starts.load(Ordering::Relaxed)
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.task.abort();
    }
}
