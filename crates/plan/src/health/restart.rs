//! Owns what is different right after a start of the cluster in which everything had ended. The API server keeps what it
//! knew of pods and workloads, and tells it until kubelets and controllers have looked again; and everything starts at
//! once, so that a container may end a few times before its neighbour answers. Of pods that this run made nothing of it
//! holds.

use jiff::{SignedDuration, Timestamp};

use crate::kubernetes::{ContainerStatus, Object};
use crate::step::Verdict;

/// Back-offs that are shorter are those of the first three crashes since a kubelet's start: 10, 20 and 40 seconds.
const FOURTH: SignedDuration = SignedDuration::from_secs(60);

/// Whether a pod was there before the start.
fn is_of_before(pod: &Object, started: Timestamp) -> bool {
    pod.metadata.creation_timestamp.is_some_and(|made| made < started)
}

/// `NotYet` while so many pods of a workload were not seen to be ready since the start, whatever its status says.
pub(super) fn unproven(name: &str, pods: &[&Object], want: u64, started: Timestamp) -> Option<Verdict> {
    let proven = pods.iter().filter(|pod| pod.has_condition("Ready", "True") && !is_old_news(pod, started));
    let proven = proven.count() as u64;
    (proven < want).then(|| {
        Verdict::not_yet(format!(
            "{name}: {proven} of {want} pods were seen ready since the cluster was started"
        ))
    })
}

/// Whether what is told of a pod is older than the start.
fn is_old_news(pod: &Object, started: Timestamp) -> bool {
    let mut since = pod.container_statuses().filter_map(|one| one.state.running.started_at);
    is_of_before(pod, started) && since.any(|since| since < started)
}

/// Whether a container in a crash loop may heal: its pod was there before, and it has not crashed often since. How often
/// is told by the kubelet's back-off, which begins anew with the kubelet: `back-off 20s restarting failed container=…`.
pub(super) fn may_heal(pod: &Object, container: &ContainerStatus, started: Timestamp) -> bool {
    let pause = container.state.waiting.message.strip_prefix("back-off ");
    let pause = pause.and_then(|rest| rest.split_whitespace().next()?.parse::<SignedDuration>().ok());
    is_of_before(pod, started) && pause.is_some_and(|pause| pause < FOURTH)
}
