//! Owns the one command that ends a run in the cluster: the marks of its revisions and the record of the run, applied
//! together. Refuses to choose what is marked (`closing`) and to know how a run ended (`engine`).

use std::collections::BTreeMap;

use crate::run_record::{Deployed, Ending, RunRecord};
use crate::tool::kubectl::{Kubectl, list, release_labels};
use crate::world::releases::ReleaseRef;
use todoctl_core::invocation::Invocation;
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
}

/// The marks and the record.
#[derive(Debug, Clone)]
pub struct RunCommit {
    /// Who applies it.
    pub kubectl: Kubectl,
    /// The application's namespace, where records are kept.
    pub namespace: String,
    /// Marks for the case that everything is verified.
    pub marks: Vec<Mark>,
    /// The record for that case, without its ending.
    pub record: RunRecord,
}

impl RunCommit {
    /// As a plan shows it: nobody knows yet how long it takes.
    pub fn planned(&self) -> Invocation {
        self.command(&self.marks, &self.record)
    }

    /// When everything is verified.
    pub fn verified(&self, ending: Ending) -> Invocation {
        self.command(&self.marks, &RunRecord { ending: Some(ending), ..self.record.clone() })
    }

    /// When something failed: with what is deployed then, and the marks of what came back.
    pub fn failed(&self, ending: Ending, set: Deployed, marks: &[Mark]) -> Invocation {
        self.command(marks, &RunRecord { ending: Some(ending), set, ..self.record.clone() })
    }

    fn command(&self, marks: &[Mark], record: &RunRecord) -> Invocation {
        let mut items = release_labels(marks);
        items.push(record.object(&self.namespace));
        self.kubectl.apply(&list(&items))
    }
}
