//! Owns what Dapr 1.18 knows of component types: versions, required metadata, allowed values, sensitive fields.
//! Refuses to judge a component (`component`), and to read what a project adds (`pluggable`).
//!
//! Kubernetes accepts any type; a sidecar that does not know it ends at its start, with every service in its scope. The
//! table `types.json` has the types that daprd registers (dapr/dapr v1.18.1, `cmd/daprd/components`) with the fields of
//! their `metadata.yaml` (dapr/components-contrib v1.18.0, Apache-2.0), corrected where the code differs: `authType` of
//! Kafka is required, PostgreSQL takes `connectionString`, `url` or `host`. `required` is left out where the description
//! asks for more than the code.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::profile::names;

/// The version of Dapr that the table describes.
pub(super) const DAPR: &str = "Dapr 1.18";

/// Fields that Dapr itself, not the component, reads, by the first word of the type.
const COMMON: [(&str, &[&str]); 3] = [
    ("pubsub", &["consumerID"]),
    (
        "state",
        &[
            "keyPrefix",
            "actorStateStore",
            "ttlInSeconds",
            "outboxPublishPubsub",
            "outboxPublishTopic",
            "outboxPubsub",
            "outboxDiscardWhenMissingState",
            "primaryEncryptionKey",
            "secondaryEncryptionKey",
        ],
    ),
    ("bindings", &["direction", "route"]),
];

/// One component type, in some of its versions.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComponentType {
    pub(super) types: Vec<String>,
    pub(super) versions: Vec<String>,
    /// Each is a list of which one must be there.
    #[serde(default)]
    pub(super) required: Vec<Vec<String>>,
    #[serde(default)]
    pub(super) sensitive: Vec<String>,
    #[serde(default)]
    pub(super) allowed: BTreeMap<String, Vec<String>>,
    /// Further fields; absent when the fields are not known.
    #[serde(default)]
    pub(super) others: Option<Vec<String>>,
    /// Whether a container of the pod serves it, instead of the sidecar itself.
    #[serde(skip)]
    pub(super) pluggable: bool,
}

fn all() -> &'static [ComponentType] {
    static ALL: OnceLock<Vec<ComponentType>> = OnceLock::new();
    // A table that does not parse is found by the tests of this room.
    ALL.get_or_init(|| serde_json::from_str(include_str!("types.json")).unwrap_or_default())
}

/// A type in a version, among those of Dapr and those that the profile declares; the error says what is wrong with
/// either. Dapr does not look at the case of both.
pub(super) fn find<'a>(
    declared: &'a [ComponentType],
    name: &str,
    version: &str,
) -> Result<&'a ComponentType, Unknown> {
    let same = |one: &String, other: &str| one.eq_ignore_ascii_case(other);
    let versions: Vec<&ComponentType> =
        all().iter().chain(declared).filter(|one| one.types.iter().any(|known| same(known, name))).collect();
    if versions.is_empty() {
        return Err(Unknown::Type(format!(
            "`{name}` is no component type that {DAPR} knows{}",
            instead(declared, name)
        )));
    }
    let found = versions.iter().find(|one| one.versions.iter().any(|known| same(known, version)));
    found.copied().ok_or_else(|| {
        let known: Vec<&str> =
            versions.iter().flat_map(|one| one.versions.iter().map(String::as_str)).collect();
        let whose = if versions.iter().any(|one| one.pluggable) { "its description" } else { DAPR };
        Unknown::Version(format!("`{version}` is no version of {name}; {whose} has {}", known.join(", ")))
    })
}

/// Whether Dapr itself has a type.
pub(super) fn is_built_in(name: &str) -> bool {
    all().iter().any(|one| one.types.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// What of a type is not known.
pub(super) enum Unknown {
    /// The type itself; the message.
    Type(String),
    /// Its version; the message.
    Version(String),
}

/// What somebody may have meant: the same product as another kind of component, or a name that is near.
fn instead(declared: &[ComponentType], name: &str) -> String {
    let names = || all().iter().chain(declared).flat_map(|one| &one.types).map(String::as_str);
    let (_, product) = name.split_once('.').unwrap_or(("", name));
    let mut elsewhere: Vec<&str> = names()
        .filter(|known| {
            known
                .split_once('.')
                .is_some_and(|(_, other)| !product.is_empty() && other.eq_ignore_ascii_case(product))
        })
        .collect();
    elsewhere.dedup();
    if !elsewhere.is_empty() {
        return format!("; it has {product} as {}", elsewhere.join(", "));
    }
    names::nearest(name, names()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

impl ComponentType {
    /// Whether a literal in this field would be a secret in a file.
    pub(super) fn is_sensitive(&self, field: &str) -> bool {
        self.sensitive.iter().any(|known| known.eq_ignore_ascii_case(field))
    }

    /// The values that a field accepts; `None` for any.
    pub(super) fn allowed(&self, field: &str) -> Option<&[String]> {
        let found = self.allowed.iter().find(|(known, _)| known.eq_ignore_ascii_case(field));
        found.map(|(_, values)| values.as_slice())
    }

    /// Whether the field's value is a connection string of PostgreSQL.
    pub(super) fn is_postgres(&self, field: &str) -> bool {
        let product =
            |name: &String| name.split_once('.').is_some_and(|(_, product)| product.starts_with("postgres"));
        self.types.iter().any(product)
            && ["connectionString", "url"].iter().any(|known| known.eq_ignore_ascii_case(field))
    }

    /// `None` when the field is known; else what to say about it.
    pub(super) fn stranger(&self, field: &str) -> Option<String> {
        let others = self.others.as_ref()?;
        let kind = self.types[0].split('.').next().unwrap_or_default();
        let common =
            COMMON.iter().filter(|(name, _)| *name == kind).flat_map(|(_, fields)| fields.iter().copied());
        let own = others.iter().chain(&self.sensitive).chain(self.allowed.keys()).map(String::as_str);
        let known: Vec<&str> = own.chain(common).collect();
        if known.iter().any(|one| one.eq_ignore_ascii_case(field)) {
            return None;
        }
        let near = names::nearest(field, known.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Some(format!("{} knows no metadata `{field}`{near}", self.types[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, version: &str) -> String {
        match find(&[], name, version) {
            Ok(_) => String::new(),
            Err(Unknown::Type(message) | Unknown::Version(message)) => message,
        }
    }

    #[test]
    fn the_table_is_whole() {
        assert!(all().len() > 130, "{}", all().len());
        for one in all() {
            assert!(!one.types.is_empty() && !one.versions.is_empty());
            for field in one.required.iter().flatten() {
                assert_eq!(one.stranger(field), None, "{:?}", one.types);
            }
        }
    }

    #[test]
    fn unknown_types_and_versions_say_what_there_is() {
        assert_eq!(
            refused("pubsub.postgresql", "v1"),
            "`pubsub.postgresql` is no component type that Dapr 1.18 knows; \
             it has postgresql as bindings.postgresql, configuration.postgresql, state.postgresql"
        );
        assert_eq!(
            refused("pubsub.kafak", "v1"),
            "`pubsub.kafak` is no component type that Dapr 1.18 knows; did you mean `pubsub.kafka`?"
        );
        assert_eq!(
            refused("kafka", "v1"),
            "`kafka` is no component type that Dapr 1.18 knows; it has kafka as bindings.kafka, pubsub.kafka"
        );
        assert_eq!(
            refused("state.postgresql", "v3"),
            "`v3` is no version of state.postgresql; Dapr 1.18 has v1, v2"
        );
        assert_eq!(refused("State.PostgreSQL", "V2"), "");
    }

    #[test]
    fn fields_are_known_whatever_their_case() {
        let Ok(kafka) = find(&[], "pubsub.kafka", "v1") else { panic!("it is known") };
        assert_eq!(kafka.stranger("Brokers"), None);
        assert_eq!(kafka.stranger("consumerID"), None);
        assert_eq!(
            kafka.stranger("brokerz").as_deref(),
            Some("pubsub.kafka knows no metadata `brokerz`; did you mean `brokers`?")
        );
        assert!(kafka.is_sensitive("saslpassword") && !kafka.is_sensitive("brokers"));
        let Ok(state) = find(&[], "state.postgresql", "v2") else { panic!("it is known") };
        assert!(state.is_postgres("connectionString") && !state.is_postgres("tablePrefix"));
    }
}
