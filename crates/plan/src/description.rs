//! Owns describing pods for people, from what the API server says of them and what happened to them. Pure.
//! Refuses to quote environments, annotations and commands: they may hold secrets.

use std::fmt::Write;

use crate::health::dapr::SIDECAR;
use crate::kubernetes::{ContainerState, ContainerStatus, Event, Object};

/// Some pods, one after another, each with its events.
pub fn of_pods(pods: &[Object], events: &[Event]) -> String {
    let described: Vec<String> = pods.iter().map(|pod| of_pod(pod, events)).collect();
    described.join("\n")
}

fn of_pod(pod: &Object, events: &[Event]) -> String {
    let mut text = format!("Name: {}\n", pod.metadata.name);
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name}: {value}");
        }
    };
    line("Namespace", &pod.metadata.namespace);
    line("Node", &pod.pod().node_name);
    line("Phase", &pod.status.phase);
    line("Made", &pod.metadata.creation_timestamp.map(|at| at.to_string()).unwrap_or_default());
    line("Being deleted since", pod.metadata.deletion_timestamp.as_deref().unwrap_or_default());
    for one in &pod.status.conditions {
        let why = reason(&one.reason, &one.message);
        line("Condition", &format!("{} is {}{why}", one.kind, one.status));
    }
    for container in pod.pod().all_containers() {
        let _ = writeln!(text, "Container {}: image {}", container.name, container.image);
        if let Some(status) = pod.container_statuses().find(|status| status.name == container.name) {
            text.push_str(&of_status(status));
        }
    }
    for event in of_object(events, &pod.metadata.name) {
        let Event { kind, reason, message, .. } = event;
        let _ = writeln!(text, "Event {}: {}x {kind} {reason}: {message}", event.when(), event.times());
    }
    text
}

fn of_status(status: &ContainerStatus) -> String {
    let ready = if status.ready == Some(true) { "ready" } else { "not ready" };
    let mut text = format!("  {ready}, {} restarts\n", status.restart_count);
    for (when, state) in [("now", &status.state), ("before", &status.last_state)] {
        if let Some(told) = of_state(state) {
            let _ = writeln!(text, "  {when}: {told}");
        }
    }
    text
}

fn of_state(state: &ContainerState) -> Option<String> {
    let ContainerState { running, waiting, terminated } = state;
    if let Some(since) = running.started_at {
        return Some(format!("runs since {since}"));
    }
    if let Some(code) = terminated.exit_code {
        return Some(format!(
            "ended with exit status {code}{}",
            reason(&terminated.reason, &terminated.message)
        ));
    }
    let is_waiting = !waiting.reason.is_empty() || !waiting.message.is_empty();
    is_waiting.then(|| format!("waits{}", reason(&waiting.reason, &waiting.message)))
}

fn reason(reason: &str, message: &str) -> String {
    let parts: Vec<&str> = [reason, message].into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(": ")) }
}

/// What happened to an object, oldest first.
pub fn of_object<'a>(events: &'a [Event], name: &str) -> Vec<&'a Event> {
    let mut found: Vec<&Event> = events.iter().filter(|event| event.involved_object.name == name).collect();
    found.sort_by(|a, b| a.when().cmp(b.when()));
    found
}

/// The containers of a pod, those first that are likely to show what is wrong, and how many are as likely as the first.
pub fn suspects(pod: &Object) -> (Vec<&ContainerStatus>, usize) {
    let mut all: Vec<&ContainerStatus> = pod.container_statuses().collect();
    // What others injected comes after what the workload asks for.
    all.sort_by_key(|one| (rank(one), -one.restart_count, one.name == SIDECAR));
    let likely = all.iter().take_while(|one| rank(one) == rank(all[0])).count();
    (all, likely)
}

/// 0: it failed; 1: it is not ready; 2: nothing is wrong with it.
fn rank(one: &ContainerStatus) -> u8 {
    let ContainerState { waiting, terminated, .. } = &one.state;
    match terminated.exit_code {
        // An init container that has done its work is not ready either.
        Some(0) => 2,
        Some(_) => 0,
        None if !matches!(waiting.reason.as_str(), "" | "ContainerCreating" | "PodInitializing") => 0,
        None if one.ready == Some(true) => 2,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    fn pod() -> Object {
        let status = json!({"phase": "Running", "conditions": [
                {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [app]"}],
            "initContainerStatuses": [{"name": "init", "ready": false, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}],
            "containerStatuses": [
                {"name": "daprd", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}},
                {"name": "app", "ready": false, "restartCount": 3,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                    "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]});
        let spec = json!({"nodeName": "n1", "initContainers": [{"name": "init", "image": "i:1"}],
            "containers": [{"name": "daprd", "image": "daprd:1"},
                {"name": "app", "image": "app:2", "env": [{"name": "A", "value": "CANARY"}]}]});
        let pod = json!({"kind": "Pod", "spec": spec, "status": status, "metadata": {
            "name": "app-1", "namespace": "todo", "annotations": {"a": "CANARY"}, "creationTimestamp": "2026-01-01T00:00:00Z"}});
        Object::of(&pod).unwrap()
    }

    #[test]
    fn a_pod_is_described_without_what_may_be_secret() {
        let events = json!([
            {"type": "Warning", "reason": "BackOff", "message": "restarting", "count": 3,
                "lastTimestamp": "2026-01-01T00:01:00Z", "involvedObject": {"name": "app-1"}},
            // As controllers of today write them.
            {"type": "Normal", "reason": "Scheduled", "message": "to n1", "lastTimestamp": null,
                "eventTime": "2026-01-01T00:00:00Z", "involvedObject": {"name": "app-1"}},
            {"type": "Warning", "reason": "Unhealthy", "message": "probe", "lastTimestamp": null, "series":
                {"count": 7, "lastObservedTime": "2026-01-01T00:02:00Z"}, "involvedObject": {"name": "app-1"}},
            {"type": "Warning", "reason": "Other", "message": "", "involvedObject": {"name": "other"}}]);
        let events = Vec::<Event>::deserialize(events).unwrap();
        insta::assert_snapshot!(of_pods(&[pod()], &events), @"
        Name: app-1
        Namespace: todo
        Node: n1
        Phase: Running
        Made: 2026-01-01T00:00:00Z
        Condition: Ready is False: ContainersNotReady: containers with unready status: [app]
        Container init: image i:1
          not ready, 0 restarts
          now: ended with exit status 0: Completed
        Container daprd: image daprd:1
          ready, 0 restarts
          now: runs since 2026-01-01T00:00:00Z
        Container app: image app:2
          not ready, 3 restarts
          now: waits: CrashLoopBackOff: back-off 40s
          before: ended with exit status 1: Error
        Event 2026-01-01T00:00:00Z: 1x Normal Scheduled: to n1
        Event 2026-01-01T00:01:00Z: 3x Warning BackOff: restarting
        Event 2026-01-01T00:02:00Z: 7x Warning Unhealthy: probe
        ");
    }

    #[test]
    fn who_is_not_ready_is_asked_first() {
        let pod = pod();
        let (all, likely) = suspects(&pod);
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        assert_eq!((names, likely), (vec!["app", "init", "daprd"], 1));
    }
}
