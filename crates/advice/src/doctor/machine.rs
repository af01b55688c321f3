//! Owns the judgement of this machine: is there the disk, the memory, the processors that a cluster asks for.

use crate::doctor::{Area, Finding};
use todoctl_core::quantity::{GIBI, MEBI};
use todoctl_plan::provider::Size;

/// Free disk below which nothing works.
const FULL: u64 = 2 * GIBI;
const SPACE: &str = "free some space: remove old images (docker system prune) and build folders";

/// What there is; a part that could not be read is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MachineRoom {
    /// Processors.
    pub cpus: Option<u64>,
    /// Memory in bytes, used or not.
    pub memory: Option<u64>,
    /// Memory in bytes that could be given out now.
    pub free_memory: Option<u64>,
    /// Free disk in bytes.
    pub disk: Option<u64>,
}

/// Judges whether a cluster fits. `runs`: it runs already, so that its memory is given out. `place` is where there is
/// that room: this machine, or Docker on it.
pub fn judge(size: Size, room: MachineRoom, place: &str, runs: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(asked) = size.cpus {
        let what = "processors";
        found.push(match room.cpus {
            None => {
                Finding::not_checked(Area::Machine, what, format!("{place} does not say how many it has"))
            }
            Some(has) if has < asked => Finding::failed(
                Area::Machine,
                what,
                format!("the cluster asks for {asked}, {place} has {has}"),
                format!("set `cpus: {has}` or less in the profile's `cluster`, or give {place} more"),
            ),
            Some(has) => Finding::ok(Area::Machine, what, format!("{asked} of {has} on {place}")),
        });
    }
    if let Some(asked) = size.memory {
        found.push(memory(asked, room, place, runs));
    }
    if let Some(asked) = size.disk {
        found.push(disk(asked, room.disk, runs));
    }
    found
}

fn memory(asked: u64, room: MachineRoom, place: &str, runs: bool) -> Finding {
    let what = "memory";
    let Some(has) = room.memory else {
        return Finding::not_checked(Area::Machine, what, format!("{place} does not say how much it has"));
    };
    if has < asked {
        return Finding::failed(
            Area::Machine,
            what,
            format!("the cluster asks for {}, {place} has {}", gib(asked), gib(has)),
            format!(
                "set `memory-mb: {}` or less in the profile's `cluster`, or give {place} more",
                has / MEBI
            ),
        );
    }
    match room.free_memory {
        Some(free) if free < asked && !runs => Finding::warning(
            Area::Machine,
            what,
            format!("the cluster asks for {}, {} of {} are free on {place}", gib(asked), gib(free), gib(has)),
            "end other programs first, or the machine will swap or kill some",
        ),
        _ => Finding::ok(Area::Machine, what, format!("{} of {} on {place}", gib(asked), gib(has))),
    }
}

fn disk(asked: u64, free: Option<u64>, runs: bool) -> Finding {
    let what = "disk";
    match free {
        None => Finding::not_checked(Area::Machine, what, "the free space could not be read"),
        Some(free) if free < FULL => Finding::failed(
            Area::Machine,
            what,
            format!("only {} are free: Kubernetes stops pods and removes images on a full disk", gib(free)),
            SPACE,
        ),
        Some(free) if free < asked && !runs => {
            let evidence = format!("{} may be needed, {} are free", gib(asked), gib(free));
            Finding::warning(Area::Machine, what, evidence, SPACE)
        }
        Some(free) => Finding::ok(Area::Machine, what, format!("{} free", gib(free))),
    }
}

/// Bytes for people.
fn gib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / GIBI;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

/// Memory of this machine in bytes, all and available, from `/proc/meminfo`.
pub fn meminfo(text: &str) -> (Option<u64>, Option<u64>) {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
    };
    (field("MemTotal"), field("MemAvailable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_does_not_fit_is_told_with_the_way_out() {
        let size = Size { cpus: Some(6), memory: Some(12 * GIBI), disk: Some(20 * GIBI) };
        let room = |cpus, memory, disk| MachineRoom {
            cpus: Some(cpus),
            memory: Some(memory * GIBI),
            free_memory: Some(memory * GIBI / 2),
            disk: Some(disk * GIBI),
        };
        let told = |room, runs| crate::doctor::told(&judge(size, room, "this machine", runs));
        insta::assert_snapshot!(told(room(2, 8, 10), false), @r#"
        failed processors: the cluster asks for 6, this machine has 2 | set `cpus: 2` or less in the profile's `cluster`, or give this machine more
        failed memory: the cluster asks for 12.0 GiB, this machine has 8.0 GiB | set `memory-mb: 8192` or less in the profile's `cluster`, or give this machine more
        warning disk: 20.0 GiB may be needed, 10.0 GiB are free | free some space: remove old images (docker system prune) and build folders
        "#);
        insta::assert_snapshot!(told(room(8, 16, 30), false), @r#"
        ok processors: 6 of 8 on this machine
        warning memory: the cluster asks for 12.0 GiB, 8.0 GiB of 16.0 GiB are free on this machine | end other programs first, or the machine will swap or kill some
        ok disk: 30.0 GiB free
        "#);
        insta::assert_snapshot!(told(room(8, 16, 1), true), @r#"
        ok processors: 6 of 8 on this machine
        ok memory: 12.0 GiB of 16.0 GiB on this machine
        failed disk: only 1.0 GiB are free: Kubernetes stops pods and removes images on a full disk | free some space: remove old images (docker system prune) and build folders
        "#);
        insta::assert_snapshot!(told(MachineRoom::default(), false), @r#"
        not checked processors: this machine does not say how many it has
        not checked memory: this machine does not say how much it has
        not checked disk: the free space could not be read
        "#);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let text = "MemTotal:       16315200 kB\nMemFree:  1 kB\nMemAvailable:    8000000 kB\n";
        assert_eq!(meminfo(text), (Some(16_315_200 * 1024), Some(8_000_000 * 1024)));
        assert_eq!(meminfo("oops"), (None, None));
    }
}
