//! Owns what pods ask for and what nodes have: requests, sidecars, storage, room.
//! Refuses to judge whether it fits (`capacity`), to render charts and to read the cluster.
//!
//! Everything is counted as the scheduler counts it: by requests. What asks for nothing counts as nothing, and is named.

mod demand;
mod nodes;
mod pod;

pub use demand::{Count, Demand, Volume, WorkloadDemand, is_hook};
pub use nodes::{Nodes, Room, Running};
pub use pod::{Limits, Pod, Sidecar};

use std::iter::Sum;
use std::ops::{Add, Mul};

use serde::Serialize;

use todoctl_core::quantity::Quantity;

/// CPU in cores and memory in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// CPU.
    pub cpu: Quantity,
    /// Memory.
    pub memory: Quantity,
}

impl Resources {
    /// Whether there is enough of both in `room`.
    pub fn fits(&self, room: &Self) -> bool {
        self.cpu <= room.cpu && self.memory <= room.memory
    }

    /// What is left of each, at least nothing.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self { cpu: self.cpu.minus(other.cpu), memory: self.memory.minus(other.memory) }
    }

    /// The larger of each.
    #[must_use]
    pub fn max(&self, other: &Self) -> Self {
        Self { cpu: self.cpu.max(other.cpu), memory: self.memory.max(other.memory) }
    }

    /// For people: `1350m CPU and 2Gi memory`.
    pub fn text(&self) -> String {
        format!("{} CPU and {} memory", self.cpu.cpu(), self.memory.memory())
    }
}

impl Add for Resources {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { cpu: self.cpu + other.cpu, memory: self.memory + other.memory }
    }
}

impl Sum for Resources {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

impl Mul<u32> for Resources {
    type Output = Self;

    fn mul(self, times: u32) -> Self {
        Self { cpu: self.cpu * times, memory: self.memory * times }
    }
}
