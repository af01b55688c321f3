//! Owns what a step is and what it may decide. A step decides; only the engine acts.
//! Refuses to run commands, to read the cluster and to print.

mod check;
mod undo;

pub use check::{Check, Expectation, Objects, Request, RequestCheck};
pub use undo::{Guard, Returns, Reversal, Undo};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::world::World;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::Invocation;

/// Names a step for people, events and `needs`: `cluster`, `image/backend`, `release/backend`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// A step that exists once.
    pub fn single(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// One of several steps of a kind.
    pub fn of(kind: &str, name: &str) -> Self {
        Self(format!("{kind}/{name}"))
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the step of this release.
    pub fn is_release(&self, name: &str) -> bool {
        self.0.strip_prefix("release/") == Some(name)
    }

    /// The part after the kind: `backend` of `release/backend`.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(_, name)| name)
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// One entry of the deployment order.
pub trait Step: Send + Sync {
    /// Its name.
    fn id(&self) -> StepId;
    /// One sentence fragment for people: "image backend".
    fn title(&self) -> String;
    /// Its number in the documented order, 1 to 9.
    fn order(&self) -> u8;
    /// The steps that must be verified before this one starts.
    fn needs(&self) -> Vec<StepId>;
    /// Whose places it takes while it runs.
    fn lane(&self) -> Lane {
        Lane::Cluster
    }
    /// What to do, from what was seen. Pure: the same world gives the same decision.
    fn decide(&self, world: &World) -> Result<Decision, Diagnostic>;
}

/// What steps wait for when many are ready: each lane has places of its own, so that slow work of one sort does not
/// keep the other waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Builds on this machine.
    Build,
    /// Everything else: it mostly waits for the cluster.
    Cluster,
}

/// What a step will do, prove and, if need be, reverse.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// Whether and what it changes.
    pub change: Change,
    /// The commands that apply it, in order; empty when nothing changes.
    pub apply: Vec<Invocation>,
    /// What must hold afterwards, also when nothing changes.
    pub checks: Vec<Check>,
    /// How it is reversed.
    pub undo: Undo,
    /// Remarks for the plan, such as drift that will be overwritten.
    pub notes: Vec<String>,
}

impl Decision {
    /// Nothing to do, and why.
    pub fn none(why: impl Into<String>) -> Self {
        Self {
            change: Change::None { why: why.into() },
            apply: Vec::new(),
            checks: Vec::new(),
            undo: Undo::Nothing { reason: "nothing was changed".to_owned(), stays: None },
            notes: Vec::new(),
        }
    }
}

/// Whether a step changes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Change {
    /// Nothing, and why not.
    None {
        /// Why nothing changes.
        why: String,
    },
    /// Something that does not exist is made.
    Create {
        /// What is made.
        to: String,
    },
    /// Something that exists is changed.
    Update {
        /// What it is now.
        from: String,
        /// What it becomes.
        to: String,
    },
    /// Something that exists is removed.
    Remove {
        /// What it is now.
        from: String,
    },
}

impl Change {
    /// Whether nothing changes.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None { .. })
    }
}

/// A judgement about something that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Verdict {
    /// It holds.
    Ready,
    /// Not yet, and what is missing.
    NotYet {
        /// The reason, should it stay so.
        code: Code,
        /// What is missing.
        why: String,
    },
    /// These pods must be deleted once, then it can become ready.
    Stale {
        /// The reason, should others like them come up in their place.
        code: Code,
        /// Why they are in the way.
        why: String,
        /// Their names.
        pods: Vec<String>,
    },
    /// It never will: waiting is pointless.
    Broken {
        /// The reason.
        code: Code,
        /// The reason in words, with the object's name.
        why: String,
        /// Pods whose logs show it.
        pods: Vec<String>,
    },
}

impl Verdict {
    /// Not yet, for no reason that has a name of its own.
    pub fn not_yet(why: impl Into<String>) -> Self {
        Self::NotYet { code: Code::ReleaseNotReady, why: why.into() }
    }
}
