//! Owns looking at this machine: disk, memory, processors, listening ports, todoctl's own folder, docker's logins.

use std::path::{Path, PathBuf};

use crate::folders;
use todoctl_advice::doctor::machine::{MachineRoom, meminfo};
use todoctl_advice::doctor::ports::listening;
use todoctl_advice::doctor::{Area, Finding};

/// Whether todoctl can write its files.
pub(super) fn state_folder(folder: &Path) -> Vec<Finding> {
    let what = "todoctl's folder";
    match tempfile::tempfile_in(folder) {
        Ok(_) => Vec::new(),
        Err(error) => {
            let fix = "make it writable, or set TODOCTL_STATE to another folder";
            vec![Finding::failed(Area::Machine, what, format!("{}: {error}", folder.display()), fix)]
        }
    }
}

/// What this machine has. `disk` is the folder whose disk is asked.
pub(super) fn room(disk: &Path) -> MachineRoom {
    let (memory, free_memory) =
        std::fs::read_to_string("/proc/meminfo").map_or((None, None), |text| meminfo(&text));
    MachineRoom {
        cpus: std::thread::available_parallelism().ok().and_then(|count| u64::try_from(count.get()).ok()),
        memory,
        free_memory,
        disk: free_disk(disk),
    }
}

/// Bytes that a user can still write on the disk of the nearest folder that exists.
fn free_disk(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|path| path.is_dir())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The ports that programs of this machine listen on; `None` when the system does not tell.
pub(super) fn listeners() -> Option<Vec<u16>> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let tables: Vec<String> = tables.into_iter().filter_map(Result::ok).collect();
    (!tables.is_empty()).then(|| tables.iter().flat_map(|table| listening(table)).collect())
}

/// Docker's configuration, which names the registries that it has a login for.
pub(super) fn docker_config() -> Option<String> {
    let folder = folders::variable("DOCKER_CONFIG").map(PathBuf::from);
    let folder =
        folder.or_else(|| folders::variable("HOME").map(|home| PathBuf::from(home).join(".docker")))?;
    std::fs::read_to_string(folder.join("config.json")).ok()
}
