//! Owns getting a Lease: created when there is none, taken over when its holder is dead. Both are one conditional
//! request, so of any number of contenders one succeeds.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::clock::Moment;
use super::process::sweep;
use super::{LocalLock, Lock};
use crate::cluster::{Connection, Refusal};
use todoctl_plan::look::{Look, resource};
use todoctl_plan::world::lease::{self, Holder, Lease, patch};
use todoctl_plan::world::live::Live;

/// What came of an attempt to create.
pub enum Claim {
    /// It is held.
    Held(Arc<Lock>),
    /// Somebody else was first.
    Taken,
}

/// What is created for a run, in this order.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The namespace, when it was absent.
    pub namespace: Option<Value>,
    /// A Secret with the content that the undo list refers to, when there is any.
    pub content: Option<Value>,
    /// The Lease.
    pub lease: Value,
}

/// Creates the Lease, after what must exist before it.
pub async fn claim(
    cluster: &Connection,
    namespace: &str,
    holder: &Holder,
    objects: &Claimed,
    local: Option<LocalLock>,
) -> Result<Claim, String> {
    let begun = Moment::now();
    let held =
        |version| Claim::Held(Lock::start(cluster, namespace, &holder.identity, (version, begun), local));
    let refusal = match create(cluster, namespace, objects).await {
        Ok(version) => return Ok(held(version)),
        Err(Uncreated::Before(refusal)) => {
            // What is there already is not of this run.
            if !refusal.already_exists() {
                discard(cluster, namespace, objects).await;
            }
            return Err(refusal.to_string());
        }
        Err(Uncreated::Lease(refusal)) => refusal,
    };
    // The answer may have been lost: what is there now is read.
    match read(cluster, namespace).await? {
        Some(lease) if lease.identity == holder.identity => Ok(held(lease.resource_version)),
        Some(_) => {
            discard(cluster, namespace, objects).await;
            Ok(Claim::Taken)
        }
        // It may come into being all the same: then what it refers to must be there.
        None if refusal.is_lost() => Err(refusal.to_string()),
        None => {
            discard(cluster, namespace, objects).await;
            // Somebody else held it, and is done already.
            if refusal.already_exists() { Ok(Claim::Taken) } else { Err(refusal.to_string()) }
        }
    }
}

/// What was not created.
enum Uncreated {
    /// Something that must exist before the Lease.
    Before(Refusal),
    /// The Lease, or so it seems.
    Lease(Refusal),
}

/// The version of the Lease.
async fn create(cluster: &Connection, namespace: &str, objects: &Claimed) -> Result<String, Uncreated> {
    let Claimed { namespace: place, content, lease } = objects;
    if let Some(place) = place {
        match cluster.create(&Look::all(resource::NAMESPACES), place).await {
            Ok(_) => {}
            // It was made by somebody else in the meantime.
            Err(refusal) if refusal.already_exists() => {}
            Err(refusal) => return Err(Uncreated::Before(refusal)),
        }
    }
    if let Some(content) = content {
        cluster.create(&contents(namespace), content).await.map_err(Uncreated::Before)?;
    }
    cluster.create(&lease::look(namespace), lease).await.map_err(Uncreated::Lease)
}

fn contents(namespace: &str) -> Look {
    Look::all(resource::SECRETS).within(namespace)
}

/// Removes the content that was created for a Lease which is not needed now. What cannot be removed is collected with
/// the records of old runs.
pub async fn discard(cluster: &Connection, namespace: &str, objects: &Claimed) {
    let name = objects.content.as_ref().and_then(|content| content["metadata"]["name"].as_str());
    if let Some(name) = name {
        let _ = cluster.delete(&contents(namespace), name, None).await;
    }
}

/// Takes a Lease over, if it is still as it was read; nothing when somebody else was first.
pub async fn take_over(
    cluster: &Connection,
    namespace: &str,
    lease: &Lease,
    holder: &Holder,
    local: Option<LocalLock>,
) -> Result<Option<Arc<Lock>>, String> {
    let begun = Moment::now();
    let patch = patch::takeover(&lease.resource_version, holder, Timestamp::now());
    let version = match cluster.patch(&lease::look(namespace), lease::NAME, &patch).await {
        Ok(version) => version,
        Err(refusal) => match read(cluster, namespace).await? {
            Some(now) if now.identity == holder.identity => now.resource_version,
            Some(now) if now.resource_version == lease.resource_version => return Err(refusal.to_string()),
            Some(_) | None => return Ok(None),
        },
    };
    sweep(&lease.holder);
    Ok(Some(Lock::start(cluster, namespace, &holder.identity, (version, begun), local)))
}

/// The Lease as it is now.
pub async fn read(cluster: &Connection, namespace: &str) -> Result<Option<Lease>, String> {
    let found = cluster.own(&lease::look(namespace), lease::NAME).await;
    match found.map_err(|refusal| refusal.to_string())? {
        Some(lease) => Live::of([lease])?.lease(namespace),
        None => Ok(None),
    }
}

/// Removes a Lease, if it is still as it was read.
pub async fn remove(cluster: &Connection, namespace: &str, lease: &Lease) -> Result<(), String> {
    let version = Some(lease.resource_version.as_str());
    let removed = cluster.delete(&lease::look(namespace), lease::NAME, version).await;
    removed.map_err(|refusal| refusal.to_string())
}
