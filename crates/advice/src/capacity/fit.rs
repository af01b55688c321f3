//! Owns placing pods on nodes: first-fit decreasing, in more than one order of size.
//! A pod needs all of its room on one node, so enough room in all is not enough.

use todoctl_plan::resources::{Count, Pod, Resources, Room, WorkloadDemand};

/// A workload, and how many of its pods find no node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Homeless {
    /// Index of the workload.
    pub(super) workload: usize,
    /// How many of its pods.
    pub(super) pods: u32,
}

/// Places every pod; says which find no node. The order of sizes that places most counts: where one finds a way, the
/// scheduler may find it too.
pub(super) fn place(workloads: &[&WorkloadDemand], rooms: &[Room]) -> Vec<Homeless> {
    let whole: Resources = rooms.iter().map(Room::free).sum();
    let sizes: [fn(&Resources, &Resources) -> u128; 3] = [
        |pod, whole| {
            share(pod.cpu.milli(), whole.cpu.milli()).max(share(pod.memory.whole(), whole.memory.whole()))
        },
        |pod, _| pod.cpu.milli(),
        |pod, _| pod.memory.whole(),
    ];
    let tries = sizes.iter().map(|size| {
        let mut order: Vec<usize> = (0..workloads.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(size(&workloads[*index].pod.requests, &whole)));
        placed(workloads, &order, rooms)
    });
    tries.min_by_key(|homeless| homeless.iter().map(|one| one.pods).sum::<u32>()).unwrap_or_default()
}

/// A part of a whole, in millionths.
fn share(part: u128, whole: u128) -> u128 {
    part.saturating_mul(1_000_000) / whole.max(1)
}

/// What is left of a node.
struct Left<'a> {
    room: &'a Room,
    free: Resources,
    pods: u32,
}

impl Left<'_> {
    fn take(&mut self, pod: &Pod) -> bool {
        let fits = self.pods > 0 && pod.requests.fits(&self.free) && self.room.admits(pod);
        if fits {
            self.free = self.free.minus(&pod.requests);
            self.pods -= 1;
        }
        fits
    }
}

fn placed(workloads: &[&WorkloadDemand], order: &[usize], rooms: &[Room]) -> Vec<Homeless> {
    let mut left: Vec<Left<'_>> =
        rooms.iter().map(|room| Left { room, free: room.free(), pods: room.pods }).collect();
    let mut homeless = Vec::new();
    for &index in order {
        let pod = &workloads[index].pod;
        let mut without = 0;
        match workloads[index].count {
            Count::Pods(pods) => {
                let housed = (0..pods).take_while(|_| left.iter_mut().any(|node| node.take(pod))).count();
                // Where one found no node, its like find none: room only shrinks.
                without = pods - u32::try_from(housed).unwrap_or(pods);
            }
            Count::PerNode => {
                let admitting = left.iter_mut().filter(|node| node.room.admits(pod));
                for node in admitting {
                    without += u32::from(!node.take(pod));
                }
            }
        }
        if without > 0 {
            homeless.push(Homeless { workload: index, pods: without });
        }
    }
    homeless.sort_by_key(|one| one.workload);
    homeless
}

#[cfg(test)]
mod tests {
    use super::*;
    use todoctl_core::quantity::Quantity;

    fn resources(cpu: &str, memory: &str) -> Resources {
        let read = |text: &str| text.parse::<Quantity>().unwrap();
        Resources { cpu: read(cpu), memory: read(memory) }
    }

    fn workload(count: Count, cpu: &str, memory: &str) -> WorkloadDemand {
        let pod = Pod { requests: resources(cpu, memory), ..Pod::default() };
        let (name, namespace) = ("w".to_owned(), "todo".to_owned());
        WorkloadDemand {
            name,
            namespace,
            count,
            pod,
            selector: std::collections::BTreeMap::default(),
            ends: false,
        }
    }

    fn rooms(nodes: &[(&str, &str, u32)]) -> Vec<Room> {
        let room = |&(cpu, memory, pods): &(&str, &str, u32)| Room {
            whole: resources(cpu, memory),
            pods,
            ..Room::default()
        };
        nodes.iter().map(room).collect()
    }

    fn homeless(workloads: &[WorkloadDemand], nodes: &[(&str, &str, u32)]) -> Vec<(usize, u32)> {
        let all: Vec<&WorkloadDemand> = workloads.iter().collect();
        place(&all, &rooms(nodes)).iter().map(|one| (one.workload, one.pods)).collect()
    }

    #[test]
    fn enough_in_all_is_not_enough_on_one() {
        let two = [("1", "4Gi", 10), ("1", "4Gi", 10)];
        assert_eq!(homeless(&[workload(Count::Pods(1), "1500m", "1Gi")], &two), [(0, 1)]);
        assert_eq!(homeless(&[workload(Count::Pods(3), "600m", "1Gi")], &two), [(0, 1)]);
        assert_eq!(homeless(&[workload(Count::Pods(4), "500m", "1Gi")], &two), []);
    }

    #[test]
    fn no_node_is_room_for_nothing_and_a_full_one_for_no_pod() {
        let small = [workload(Count::Pods(2), "1m", "1Mi")];
        assert_eq!(homeless(&small, &[]), [(0, 2)]);
        assert_eq!(homeless(&small, &[("1", "1Gi", 1)]), [(0, 1)]);
    }

    #[test]
    fn large_pods_come_first_in_the_order_that_places_most() {
        // Smallest first would fill the first node with what fits anywhere.
        let pods = [workload(Count::Pods(2), "400m", "1Gi"), workload(Count::Pods(1), "1", "1Gi")];
        assert_eq!(homeless(&pods, &[("1", "4Gi", 9), ("800m", "4Gi", 9)]), []);
        // CPU and memory pull apart: ordered by one of them alone, a pod would be left over.
        let apart = [workload(Count::Pods(1), "900m", "1Gi"), workload(Count::Pods(1), "100m", "3Gi")];
        assert_eq!(homeless(&apart, &[("1", "3Gi", 9), ("1", "1Gi", 9)]), []);
    }

    #[test]
    fn one_on_every_node_needs_room_on_every_node() {
        let pods = [workload(Count::PerNode, "200m", "1Mi")];
        assert_eq!(homeless(&pods, &[("1", "1Gi", 9), ("100m", "1Gi", 9)]), [(0, 1)]);
    }
}
