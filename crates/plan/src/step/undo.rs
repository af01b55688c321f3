//! Owns what an undo is: decided before a step is applied, on record before the first change.
//! Refuses command lines: they depend on helm's version and on how the cluster is reached (`tool::reversal`).

use serde::{Deserialize, Serialize};

use super::{Check, StepId};
use crate::world::releases::Status;

/// How a step is reversed; decided before it is applied.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Undo {
    /// Some reversals, in order.
    Commands {
        /// What is reversed; `tool::reversal` makes the commands.
        reversals: Vec<Reversal>,
        /// Steps whose undo comes first when they are undone too; the others are undone in reverse order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        follows: Vec<StepId>,
        /// When they are skipped because the step turned out to have changed nothing.
        guard: Guard,
        /// What must hold when everything is undone.
        checks: Vec<Check>,
        /// Revision of a release that comes back; its labels are renewed afterwards.
        returns: Option<Returns>,
        /// What is not good although it is undone, by name.
        stays: Option<String>,
    },
    /// Nothing, with the argument why that is right.
    Nothing {
        /// Why nothing needs to be undone.
        reason: String,
        /// What of it stays when everything else is undone, by name.
        stays: Option<String>,
    },
}

impl Undo {
    /// The same undo, after those of some steps.
    #[must_use]
    pub fn after(mut self, steps: Vec<StepId>) -> Self {
        if let Self::Commands { follows, .. } = &mut self {
            *follows = steps;
        }
        self
    }

    /// The same undo, which leaves something behind.
    #[must_use]
    pub fn leaving(mut self, what: &str) -> Self {
        match &mut self {
            Self::Commands { stays, .. } | Self::Nothing { stays, .. } => {
                *stays = Some(stays.take().map_or(what.to_owned(), |before| format!("{before}; {what}")));
            }
        }
        self
    }

    /// What is reversed, in order.
    pub fn reversals(&self) -> &[Reversal] {
        match self {
            Self::Commands { reversals, .. } => reversals,
            Self::Nothing { .. } => &[],
        }
    }

    /// The steps whose undo comes first.
    pub fn follows(&self) -> &[StepId] {
        match self {
            Self::Commands { follows, .. } => follows,
            Self::Nothing { .. } => &[],
        }
    }
}

/// One thing that an undo does, by names and numbers and without a command line: it stays on record in the cluster, and
/// another major version of helm on another machine must be able to carry it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reversal", rename_all = "kebab-case")]
pub enum Reversal {
    /// A release goes to a revision, or away.
    Release {
        /// Release name.
        release: String,
        /// Its namespace.
        namespace: String,
        /// Revision whose content comes back; absent when the release goes away.
        to: Option<u32>,
        /// Whether its history stays when it goes away: there were revisions before.
        keep_history: bool,
    },
    /// Objects that the step made go away.
    Delete {
        /// Kind, as kubectl takes it: `secret`, `components.dapr.io`.
        kind: String,
        /// Their namespace.
        namespace: String,
        /// Their names.
        names: Vec<String>,
    },
    /// Objects get the content they had, applied server-side.
    Restore {
        /// Whole manifests, without what the server adds.
        objects: Vec<serde_json::Value>,
    },
}

/// The revision of a release that an undo brings back as a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returns {
    /// Release name.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// Revision whose content comes back.
    pub revision: u32,
    /// Whether todoctl made that revision: only then its labels describe it.
    pub ours: bool,
    /// Whether it was verified.
    pub verified: bool,
}

/// When an undo has nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Guard {
    /// The commands are harmless when there is nothing to undo: always run them.
    Always,
    /// Skip unless the release has changed since: another newest revision, or another status of it.
    ReleaseChanged {
        /// Release name.
        release: String,
        /// Its namespace.
        namespace: String,
        /// Newest revision before the run; 0 when there was none.
        revision: u32,
        /// Its status before the run.
        status: Option<Status>,
    },
}
