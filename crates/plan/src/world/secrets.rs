//! Owns what is known of todoctl's versioned Secrets: names and, in memory only, their values.
//! Refuses to print either: values compare by hash.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::data;
use todoctl_core::labels;

/// The versions of one logical Secret, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Versions(Vec<SecretVersion>);

/// One immutable Secret in the cluster.
#[derive(Debug, Clone)]
pub struct SecretVersion {
    /// Its name: the logical name, a dash, a random suffix.
    pub name: String,
    /// Its values by key.
    pub values: BTreeMap<String, SecretString>,
    /// When it was made, as Kubernetes writes it.
    pub created: String,
}

impl Versions {
    /// The newest: what an `up` without new values keeps.
    pub fn newest(&self) -> Option<&SecretVersion> {
        self.0.last()
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &SecretVersion> {
        self.0.iter()
    }
}

/// The Secrets that were read, by logical name. An error says what is wrong, never what was read.
pub fn of(objects: Vec<Value>) -> Result<BTreeMap<String, Versions>, String> {
    let items = data::items(objects).map_err(|_| "the list of Secrets is not readable".to_owned())?;
    let mut secrets: BTreeMap<String, Versions> = BTreeMap::new();
    for item in items {
        let Some(logical) = item.metadata.labels.get(labels::SECRET) else {
            continue;
        };
        let mut values = BTreeMap::new();
        for (key, encoded) in item.data {
            let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let text =
                text.ok_or_else(|| format!("key {key} of Secret {} is not text", item.metadata.name))?;
            values.insert(key, SecretString::from(text));
        }
        let version =
            SecretVersion { name: item.metadata.name, values, created: item.metadata.creation_timestamp };
        secrets.entry(logical.clone()).or_default().0.push(version);
    }
    for versions in secrets.values_mut() {
        versions.0.sort_by(|a, b| (&a.created, &a.name).cmp(&(&b.created, &b.name)));
    }
    Ok(secrets)
}

/// Whether two sets of values are the same, compared by hash.
pub fn same(a: &BTreeMap<String, SecretString>, b: &BTreeMap<String, SecretString>) -> bool {
    let hash = |value: &SecretString| Sha256::digest(value.expose_secret().as_bytes());
    a.len() == b.len()
        && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| hash(value) == hash(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_age_and_never_shown() {
        let item = |name: &str, created: &str| {
            serde_json::json!({"metadata": {"name": name, "creationTimestamp": created,
                "labels": {"todoctl.dev/secret": "backend-secrets"}}, "data": {"k": STANDARD.encode("CANARY-55")}})
        };
        let secrets = of(vec![item("b", "2026-02-01T00:00:00Z"), item("a", "2026-01-01T00:00:00Z")]).unwrap();
        assert_eq!(secrets["backend-secrets"].newest().unwrap().name, "b");
        let shown = format!("{secrets:?}");
        assert!(!shown.contains("CANARY") && !shown.contains(&STANDARD.encode("CANARY-55")), "{shown}");
    }

    #[test]
    fn an_unreadable_list_is_not_quoted() {
        let error = of(vec![serde_json::json!({"metadata": "CANARY"})]).unwrap_err();
        assert_eq!(error, "the list of Secrets is not readable");
    }
}
