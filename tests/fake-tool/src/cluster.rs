//! Owns what Kubernetes does with Deployments: replica sets by template, rollouts, who owns a field.
//! `objects` shows it in Kubernetes' form.

pub mod objects;
pub mod said;

use serde_json::Value;

use crate::dapr::Containers;
use crate::state::{Behaviour, Deployment, ReplicaSet, State};

/// What helm asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Namespace.
    pub namespace: String,
    /// Release.
    pub release: String,
    /// Replicas.
    pub replicas: u32,
    /// Image of the pods.
    pub image: String,
    /// What they do.
    pub behaviour: Behaviour,
    /// Hash of the pod template.
    pub hash: String,
    /// Whether the pods ask for a sidecar.
    pub sidecar: bool,
    /// Which containers beside it they ask for.
    pub containers: Containers,
    /// What a pod asks for: `resources` of its container.
    pub resources: Value,
}

/// Why a server-side apply fails: another manager set the replicas to another number.
pub fn conflict(state: &State, wanted: &Wanted) -> Option<String> {
    let live = find(state, &wanted.namespace, &wanted.release)?;
    let manager = live.scaled_by.as_ref().filter(|_| live.replicas != wanted.replicas)?;
    Some(format!(
        "conflict occurred while applying object {}/{}-deployment apps/v1, Kind=Deployment: Apply failed with 1 conflict: \
         conflict with \"{manager}\" with subresource \"scale\" using apps/v1: .spec.replicas",
        wanted.namespace, wanted.release
    ))
}

/// Makes a Deployment as wanted. A template that was there before gets its old replica set back, with its pods.
pub fn apply(state: &mut State, wanted: &Wanted, now: u64) {
    let uid = state.tick();
    let at = position(state, &wanted.namespace, &wanted.release).unwrap_or_else(|| {
        let Wanted { namespace, release, replicas, .. } = wanted.clone();
        state.deployments.push(Deployment {
            namespace,
            release,
            uid,
            generation: 0,
            replicas,
            scaled_by: None,
            sets: Vec::new(),
        });
        state.deployments.len() - 1
    });
    let set_uid = state.tick();
    let sidecar = wanted.sidecar.then_some(state.dapr.sidecars);
    let live = &mut state.deployments[at];
    let current = live.sets.last();
    let same = current.is_some_and(|set| set.hash == wanted.hash);
    if same && live.replicas == wanted.replicas {
        return;
    }
    live.generation += 1;
    live.replicas = wanted.replicas;
    live.scaled_by = None;
    if same {
        return;
    }
    let revision = current.map_or(0, |set| set.revision) + 1;
    let known = live.sets.iter().position(|set| set.hash == wanted.hash).map(|at| live.sets.remove(at));
    let Wanted { image, behaviour, hash, containers, resources, .. } = wanted.clone();
    let fresh = ReplicaSet {
        uid: set_uid,
        revision,
        since: now,
        image,
        behaviour,
        hash,
        sidecar,
        containers,
        resources,
        replaced: 0,
    };
    live.sets.push(known.map_or(fresh, |set| ReplicaSet { revision, ..set }));
}

/// Scales past helm, as `kubectl scale` does.
pub fn scale(state: &mut State, namespace: &str, release: &str, replicas: u32) -> Option<()> {
    let at = position(state, namespace, release)?;
    let live = &mut state.deployments[at];
    live.replicas = replicas;
    live.generation += 1;
    live.scaled_by = Some("kubectl".to_owned());
    Some(())
}

/// Removes a release's Deployment with its pods.
pub fn remove(state: &mut State, namespace: &str, release: &str) {
    state.deployments.retain(|one| one.namespace != namespace || one.release != release);
}

/// A release's Deployment.
pub fn find<'a>(state: &'a State, namespace: &str, release: &str) -> Option<&'a Deployment> {
    position(state, namespace, release).map(|at| &state.deployments[at])
}

/// Whether a Deployment's service has an endpoint, and how it answers.
pub fn answers(deployment: &Deployment, now: u64) -> Option<&Behaviour> {
    let works = |set: &&ReplicaSet| is_up(set, now);
    deployment.sets.iter().rev().find(works).map(|set| &set.behaviour).filter(|_| deployment.replicas > 0)
}

/// Whether a replica set's pods are ready.
pub fn is_up(set: &ReplicaSet, now: u64) -> bool {
    match set.behaviour {
        Behaviour::Ready | Behaviour::Unwell | Behaviour::Deaf => true,
        Behaviour::Slow(after) => now >= set.since + after,
        Behaviour::NeverReady | Behaviour::Crash | Behaviour::NoImage => false,
    }
}

fn position(state: &State, namespace: &str, release: &str) -> Option<usize> {
    state.deployments.iter().position(|one| one.namespace == namespace && one.release == release)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(hash: &str, behaviour: Behaviour) -> Wanted {
        Wanted {
            namespace: "todo".into(),
            release: "backend".into(),
            replicas: 2,
            image: "a:1".into(),
            behaviour,
            hash: hash.into(),
            sidecar: false,
            containers: Containers::default(),
            resources: Value::Null,
        }
    }

    #[test]
    fn going_back_finds_the_old_pods_still_running() {
        let mut state = State::default();
        apply(&mut state, &wanted("good", Behaviour::Ready), 0);
        apply(&mut state, &wanted("bad", Behaviour::Crash), 0);
        let live = find(&state, "todo", "backend").unwrap();
        assert_eq!((live.generation, live.sets.last().unwrap().revision), (2, 2));
        assert_eq!(answers(live, 0), Some(&Behaviour::Ready), "the old pods still answer");
        apply(&mut state, &wanted("good", Behaviour::Ready), 5);
        let live = find(&state, "todo", "backend").unwrap();
        assert_eq!((live.sets.len(), live.sets[1].revision, live.sets[1].since), (2, 3, 0));
    }

    #[test]
    fn the_same_again_changes_nothing_and_a_scaled_one_conflicts() {
        let mut state = State::default();
        apply(&mut state, &wanted("good", Behaviour::Slow(100)), 7);
        apply(&mut state, &wanted("good", Behaviour::Slow(100)), 8);
        assert_eq!(find(&state, "todo", "backend").unwrap().generation, 1);
        assert!(conflict(&state, &wanted("good", Behaviour::Ready)).is_none());
        scale(&mut state, "todo", "backend", 5).unwrap();
        assert!(conflict(&state, &wanted("good", Behaviour::Ready)).unwrap().contains(".spec.replicas"));
        let live = find(&state, "todo", "backend").unwrap();
        assert!(answers(live, 106).is_none() && answers(live, 107).is_some());
    }
}
