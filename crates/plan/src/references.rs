//! Owns the question what refers to a version of a Secret. A version with a reference is never removed: something can
//! still return to it. Pure; whoever adds a thing that names versions adds a `Reference` here.
//!
//! An open run is not among them: whoever holds the lock has recovered it before anything is removed.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::World;
use crate::world::runs::Runs;
use todoctl_core::labels;

/// Something that names a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// A revision in helm's history, of any status: helm can roll back to it.
    Revision {
        /// Its release.
        release: String,
        /// Its number.
        number: u32,
    },
    /// A kept record of a run, which `rollback --run` can return to.
    Run(String),
    /// A Dapr object in the cluster, such as `component/statestore`: sidecars read it when they start.
    Object(String),
}

/// What refers to which version.
#[derive(Debug, Clone, Default)]
pub struct References {
    known: BTreeMap<String, BTreeSet<Reference>>,
    /// Whether something that names versions was not read, or cannot be: then every version counts as referred to.
    incomplete: bool,
}

impl References {
    /// What refers to a version.
    pub fn to(&self, version: &str) -> impl Iterator<Item = &Reference> {
        self.known.get(version).into_iter().flatten()
    }

    /// Whether nothing can return to a version any more.
    pub fn is_unused(&self, version: &str) -> bool {
        !self.incomplete && !self.known.contains_key(version)
    }
}

/// Every reference that is known. A run that changes nothing does not read the records of earlier ones, and so removes
/// no version.
pub fn of(world: &World) -> References {
    let mut all = References::default();
    let mut add = |version: &str, reference: Reference| {
        all.known.entry(version.to_owned()).or_default().insert(reference);
    };
    for (_, release, revisions) in world.releases.iter() {
        for revision in revisions {
            // helm keeps labels also in a revision that somebody else made: keeping too much is harmless.
            for version in
                [labels::SECRETS, labels::PULL].into_iter().filter_map(|label| revision.label(label))
            {
                add(version, Reference::Revision { release: release.to_owned(), number: revision.number });
            }
        }
    }
    for record in world.runs.iter().flat_map(Runs::staying) {
        for version in &record.set.secrets {
            add(version, Reference::Run(record.run.clone()));
        }
    }
    for object in world.components.iter() {
        for version in object.secrets() {
            add(
                &version,
                Reference::Object(format!("{}/{}", object.kind.name().to_lowercase(), object.name)),
            );
        }
    }
    let readable = |runs: &Runs| runs.iter().all(|entry| entry.record.is_ok());
    all.incomplete = !world.runs.as_ref().is_some_and(readable);
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::run_record;
    use crate::world::releases::{Revision, Status};

    fn records(text: &str) -> Runs {
        let item = json!({"metadata": {"name": "todoctl-run-20260101-000000-0000",
            "labels": {labels::RUN: "20260101-000000-0000"}}, "data": {run_record::KEY: text}});
        Runs::of(vec![item]).unwrap()
    }

    fn world(runs: Option<Runs>) -> World {
        let mut world = World::without_cluster("run", String::new());
        let labels = [(labels::SECRETS.to_owned(), "s-a".to_owned())].into();
        world.releases.insert("todo", "backend", Revision { number: 3, status: Status::Failed, labels });
        world.runs = runs;
        world
    }

    #[test]
    fn a_version_is_unused_only_when_everything_that_could_name_it_was_read() {
        let none = Runs::of(Vec::new()).unwrap();
        let record = r#"{"format": 1, "run": "20260101-000000-0000", "profile": "p", "helm": 4, "todoctl": "0",
            "changed": [], "releases": [], "secrets": ["s-b"]}"#;
        let cases = [
            ("records were read", Some(none), [false, true, true]),
            ("a record names one", Some(records(record)), [false, false, true]),
            ("records were not read", None, [false, false, false]),
            ("a record cannot be read", Some(records("{\"format\": 99}")), [false, false, false]),
        ];
        for (name, runs, expected) in cases {
            let found = of(&world(runs));
            assert_eq!(["s-a", "s-b", "s-c"].map(|version| found.is_unused(version)), expected, "{name}");
        }
        let found = of(&world(Some(records(record))));
        let revision = Reference::Revision { release: "backend".to_owned(), number: 3 };
        assert_eq!(found.to("s-a").collect::<Vec<_>>(), [&revision]);
        assert_eq!(found.to("s-b").collect::<Vec<_>>(), [&Reference::Run("20260101-000000-0000".to_owned())]);
    }
}
