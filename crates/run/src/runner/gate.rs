//! Owns how many helm and kubectl processes run at once, whoever starts them: each is a program of 60 to 80 MB that
//! compares and renders, so more of them than the machine can work on only get in each other's way.
//! Builders and clusters are not counted: they are few, and last.

use std::fs;
use std::sync::OnceLock;
use std::thread::available_parallelism;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Runner;
use todoctl_core::invocation::Tool;

/// More than there are cores: a process also waits for the API server.
const WAITING: usize = 2;
/// Bytes that one of them may take (helm 4 at its peak, with a chart of 60 objects).
const SIZE: u64 = 128 * 1024 * 1024;

/// The places of this machine.
pub(super) fn of_machine() -> &'static Semaphore {
    static GATE: OnceLock<Semaphore> = OnceLock::new();
    GATE.get_or_init(|| {
        let cores = available_parallelism().map_or(2, usize::from);
        let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
        Semaphore::new(places(cores, memory))
    })
}

/// Waits for a place of a process; nothing for a tool that needs none, or where nothing is counted. It is taken until it
/// is dropped. Asked before the lock is proved: what is proved must be done at once.
pub(crate) async fn place<'a>(runner: &'a dyn Runner, tool: &Tool) -> Option<SemaphorePermit<'a>> {
    match tool {
        // It is never closed.
        Tool::Helm | Tool::Kubectl => runner.gate()?.acquire().await.ok(),
        Tool::Docker | Tool::Minikube | Tool::Oci | Tool::Project(_) => None,
    }
}

/// How many fit; one always does.
fn places(cores: usize, available: Option<u64>) -> usize {
    let fitting = available.map_or(usize::MAX, |bytes| usize::try_from(bytes / SIZE).unwrap_or(usize::MAX));
    (cores + WAITING).min(fitting).max(1)
}

/// Bytes that processes can still take, as Linux tells; nothing elsewhere.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::runner::Heard;
    use todoctl_core::invocation::{Invocation, Output, RunError};

    /// One place.
    struct One(Semaphore);

    impl Runner for One {
        fn run(&self, _: &Invocation) -> Result<Output, RunError> {
            Ok(Output::default())
        }

        fn run_logged(&self, _: &Invocation, _: &str, _: Option<Heard<'_>>) -> Result<Output, RunError> {
            Ok(Output::default())
        }

        fn gate(&self) -> Option<&Semaphore> {
            Some(&self.0)
        }
    }

    #[tokio::test]
    async fn who_needs_a_place_waits_for_one_and_a_builder_for_nobody() {
        let runner = One(Semaphore::new(1));
        let first = place(&runner, &Tool::Helm).await;
        assert!(first.is_some() && place(&runner, &Tool::Docker).await.is_none());
        let mut second = std::pin::pin!(place(&runner, &Tool::Kubectl));
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        drop(first);
        assert!(second.await.is_some());
    }

    #[test]
    fn cores_and_memory_decide_and_one_always_fits() {
        let gib = 1024 * 1024 * 1024;
        assert_eq!([places(2, None), places(16, Some(64 * gib)), places(8, Some(gib / 2))], [4, 18, 4]);
        assert_eq!(places(8, Some(0)), 1);
        let text = "MemTotal:       24659572 kB\nMemAvailable:   23071604 kB\n";
        assert_eq!((available(text), available("")), (Some(23_071_604 * 1024), None));
    }
}
