//! Owns the one stream of events that a run is: renderers, journal and report only read it.
//! Refuses to act on them.
//!
//! Written as one JSON object per line: `{"at": …, "event": "step-started", …}`. The first event of a stream is
//! `run-started` with every step; the last is `run-finished`, and nothing follows it.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::step::{Change, StepId};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::text;

/// Version of the event format: additions keep it, anything else raises it.
pub const FORMAT: u32 = 1;

/// An event and when it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run begins. Always the first event.
    RunStarted {
        /// Format of the stream.
        format: u32,
        /// Id of the run.
        run: String,
        /// What was asked for, such as `up`.
        command: String,
        /// Name of the profile.
        profile: String,
        /// Version of todoctl.
        version: String,
        /// Folder of the run's files.
        folder: PathBuf,
        /// Every step, in the documented order.
        steps: Vec<StepInfo>,
    },
    /// A step's needs are met and it begins.
    StepStarted {
        /// The step.
        step: StepId,
    },
    /// A child process begins.
    CommandStarted {
        /// The step it belongs to.
        step: StepId,
        /// The command as a shell line, without its input.
        command: String,
    },
    /// A child process ended.
    CommandFinished {
        /// The step it belongs to.
        step: StepId,
        /// The command as a shell line, without its input.
        command: String,
        /// Seconds it took.
        seconds: f64,
        /// Its exit status; absent when it could not be started or was killed.
        exit: Option<i32>,
    },
    /// What a step waits for has changed. May be dropped by a reader.
    StepWaiting {
        /// The step.
        step: StepId,
        /// What is missing.
        why: String,
    },
    /// How far a command of a step has come, in its own words. May be dropped by a reader.
    StepProgress {
        /// The step.
        step: StepId,
        /// What it does now.
        what: String,
    },
    /// The newest line that a command of a step has written, as it is. May be dropped by a reader.
    CommandSaid {
        /// The step.
        step: StepId,
        /// The line, without its end.
        line: String,
    },
    /// A check that programs answered holds.
    #[serde(rename = "check-held")]
    CheckPassed {
        /// The step it belongs to.
        step: StepId,
        /// Its name.
        check: String,
        /// Seconds from the first question to the last answer.
        seconds: f64,
        /// Requests that were sent, each by a process of its own.
        requests: u32,
        /// What was expected of other programs, and seen.
        seen: Vec<Seen>,
    },
    /// A step ended.
    StepFinished {
        /// The step.
        step: StepId,
        /// How.
        result: StepResult,
        /// Seconds it took.
        seconds: f64,
    },
    /// Logs, events and descriptions were saved before the rollback.
    EvidenceSaved {
        /// Folder they are in.
        folder: PathBuf,
        /// Lines that show the failure, newest last.
        excerpt: Vec<String>,
    },
    /// The rollback begins; nothing new is started any more.
    UnwindStarted {
        /// Why.
        cause: String,
        /// The steps that will be undone, in order.
        steps: Vec<StepId>,
    },
    /// A step's undo begins.
    UndoStarted {
        /// The step.
        step: StepId,
    },
    /// A step's undo ended.
    UndoFinished {
        /// The step.
        step: StepId,
        /// How.
        result: UndoResult,
        /// Seconds it took.
        seconds: f64,
    },
    /// Something worth knowing that changes no outcome.
    Warning {
        /// What.
        message: String,
    },
    /// The run is over. Always the last event.
    RunFinished {
        /// How.
        outcome: Outcome,
        /// Seconds it took.
        seconds: f64,
        /// Address of the application, when it is up.
        url: Option<String>,
    },
}

/// Something that a check expected, and saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Name of the expectation.
    pub name: String,
    /// Seconds from the answer to the check's request to the answer that showed it; asking takes about a tenth.
    pub seconds: f64,
}

impl Seen {
    /// "notification after 120 ms, audit after 180 ms".
    pub fn list(seen: &[Self]) -> String {
        let each = seen.iter().map(|one| format!("{} after {}", one.name, text::latency(one.seconds)));
        each.collect::<Vec<_>>().join(", ")
    }
}

/// A step as announced at the start of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepInfo {
    /// The step.
    pub step: StepId,
    /// Its title.
    pub title: String,
    /// Its number in the documented order.
    pub order: u8,
    /// The steps of this run that must be verified before it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<StepId>,
    /// What it will change.
    pub change: Change,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum StepResult {
    /// Nothing had to be changed, and nothing had to be checked.
    Unchanged,
    /// Nothing had to be changed, and its checks hold.
    Checked,
    /// Applied, and its checks hold.
    Verified,
    /// It failed.
    Failed {
        /// What failed and why.
        cause: String,
    },
    /// It was not started, or was stopped while waiting, because the run was already failing.
    Skipped,
}

/// How a step's undo ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum UndoResult {
    /// Its commands ran; verification of the whole follows.
    Undone,
    /// There was nothing to undo.
    Untouched {
        /// Why.
        why: String,
    },
    /// It failed; the other undos go on.
    Failed {
        /// What failed and why.
        cause: String,
    },
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything is new and verified.
    Deployed,
    /// Something failed and everything is back as it was, verified.
    RolledBack {
        /// What went wrong.
        cause: Cause,
        /// What a first installation leaves behind, such as the namespace.
        stays: Vec<String>,
    },
    /// Something failed, nothing had been changed.
    Failed {
        /// What went wrong.
        cause: Cause,
    },
    /// Something failed and not everything is back.
    Stuck {
        /// What went wrong first.
        cause: Cause,
        /// What is not back, each with the command that finishes it.
        remaining: Vec<Remaining>,
    },
    /// Something failed and the changes were kept because `--no-rollback` was given.
    Kept {
        /// What went wrong.
        cause: Cause,
        /// What was changed, each with the command that would undo it.
        remaining: Vec<Remaining>,
    },
}

impl Outcome {
    /// What went wrong, when something did.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Deployed => None,
            Self::RolledBack { cause, .. }
            | Self::Failed { cause }
            | Self::Stuck { cause, .. }
            | Self::Kept { cause, .. } => Some(cause),
        }
    }
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The step that failed; absent when a person interrupted the run.
    pub step: Option<StepId>,
    /// What failed and why, the evidence, what to do next.
    #[serde(flatten)]
    pub diagnostic: Diagnostic,
    /// Whether a person interrupted the run.
    pub interrupted: bool,
}

/// Something that a run could not bring back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// The step it belongs to.
    pub step: StepId,
    /// What is wrong with it.
    pub why: String,
    /// Commands that finish the job by hand.
    pub commands: Vec<String>,
}

/// Something that reads events. A sink that fails must swallow its failure: it never changes an outcome.
pub trait Sink: Send {
    /// Takes one event.
    fn event(&mut self, event: &Stamped);
}

/// The events of a stream in its saved form. A line that is cut off or of another form is left out: a newer todoctl may
/// know more kinds.
pub fn read(lines: &[u8]) -> Vec<Stamped> {
    lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

impl Event {
    /// The step an event is about; nothing for events of the whole run.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::StepStarted { step }
            | Self::CommandStarted { step, .. }
            | Self::CommandFinished { step, .. }
            | Self::StepWaiting { step, .. }
            | Self::StepProgress { step, .. }
            | Self::CommandSaid { step, .. }
            | Self::CheckPassed { step, .. }
            | Self::StepFinished { step, .. }
            | Self::UndoStarted { step }
            | Self::UndoFinished { step, .. } => Some(step),
            Self::RunStarted { .. }
            | Self::EvidenceSaved { .. }
            | Self::UnwindStarted { .. }
            | Self::Warning { .. }
            | Self::RunFinished { .. } => None,
        }
    }
}
