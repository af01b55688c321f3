//! Owns how many helm and kubectl processes run at once, whoever starts them: each is a program of 60 to 80 MB that
//! compares and renders, so more of them than the machine can work on only get in each other's way.
//! Builders and clusters are not counted: they are few, and last.

use std::fs;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::thread::available_parallelism;

use todoctl_core::invocation::Tool;

/// More than there are cores: a process also waits for the API server.
const WAITING: usize = 2;
/// Bytes that one of them may take (helm 4 at its peak, with a chart of 60 objects).
const SIZE: u64 = 128 * 1024 * 1024;

/// Lets so many in at once.
pub(super) struct Gate {
    free: Mutex<usize>,
    left: Condvar,
}

/// Taken until it is dropped.
pub(super) struct Place<'a>(&'a Gate);

impl Gate {
    fn new(places: usize) -> Self {
        Self { free: Mutex::new(places.max(1)), left: Condvar::new() }
    }

    /// The one of this process.
    pub(super) fn of_machine() -> &'static Self {
        static GATE: OnceLock<Gate> = OnceLock::new();
        GATE.get_or_init(|| {
            let cores = available_parallelism().map_or(2, usize::from);
            let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
            Self::new(places(cores, memory))
        })
    }

    /// Waits for a place; nothing for a tool that needs none.
    pub(super) fn enter(&self, tool: &Tool) -> Option<Place<'_>> {
        match tool {
            Tool::Helm | Tool::Kubectl => {}
            Tool::Docker | Tool::Minikube | Tool::Oci | Tool::Project(_) => return None,
        }
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.left.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Some(Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.left.notify_one();
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn never_more_are_inside_than_there_are_places() {
        let (gate, inside, most) = (Gate::new(3), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let _place = gate.enter(&Tool::Helm);
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        let most = most.load(Ordering::SeqCst);
        assert!((1..=3).contains(&most), "{most}");
        let all: Vec<_> = (0..3).map(|_| gate.enter(&Tool::Kubectl)).collect();
        assert!(gate.enter(&Tool::Docker).is_none(), "a builder waits for nobody");
        drop(all);
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
