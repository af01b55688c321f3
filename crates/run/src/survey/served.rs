//! Owns reading whether CRDs can be used.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use crate::cluster::Connection;
use todoctl_plan::health::dapr;
use todoctl_plan::look::{Look, resource};

/// Whether CRDs are there, established, and their resources served. An error says what is still missing.
pub async fn are_served(cluster: &Connection, names: &[String]) -> Result<(), String> {
    let look = Look::all(resource::CRDS);
    let found = try_join_all(names.iter().map(|name| cluster.object(&look, name)))
        .await
        .map_err(|refusal| refusal.to_string())?;
    dapr::established(names, &found.into_iter().flatten().collect::<Vec<_>>())?;
    // The name of a CRD is that of its resource and its group.
    let groups: BTreeSet<&str> = names.iter().filter_map(|name| Some(name.split_once('.')?.1)).collect();
    let served = try_join_all(groups.into_iter().map(|group| cluster.served(group)))
        .await
        .map_err(|refusal| refusal.to_string())?;
    dapr::served(names, &served.into_iter().flatten().collect())
}
