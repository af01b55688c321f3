//! Owns the judgement of what is live: is a workload rolled out, is a pod doomed, is a release gone.
//! Pure: the same objects give the same verdict. Refuses to wait (`engine`).
//!
//! `observedGeneration` is compared first: an old pod's health proves nothing about the new one.

pub mod clock;
pub mod dapr;
mod pods;
mod restart;

use jiff::Timestamp;

use crate::kubernetes::Object;
use crate::step::{Check, Objects, Verdict};
use crate::world::live::Live;
use crate::world::releases::ReleaseRef;
use todoctl_core::diagnostic::Code;
use todoctl_core::labels;
use todoctl_core::text;
use todoctl_core::workload::{Workload, WorkloadKind};

/// Judges a check by what is live. `None` for checks that are answered by a request, not by objects.
pub fn judge(check: &Check, live: &Live) -> Option<Verdict> {
    Some(match check.objects()? {
        Objects::RolledOut(workloads) => {
            all(workloads.iter().map(|workload| rolled_out(workload, live, live.restarted())))
        }
        Objects::Gone(ReleaseRef { namespace, name }) => gone(name, namespace, live),
    })
}

/// The health of a release as it is, whatever its manifest asks for. Nothing is borne: whether it is broken now is another
/// question than whether waiting may help.
pub fn of_release(release: &str, namespace: &str, live: &Live) -> Verdict {
    all(live.release_workloads(release, namespace).iter().map(|workload| rolled_out(workload, live, None)))
}

/// The worst of several verdicts: broken, then stale, then not yet, then ready.
fn all(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Ready => 0,
        Verdict::NotYet { .. } => 1,
        Verdict::Stale { .. } => 2,
        Verdict::Broken { .. } => 3,
    };
    // `max_by_key` keeps the last of equals; the first is the better story.
    verdicts.fold(
        Verdict::Ready,
        |worst, verdict| {
            if rank(&verdict) > rank(&worst) { verdict } else { worst }
        },
    )
}

/// `bears`: since when the cluster runs, when what may heal after its start is to be waited for.
fn rolled_out(want: &Workload, live: &Live, bears: Option<Timestamp>) -> Verdict {
    let name = format!("{} {}", want.kind, want.name);
    let Some(object) = live.workload(want.kind, &want.namespace, &want.name) else {
        return Verdict::not_yet(format!("{name} does not exist yet"));
    };
    if object.status.observed_generation < object.metadata.generation {
        return Verdict::not_yet(format!("{name}: Kubernetes has not seen the change yet"));
    }
    let replicas = object.replicas();
    if replicas != u64::from(want.replicas) {
        return Verdict::not_yet(format!("{name} asks for {replicas} replicas instead of {}", want.replicas));
    }
    match want.kind {
        WorkloadKind::Deployment => deployment(&name, object, live, bears),
        WorkloadKind::StatefulSet => stateful_set(&name, object, live, bears),
    }
}

fn deployment(name: &str, object: &Object, live: &Live, bears: Option<Timestamp>) -> Verdict {
    let revision = |one: &Object| one.metadata.annotations.get("deployment.kubernetes.io/revision").cloned();
    let current = revision(object);
    let set = live
        .of_kind("ReplicaSet", &object.metadata.namespace)
        .find(|set| set.is_owned_by(&object.metadata.uid) && revision(set) == current);
    let pods: Vec<&Object> = set.map_or_else(Vec::new, |set| owned_pods(set, live));
    if let Some(verdict) = pods::doomed(&pods, bears).or_else(|| pods::without_sidecar(&pods)) {
        return verdict;
    }
    if let Some(condition) = progress_failure(object) {
        return Verdict::Broken {
            code: Code::ReleaseStalled,
            why: format!("{name}: {condition}"),
            pods: names(&pods),
        };
    }
    let want = wanted(object);
    let status = &object.status;
    let (updated, available, total) = (status.updated_replicas, status.available_replicas, status.replicas);
    if updated == want && available == want && total == want {
        return proven(name, object, &pods, live);
    }
    let why = if updated < want {
        format!("{name}: {updated} of {want} pods are of the new revision")
    } else if total > updated {
        format!(
            "{name}: {} of the old revision still there",
            text::count(usize::try_from(total - updated).unwrap_or(0), "pod")
        )
    } else {
        format!("{name}: {available} of {want} pods are ready")
    };
    pods::not_ready(why, &pods)
}

fn stateful_set(name: &str, object: &Object, live: &Live, bears: Option<Timestamp>) -> Verdict {
    let status = &object.status;
    let hash = |pod: &&Object| {
        pod.metadata
            .labels
            .get("controller-revision-hash")
            .is_some_and(|hash| *hash == status.update_revision)
    };
    let (new, old): (Vec<&Object>, Vec<&Object>) = owned_pods(object, live).into_iter().partition(hash);
    if let Some(verdict) = pods::doomed(&new, bears).or_else(|| pods::without_sidecar(&new)) {
        return verdict;
    }
    // A StatefulSet waits for a broken pod of an earlier revision for good (kubernetes#67250).
    if let Some(Verdict::Broken { code, why, pods }) = pods::doomed(&old, None) {
        return Verdict::Stale {
            code,
            why: format!("{name}: a pod of an earlier revision is in the way: {why}"),
            pods,
        };
    }
    let want = wanted(object);
    let (updated, ready) = (status.updated_replicas, status.ready_replicas);
    if old.is_empty()
        && ready == want
        && (updated == want || status.current_revision == status.update_revision)
    {
        return proven(name, object, &new, live);
    }
    pods::not_ready(format!("{name}: {ready} of {want} pods are ready"), &new)
}

/// `Ready`, unless the pods themselves have still to show it.
fn proven(name: &str, workload: &Object, pods: &[&Object], live: &Live) -> Verdict {
    let after_start = || restart::unproven(name, pods, workload.replicas(), live.restarted()?);
    pods::all_seen(name, workload, pods).or_else(after_start).unwrap_or(Verdict::Ready)
}

fn gone(release: &str, namespace: &str, live: &Live) -> Verdict {
    let workloads = live.release_workloads(release, namespace);
    let instance =
        |pod: &&Object| pod.metadata.labels.get(labels::INSTANCE).is_some_and(|name| name == release);
    let pods = live.of_kind("Pod", namespace).filter(instance).count();
    if workloads.is_empty() && pods == 0 {
        return Verdict::Ready;
    }
    Verdict::NotYet {
        code: Code::ReleaseRemains,
        why: format!(
            "still there of {release}: {}, {}",
            text::count(workloads.len(), "workload"),
            text::count(pods, "pod")
        ),
    }
}

fn owned_pods<'a>(owner: &'a Object, live: &'a Live) -> Vec<&'a Object> {
    let pods = live.of_kind("Pod", &owner.metadata.namespace);
    // Dying pods say nothing about the revision that stays.
    pods.filter(|pod| pod.is_owned_by(&owner.metadata.uid) && !pod.is_going()).collect()
}

fn progress_failure(object: &Object) -> Option<String> {
    let mut conditions = object.status.conditions.iter();
    let failed = conditions.find(|one| one.is("Progressing", "False") || one.is("ReplicaFailure", "True"))?;
    Some(format!("{}: {}", failed.reason, failed.message))
}

/// Replicas that it asks for, as its status counts them.
fn wanted(object: &Object) -> i64 {
    i64::try_from(object.replicas()).unwrap_or(i64::MAX)
}

fn names(pods: &[&Object]) -> Vec<String> {
    pods.iter().map(|pod| pod.metadata.name.clone()).collect()
}

#[cfg(test)]
mod tests;
