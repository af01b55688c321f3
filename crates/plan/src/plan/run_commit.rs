//! Owns what ends a run in the cluster: the marks of its revisions and the record of the run.
//! Refuses to choose what is marked (`finalize`) and to know how a run ended (`engine`).

use std::collections::BTreeMap;

use crate::bookkeeping::Entry;
use crate::run_record::{Deployed, Ending, RunRecord, object_name};
use crate::step::StepId;
use crate::world::releases::ReleaseRef;
use todoctl_core::labels;

/// Labels that a revision gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Namespace of the release.
    pub namespace: String,
    /// Its name.
    pub release: String,
    /// The revision.
    pub revision: u32,
    /// The labels and their values.
    pub labels: BTreeMap<&'static str, String>,
}

impl Mark {
    /// The release.
    pub fn release(&self) -> ReleaseRef<'_> {
        ReleaseRef { namespace: &self.namespace, name: &self.release }
    }

    /// That todoctl made a revision, and whether it was verified.
    pub fn new(namespace: &str, release: &str, revision: u32, verified: bool) -> Self {
        let marks = [Some(labels::REVISION), verified.then_some(labels::VERIFIED)].into_iter().flatten();
        Self {
            namespace: namespace.to_owned(),
            release: release.to_owned(),
            revision,
            labels: marks.map(|label| (label, revision.to_string())).collect(),
        }
    }

    /// As it is written: helm keeps a revision in a Secret of its own (helm `pkg/storage`).
    pub fn entry(&self) -> Entry {
        let Self { namespace, release, revision, labels } = self;
        let secret = format!("sh.helm.release.v1.{release}.v{revision}");
        Entry::Labels { namespace: namespace.clone(), secret, labels: labels.clone() }
    }
}

/// The marks and the record.
#[derive(Debug, Clone)]
pub struct RunCommit {
    /// The application's namespace, where records are kept.
    pub namespace: String,
    /// Marks for the case that everything is verified.
    pub marks: Vec<Mark>,
    /// The record for that case, without its ending.
    pub record: RunRecord,
}

impl RunCommit {
    /// The same of a run in which only these steps have begun.
    #[must_use]
    pub fn of(&self, begun: &[StepId]) -> Self {
        let mut narrowed = self.clone();
        narrowed.record.changed.retain(|one| begun.iter().any(|step| step.as_str() == one.step));
        narrowed
    }

    /// When everything is verified.
    pub fn verified(&self, ending: Ending) -> Vec<Entry> {
        self.entries(&self.marks, &RunRecord { ending: Some(ending), ..self.record.clone() })
    }

    /// When something failed: with what is deployed then, and the marks of what came back.
    pub fn failed(&self, ending: Ending, set: Deployed, marks: &[Mark]) -> Vec<Entry> {
        self.entries(marks, &RunRecord { ending: Some(ending), set, ..self.record.clone() })
    }

    fn entries(&self, marks: &[Mark], record: &RunRecord) -> Vec<Entry> {
        let namespace = self.namespace.clone();
        let (name, object) = (object_name(&record.run), record.object(&namespace));
        marks.iter().map(Mark::entry).chain([Entry::Record { namespace, name, object }]).collect()
    }
}
