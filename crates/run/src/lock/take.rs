//! Owns getting a Lease: created when there is none, taken over when its holder is dead. Both are one conditional
//! request, so of any number of contenders one succeeds.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::clock::Moment;
use super::process::sweep;
use super::{LocalLock, Lock};
use crate::runner::SharedRunner;
use crate::survey;
use todoctl_plan::tool::kubectl::Kubectl;
use todoctl_plan::world::lease::{Holder, Lease};
use todoctl_plan::world::live::Live;

/// What came of an attempt to create.
pub enum Claim {
    /// It is held.
    Held(Arc<Lock>),
    /// Somebody else was first.
    Taken,
}

/// Creates the Lease, after what must exist before it: the namespace when it is absent, and the content that its undo
/// list refers to.
pub async fn claim(
    (runner, kubectl): (&SharedRunner, &Kubectl),
    namespace: &str,
    holder: &Holder,
    objects: &[Value],
    local: Option<LocalLock>,
) -> Result<Claim, String> {
    let begun = Moment::now();
    let done = survey::call(runner, kubectl.create(objects)).await;
    let created = done.as_ref().ok().and_then(|output| created(&output.stdout));
    let held = |version| {
        Claim::Held(Lock::start((runner, kubectl), namespace, &holder.identity, (version, begun), local))
    };
    if let (Some(version), Ok(output)) = (created, &done)
        && output.is_success()
    {
        return Ok(held(version));
    }
    // An answer may have been lost, and one object may have been refused: what is there now is read.
    let complaint = done.map_or_else(|error| error.to_string(), |output| output.complaint());
    match read(runner, kubectl, namespace).await? {
        Some(lease) if lease.identity == holder.identity => match missing(&complaint) {
            None => Ok(held(lease.resource_version)),
            Some(complaint) => {
                remove(runner, kubectl, namespace, &lease).await?;
                Err(complaint)
            }
        },
        Some(_) => {
            discard((runner, kubectl), namespace, objects).await;
            Ok(Claim::Taken)
        }
        // Somebody else held it, and is done already.
        None if complaint.contains("(AlreadyExists)") && complaint.contains("leases") => {
            discard((runner, kubectl), namespace, objects).await;
            Ok(Claim::Taken)
        }
        None => Err(complaint),
    }
}

/// Removes the content that was created for a Lease which is not needed now. What cannot be removed is collected with
/// the records of old runs.
pub async fn discard((runner, kubectl): (&SharedRunner, &Kubectl), namespace: &str, objects: &[Value]) {
    let secrets = objects.iter().filter(|one| one["kind"] == "Secret");
    let names: Vec<String> =
        secrets.filter_map(|one| one["metadata"]["name"].as_str().map(str::to_owned)).collect();
    if !names.is_empty() {
        let _ = survey::call(runner, kubectl.delete(namespace, "secret", &names)).await;
    }
}

/// The complaint, unless it says no more than that the namespace was made by somebody else in the meantime.
fn missing(complaint: &str) -> Option<String> {
    let harmless =
        complaint.lines().all(|line| line.contains("(AlreadyExists)") && line.contains("namespaces "));
    let lost = !complaint.contains("Error from server");
    (!harmless && !lost).then(|| complaint.to_owned())
}

/// Takes a Lease over, if it is still as it was read; nothing when somebody else was first.
pub async fn take_over(
    (runner, kubectl): (&SharedRunner, &Kubectl),
    namespace: &str,
    lease: &Lease,
    holder: &Holder,
    local: Option<LocalLock>,
) -> Result<Option<Arc<Lock>>, String> {
    let begun = Moment::now();
    let command = kubectl.take_lease(namespace, &lease.resource_version, holder, Timestamp::now());
    let done = survey::call(runner, command).await.map_err(|error| error.to_string())?;
    let version = if done.is_success() {
        version(&done.stdout)?
    } else {
        match read(runner, kubectl, namespace).await? {
            Some(now) if now.identity == holder.identity => now.resource_version,
            Some(now) if now.resource_version == lease.resource_version => return Err(done.complaint()),
            Some(_) | None => return Ok(None),
        }
    };
    sweep(&lease.holder);
    Ok(Some(Lock::start((runner, kubectl), namespace, &holder.identity, (version, begun), local)))
}

/// The Lease as it is now.
pub async fn read(
    runner: &SharedRunner,
    kubectl: &Kubectl,
    namespace: &str,
) -> Result<Option<Lease>, String> {
    let done = survey::call(runner, kubectl.lease(namespace)).await.map_err(|error| error.to_string())?;
    if !done.is_success() {
        return Err(done.complaint());
    }
    if done.text().trim().is_empty() {
        return Ok(None);
    }
    let lease: Value = serde_json::from_slice(&done.stdout).map_err(|error| error.to_string())?;
    Live::of([lease])?.lease(namespace)
}

/// Removes a Lease, if it is still as it was read.
pub async fn remove(
    runner: &SharedRunner,
    kubectl: &Kubectl,
    namespace: &str,
    lease: &Lease,
) -> Result<(), String> {
    let command = kubectl.delete_lease(namespace, &lease.resource_version);
    let done = survey::call(runner, command).await.map_err(|error| error.to_string())?;
    if done.is_success() { Ok(()) } else { Err(done.complaint()) }
}

/// The version of the Lease among the objects that `kubectl create -o json` printed.
fn created(stdout: &[u8]) -> Option<String> {
    let objects = serde_json::Deserializer::from_slice(stdout).into_iter::<Value>().flatten();
    let all = objects.flat_map(|one| match one["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![one],
    });
    let mut leases = all.filter(|one| one["kind"] == "Lease");
    leases.find_map(|one| one["metadata"]["resourceVersion"].as_str().map(str::to_owned))
}

/// The version of an object that kubectl printed.
pub(super) fn version(stdout: &[u8]) -> Result<String, String> {
    let object: Value = serde_json::from_slice(stdout).map_err(|error| error.to_string())?;
    let version = object["metadata"]["resourceVersion"].as_str();
    version.map(str::to_owned).ok_or_else(|| "kubectl printed an object without a version".to_owned())
}
