//! Owns the form of Secrets and `ConfigMap`s: metadata and data, nothing else.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The objects that were read. The error may quote what was read.
pub(super) fn items(objects: Vec<Value>) -> Result<Vec<Item>, serde_json::Error> {
    objects.into_iter().map(Item::deserialize).collect()
}

/// One of them.
#[derive(Deserialize)]
pub(super) struct Item {
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) data: BTreeMap<String, String>,
}

/// What it is called, and since when it exists.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) creation_timestamp: String,
}
