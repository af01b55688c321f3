//! Owns how fields are read, and the types that many kinds have: metadata, labels, conditions, quantities.

use std::collections::BTreeMap;
use std::ops::Deref;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Types that are read, field by field.
macro_rules! read {
    ($(
        $(#[$about:meta])*
        $name:ident {
            $($(#[$of_field:meta])* $field:ident: $type:ty,)*
        }
    )*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name {
            $($(#[$of_field])* #[serde(deserialize_with = "lenient")] pub $field: $type,)*
        }
    )*};
}
pub(super) use read;

/// A field; absent when it is null or has another type.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(T::deserialize(Value::deserialize(from)?).unwrap_or_default())
}

/// Labels or annotations: what has another value than text is not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<String, Value>")]
pub struct Labels(pub BTreeMap<String, String>);

impl From<BTreeMap<String, Value>> for Labels {
    fn from(all: BTreeMap<String, Value>) -> Self {
        let text = |(name, value)| match value {
            Value::String(text) => Some((name, text)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        };
        Self(all.into_iter().filter_map(text).collect())
    }
}

impl Deref for Labels {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Labels {
    /// The value of one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The words of one that is a list with commas; none where it is absent.
    pub fn words(&self, name: &str) -> impl Iterator<Item = &str> {
        self.text(name).into_iter().flat_map(|list| list.split(',')).map(str::trim)
    }
}

/// Quantities by resource, as they are written: text or number.
pub type Quantities = BTreeMap<String, Value>;

read! {
    /// The metadata of an object.
    Metadata {
        /// Name.
        name: String,
        /// Namespace; empty where none is said, and for what is in none.
        namespace: String,
        /// Unique id.
        uid: String,
        /// When it was made, by the clock of the API server.
        creation_timestamp: Option<Timestamp>,
        /// Changes with every change of the object.
        resource_version: String,
        /// Counts changes of the spec.
        generation: i64,
        /// Labels.
        labels: Labels,
        /// Annotations.
        annotations: Labels,
        /// Set while it is being deleted.
        deletion_timestamp: Option<String>,
        /// Owners.
        owner_references: Vec<Owner>,
    }
    /// An owner of an object.
    Owner {
        /// Unique id of the owner.
        uid: String,
    }
    /// Something that is so, or not, or unknown.
    Condition {
        /// What.
        #[serde(rename = "type")]
        kind: String,
        /// `True`, `False` or `Unknown`.
        status: String,
        /// Why, in one word.
        reason: String,
        /// Why, in a sentence.
        message: String,
    }
    /// What is asked for of resources.
    Requirements {
        /// At least.
        requests: Quantities,
        /// At most.
        limits: Quantities,
    }
    /// How a workload knows its pods.
    Selector {
        /// Labels that all have.
        match_labels: Labels,
    }
}

impl Condition {
    /// Whether it is of this type and has this status.
    pub fn is(&self, kind: &str, status: &str) -> bool {
        self.kind == kind && self.status == status
    }
}

impl Metadata {
    /// Its namespace, or the one of the release where it says none.
    pub fn namespace_or<'a>(&'a self, default: &'a str) -> &'a str {
        if self.namespace.is_empty() { default } else { &self.namespace }
    }

    /// Whether this is a later state of the same object. A read and a stream overtake each other: what was read before
    /// an event may arrive after it, and no other event would follow. Versions of one resource grow as whole numbers
    /// (Kubernetes enhancement 5504).
    pub fn is_after(&self, other: &Self) -> bool {
        match (self.resource_version.parse::<u64>(), other.resource_version.parse::<u64>()) {
            (Ok(one), Ok(other)) => one > other,
            (_, _) => self.generation > other.generation,
        }
    }
}
