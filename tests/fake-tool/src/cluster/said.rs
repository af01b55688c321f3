//! Owns what pods say and what is said of them: logs and events.

use serde_json::{Value, json};

use super::objects;
use crate::state::{Behaviour, Deployment, ReplicaSet, State};

/// The pods with what they are of.
pub(crate) fn pods(state: &State, now: u64) -> Vec<(String, &Deployment, &ReplicaSet)> {
    state
        .deployments
        .iter()
        .flat_map(|one| objects::pods(one, now).into_iter().map(move |(name, set)| (name, one, set)))
        .collect()
}

/// What happened to pods that do not work.
pub(crate) fn events(state: &State, now: u64) -> Vec<Value> {
    let event = |(name, deployment, set): (String, &Deployment, &ReplicaSet)| {
        let (reason, message) = match set.behaviour {
            Behaviour::NoImage => ("Failed", format!("Failed to pull image \"{}\": not found", set.image)),
            Behaviour::Crash => {
                ("BackOff", format!("Back-off restarting failed container {}", deployment.release))
            }
            Behaviour::NeverReady => {
                ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503".to_owned())
            }
            Behaviour::Ready | Behaviour::Slow(_) | Behaviour::Unwell | Behaviour::Deaf => return None,
        };
        Some(
            json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": deployment.namespace},
            "type": "Warning", "reason": reason, "message": message, "count": 3,
            "lastTimestamp": "2026-01-01T00:00:00Z", "involvedObject": {"kind": "Pod", "name": name, "namespace": deployment.namespace}}),
        )
    };
    pods(state, now).into_iter().filter_map(event).collect()
}

/// What a container says, or why that cannot be told.
pub(crate) fn lines(
    behaviour: &Behaviour,
    previous: bool,
    pod: &str,
    container: &str,
) -> Result<[&'static str; 2], String> {
    Ok(match (behaviour, previous) {
        (Behaviour::NoImage, _) => {
            return Err(format!(
                "container \"{container}\" in pod \"{pod}\" is waiting to start: trying and failing to pull image"
            ));
        }
        (Behaviour::Crash, _) => ["starting", "cannot listen on port: address in use"],
        (_, true) => {
            return Err(format!("previous terminated container \"{container}\" in pod \"{pod}\" not found"));
        }
        (Behaviour::NeverReady, false) => ["starting", "waiting for the database"],
        // Foreign text may try to steer the terminal.
        (Behaviour::Unwell, false) => {
            ["starting", "\u{1b}]0;title\u{7}\u{1b}[31mthe database is away\u{1b}[0m"]
        }
        (Behaviour::Ready | Behaviour::Slow(_) | Behaviour::Deaf, false) => ["starting", "listening"],
    })
}
