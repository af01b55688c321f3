//! Owns the answer: what every part asks for, what is left, what finds no room, and what could be left out.

use serde::Serialize;

use super::fit;
use todoctl_core::quantity::Quantity;
use todoctl_plan::provider;
use todoctl_plan::resources::{Demand, Limits, Resources, Room, Sidecar, WorkloadDemand};
use todoctl_project::profile::Profile;

/// A release and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseDemand {
    /// Release.
    pub release: String,
    /// Whether the application works without it.
    pub optional: bool,
    /// What it asks for.
    pub demand: Demand,
}

/// What can be had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Had {
    /// What is left on each node.
    pub rooms: Vec<Room>,
    /// Volumes in all; unknown when absent.
    pub storage: Option<Quantity>,
    /// Load balancers in all; unknown when absent.
    pub load_balancers: Option<u32>,
    /// The smallest volume that the cloud makes.
    pub smallest_volume: Quantity,
}

/// What a profile asks for, and whether it can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FitVerdict {
    /// What asks for how much.
    pub rows: Vec<Row>,
    /// All rows together.
    pub sum: Resources,
    /// What is left on the nodes.
    pub rooms: Vec<Room>,
    /// All rooms together.
    pub free: Resources,
    /// Volumes: how many, and their size in all as the cloud makes them.
    pub volumes: (u32, Quantity),
    /// Load balancers.
    pub load_balancers: Vec<String>,
    /// What cannot be had; nothing when it fits.
    pub short: Vec<Short>,
    /// What could be left out, when something cannot be had.
    pub ways_out: Vec<WayOut>,
}

/// One workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its release.
    pub release: String,
    /// Whether the application works without the release.
    pub optional: bool,
    /// Its name.
    pub workload: String,
    /// How many pods it has.
    pub pods: u32,
    /// What one pod asks for, with the sidecar.
    pub each: Resources,
    /// What the sidecars of all of its pods ask for, and may use.
    pub sidecars: Option<Sidecar>,
    /// What all of its pods may use, without sidecars.
    pub limits: Limits,
    /// Containers that ask for nothing.
    pub silent: Vec<String>,
    /// Whether its pods end by themselves.
    pub ends: bool,
}

impl Row {
    /// What all of its pods ask for.
    pub fn requests(&self) -> Resources {
        self.each * self.pods
    }

    /// The same without sidecars.
    pub fn own(&self) -> Resources {
        self.sidecars.map_or_else(|| self.requests(), |sidecars| self.requests().minus(&sidecars.requests))
    }
}

/// Something that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Short {
    /// More is asked for than all nodes have left.
    Sum {
        /// What is asked for.
        asked: Resources,
        /// What is left.
        free: Resources,
    },
    /// Pods that find no node with enough room.
    Pods {
        /// Their release.
        release: String,
        /// Their workload.
        workload: String,
        /// How many.
        pods: u32,
        /// Of how many.
        of: u32,
        /// What each asks for.
        each: Resources,
    },
    /// Larger volumes than there may be.
    Storage {
        /// What is asked for.
        asked: Quantity,
        /// What there may be.
        most: Quantity,
    },
    /// More load balancers than there may be.
    LoadBalancers {
        /// How many are asked for.
        asked: usize,
        /// How many there may be.
        most: u32,
    },
}

/// A release that could be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WayOut {
    /// The releases, in order of name.
    pub leave_out: Vec<String>,
    /// What that frees.
    pub frees: Resources,
    /// Whether the rest then fits.
    pub fits: bool,
}

impl Had {
    /// What a profile's cluster has: the room on its nodes, and what no cluster tells.
    pub fn of(profile: &Profile, rooms: Vec<Room>) -> Self {
        let capacity = profile.capacity.as_ref();
        Self {
            rooms,
            storage: capacity.and_then(|one| one.storage.as_ref()?.parse().ok()),
            load_balancers: capacity.and_then(|one| one.load_balancers),
            smallest_volume: Quantity::units(provider::facts(&profile.cluster).smallest_volume),
        }
    }
}

/// Holds what releases ask for against what can be had.
pub fn judge(asked: &[ReleaseDemand], had: &Had) -> FitVerdict {
    let rows: Vec<Row> = asked.iter().flat_map(|one| rows(one, had.rooms.len())).collect();
    let sum = rows.iter().map(Row::requests).sum();
    let free = had.rooms.iter().map(Room::free).sum();
    let all: Vec<&ReleaseDemand> = asked.iter().collect();
    let short = shortage(&all, had);
    let ways_out = if short.is_empty() { Vec::new() } else { ways_out(asked, had) };
    FitVerdict {
        sum,
        free,
        rooms: had.rooms.clone(),
        volumes: volumes(&all, had.smallest_volume),
        load_balancers: asked.iter().flat_map(|one| one.demand.load_balancers.clone()).collect(),
        rows,
        short,
        ways_out,
    }
}

fn rows(asked: &ReleaseDemand, nodes: usize) -> impl Iterator<Item = Row> {
    asked.demand.workloads.iter().map(move |workload| {
        let pods = workload.count.on(nodes);
        Row {
            release: asked.release.clone(),
            optional: asked.optional,
            workload: workload.name.clone(),
            pods,
            each: workload.pod.requests,
            sidecars: workload.pod.sidecar.map(|one| one.times(pods)),
            limits: workload.pod.limits.times(pods),
            silent: workload.pod.silent.clone(),
            ends: workload.ends,
        }
    })
}

fn volumes(asked: &[&ReleaseDemand], smallest: Quantity) -> (u32, Quantity) {
    let all = asked.iter().flat_map(|one| &one.demand.volumes);
    let made = all.clone().map(|volume| volume.size.max(smallest) * volume.count).sum();
    (all.map(|volume| volume.count).sum(), made)
}

fn shortage(asked: &[&ReleaseDemand], had: &Had) -> Vec<Short> {
    let mut short = Vec::new();
    let workloads: Vec<(&str, &WorkloadDemand)> = asked
        .iter()
        .flat_map(|one| one.demand.workloads.iter().map(|workload| (one.release.as_str(), workload)))
        .collect();
    let nodes = had.rooms.len();
    let sum = workloads.iter().map(|(_, one)| one.pod.requests * one.count.on(nodes)).sum::<Resources>();
    let free = had.rooms.iter().map(Room::free).sum();
    if !sum.fits(&free) {
        short.push(Short::Sum { asked: sum, free });
    }
    let pods: Vec<&WorkloadDemand> = workloads.iter().map(|(_, workload)| *workload).collect();
    short.extend(fit::place(&pods, &had.rooms).iter().map(|homeless| {
        let (release, workload) = workloads[homeless.workload];
        Short::Pods {
            release: release.to_owned(),
            workload: workload.name.clone(),
            pods: homeless.pods,
            of: workload.count.on(nodes),
            each: workload.pod.requests,
        }
    }));
    let (_, storage) = volumes(asked, had.smallest_volume);
    if let Some(most) = had.storage.filter(|most| storage > *most) {
        short.push(Short::Storage { asked: storage, most });
    }
    let balancers = asked.iter().map(|one| one.demand.load_balancers.len()).sum::<usize>();
    if let Some(most) = had.load_balancers.filter(|most| balancers > *most as usize) {
        short.push(Short::LoadBalancers { asked: balancers, most });
    }
    short
}

/// Each optional release by itself, and all of them when there are several.
fn ways_out(asked: &[ReleaseDemand], had: &Had) -> Vec<WayOut> {
    let optional: Vec<&str> =
        asked.iter().filter(|one| one.optional).map(|one| one.release.as_str()).collect();
    let mut choices: Vec<Vec<&str>> = optional.iter().map(|name| vec![*name]).collect();
    if optional.len() > 1 {
        choices.push(optional);
    }
    let way_out = |names: Vec<&str>| {
        let (out, rest): (Vec<&ReleaseDemand>, Vec<&ReleaseDemand>) =
            asked.iter().partition(|one| names.contains(&one.release.as_str()));
        let frees = out.iter().flat_map(|one| rows(one, had.rooms.len())).map(|row| row.requests()).sum();
        let leave_out = names.into_iter().map(str::to_owned).collect();
        WayOut { leave_out, frees, fits: shortage(&rest, had).is_empty() }
    };
    choices.into_iter().map(way_out).collect()
}
