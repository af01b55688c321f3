//! Owns the form of a list of Secrets or `ConfigMap`s, as kubectl prints it: metadata and data, nothing else.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The objects.
#[derive(Deserialize)]
pub(super) struct List {
    pub(super) items: Vec<Item>,
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
