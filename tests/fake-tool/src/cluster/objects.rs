//! Owns the form of objects as Kubernetes 1.34 writes them, cut down to what a deployer looks at.

use serde_json::{Value, json};

use super::is_up;
use crate::dapr;
use crate::state::{Behaviour, Deployment, ReplicaSet, State, hash, moment};

/// Milliseconds by which what is stale is older than it is.
const LONG: u64 = 3_600_000;

/// Every namespace, Deployment, replica set and pod now.
pub fn objects(state: &State, now: u64) -> Vec<Value> {
    let namespace = |name: &String| {
        let uid = if name == "kube-system" { state.uid.clone() } else { format!("namespace-{name}") };
        let mut object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "uid": uid},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}});
        if state.going.contains(name) {
            object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        object
    };
    let mut all: Vec<Value> = state.namespaces.iter().map(namespace).collect();
    for deployment in &state.deployments {
        let sets = counted(deployment, now);
        all.push(deployment_object(deployment, &sets, now));
        for (set, count) in sets {
            all.push(set_object(deployment, set, count, now));
            all.extend((0..count).map(|number| pod_object(state, deployment, set, number, now)));
        }
    }
    all
}

/// How many pods each replica set has: a rollout adds one new pod and keeps the old ones until the new ones are up.
fn counted(deployment: &Deployment, now: u64) -> Vec<(&ReplicaSet, u32)> {
    let Some((current, old)) = deployment.sets.split_last() else { return Vec::new() };
    let working = if is_up(current, now) { None } else { old.iter().rposition(|set| is_up(set, now)) };
    let kept = |at: usize| if working == Some(at) { deployment.replicas } else { 0 };
    let mut sets: Vec<_> = old.iter().enumerate().map(|(at, set)| (set, kept(at))).collect();
    let fresh = if working.is_some() { deployment.replicas.min(1) } else { deployment.replicas };
    sets.push((current, fresh));
    sets
}

fn deployment_object(deployment: &Deployment, sets: &[(&ReplicaSet, u32)], now: u64) -> Value {
    let Deployment { namespace, release, uid, generation, replicas, .. } = deployment;
    let total: u32 = sets.iter().map(|(_, count)| count).sum();
    let available: u32 = sets.iter().filter(|(set, _)| is_up(set, now)).map(|(_, count)| count).sum();
    let (current, updated) = sets.last().map_or((None, 0), |(set, count)| (Some(*set), *count));
    let revision = current.map_or(0, |set| set.revision);
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": format!("{release}-deployment"), "namespace": namespace, "uid": format!("deployment-{uid}"),
            "generation": generation, "labels": labels(release), "annotations": {
                "deployment.kubernetes.io/revision": revision.to_string(),
                "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}},
        "spec": {"replicas": replicas, "template": current.map(|set| template(release, set))},
        "status": {"observedGeneration": generation, "replicas": total, "updatedReplicas": updated,
            "readyReplicas": available, "availableReplicas": available, "unavailableReplicas": total - available}})
}

fn set_object(deployment: &Deployment, set: &ReplicaSet, count: u32, now: u64) -> Value {
    let Deployment { namespace, release, uid, .. } = deployment;
    let ready = if is_up(set, now) { count } else { 0 };
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": format!("{release}-deployment-{}", set.hash), "namespace": namespace,
            "uid": format!("replicaset-{}", set.uid), "generation": set.revision, "labels": labels(release),
            "annotations": {"deployment.kubernetes.io/revision": set.revision.to_string(),
                "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace},
            "ownerReferences": [owner("Deployment", &format!("{release}-deployment"), &format!("deployment-{uid}"))]},
        "spec": {"replicas": count, "template": template(release, set)},
        "status": {"replicas": count, "readyReplicas": ready, "availableReplicas": ready, "observedGeneration": set.revision}})
}

fn pod_object(state: &State, deployment: &Deployment, set: &ReplicaSet, number: u32, now: u64) -> Value {
    let Deployment { namespace, release, .. } = deployment;
    let name = pod_name(release, set, number);
    let ready = is_up(set, now);
    let status = if ready { "True" } else { "False" };
    let phase = if set.behaviour == Behaviour::NoImage { "Pending" } else { "Running" };
    let owner = owner(
        "ReplicaSet",
        &format!("{release}-deployment-{}", set.hash),
        &format!("replicaset-{}", set.uid),
    );
    let made = if state.stale { set.since.saturating_sub(LONG) } else { set.since };
    let since = if state.stale { made } else { set.since.max(state.started) };
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "creationTimestamp": moment(made), "namespace": namespace, "uid": format!("pod-{name}"), "labels": labels(release), "ownerReferences": [owner]},
        "spec": template(release, set)["spec"],
        "status": {"phase": phase, "conditions": [
                {"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": status}],
            "containerStatuses": [container(release, set, ready, since)]}});
    if let Some(node) = state.nodes.first() {
        pod["spec"]["nodeName"] = node["metadata"]["name"].clone();
    }
    if let Some(annotations) = template(release, set)["metadata"].get("annotations") {
        pod["metadata"]["annotations"] = annotations.clone();
    }
    if let Some(containers) = pod["spec"]["containers"].as_array_mut() {
        containers.extend(dapr::injected(state, release, set));
    }
    pod
}

fn container(release: &str, set: &ReplicaSet, ready: bool, since: u64) -> Value {
    let mut container = json!({"name": release, "image": set.image, "ready": ready, "started": ready, "restartCount": 0,
        "state": {"running": {"startedAt": moment(since)}}, "lastState": {}});
    match set.behaviour {
        Behaviour::Ready | Behaviour::Slow(_) | Behaviour::Unwell | Behaviour::Deaf => {}
        Behaviour::NeverReady => container["started"] = json!(true),
        Behaviour::Crash => {
            let message = format!("back-off 10s restarting failed container={release}");
            container["restartCount"] = json!(2);
            container["state"] = json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}});
            container["lastState"] = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
        }
        Behaviour::NoImage => {
            let message = format!("Back-off pulling image \"{}\"", set.image);
            container["state"] = json!({"waiting": {"reason": "ImagePullBackOff", "message": message}});
        }
    }
    container
}

/// The pods of a Deployment: name, replica set.
pub fn pods(deployment: &Deployment, now: u64) -> Vec<(String, &ReplicaSet)> {
    let sets = counted(deployment, now).into_iter();
    sets.flat_map(|(set, count)| {
        (0..count).map(move |number| (pod_name(&deployment.release, set, number), set))
    })
    .collect()
}

fn pod_name(release: &str, set: &ReplicaSet, number: u32) -> String {
    let again = if set.replaced == 0 { String::new() } else { format!("/{}", set.replaced) };
    let suffix = hash(&format!("{}/{number}{again}", set.uid));
    // The first digits of texts that end differently are the same.
    format!("{release}-deployment-{}-{}", set.hash, &suffix[5..])
}

fn template(release: &str, set: &ReplicaSet) -> Value {
    let mut template = json!({"metadata": {"labels": labels(release)},
        "spec": {"containers": [{"name": release, "image": set.image}]}});
    if !set.resources.is_null() {
        template["spec"]["containers"][0]["resources"] = set.resources.clone();
    }
    if set.sidecar.is_some() {
        template["metadata"]["annotations"] = set.containers.annotations(release);
        if !set.containers.placed.is_empty() {
            template["spec"]["initContainers"] = json!(set.containers.placed);
        }
    }
    template
}

/// The labels of a release's objects.
pub fn labels(release: &str) -> Value {
    json!({"app.kubernetes.io/name": release, "app.kubernetes.io/instance": release, "app.kubernetes.io/managed-by": "Helm"})
}

fn owner(kind: &str, name: &str, uid: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true})
}

#[cfg(test)]
mod tests {
    use super::super::{Wanted, apply, find};
    use super::*;

    fn rolled(behaviours: &[Behaviour]) -> State {
        let mut state = State::default();
        for (at, behaviour) in behaviours.iter().enumerate() {
            let wanted = Wanted {
                namespace: "todo".into(),
                release: "backend".into(),
                replicas: 2,
                image: format!("a:{at}"),
                behaviour: behaviour.clone(),
                hash: format!("hash{at}"),
                sidecar: false,
                containers: dapr::Containers::default(),
                resources: Value::Null,
            };
            apply(&mut state, &wanted, 0);
        }
        state
    }

    fn status(state: &State) -> Value {
        objects(state, 0).into_iter().find(|one| one["kind"] == "Deployment").unwrap()["status"].clone()
    }

    #[test]
    fn a_bad_rollout_adds_one_pod_and_keeps_the_old_ones() {
        let state = rolled(&[Behaviour::Ready, Behaviour::Crash]);
        let status = status(&state);
        assert_eq!(
            (&status["replicas"], &status["updatedReplicas"], &status["availableReplicas"]),
            (&json!(3), &json!(1), &json!(2))
        );
        let reasons: Vec<Value> = objects(&state, 0)
            .into_iter()
            .filter(|one| one["kind"] == "Pod")
            .map(|pod| pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].clone())
            .collect();
        assert_eq!(reasons, [Value::Null, Value::Null, json!("CrashLoopBackOff")]);
    }

    #[test]
    fn a_good_rollout_leaves_no_old_pod() {
        let state = rolled(&[Behaviour::Ready, Behaviour::Ready]);
        assert_eq!(pods(find(&state, "todo", "backend").unwrap(), 0).len(), 2);
        assert_eq!(status(&state)["updatedReplicas"], json!(2));
    }

    #[test]
    fn a_first_installation_has_no_old_pods() {
        let state = rolled(&[Behaviour::NoImage]);
        let status = status(&state);
        assert_eq!((&status["replicas"], &status["availableReplicas"]), (&json!(2), &json!(0)));
    }
}
