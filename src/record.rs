//! Owns the record of an open run: who changes what, and how it is undone. Written before the first change, removed
//! after the last; a run that finds one of a dead process undoes it first.
//!
//! Kept on disk for now, behind one trait. A record that cannot be written stops the run before it changes anything.

mod disk;

pub use disk::DiskRecord;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::StepInfo;
use crate::step::Undo;

/// A run that is under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenRun {
    /// Its id.
    pub run: String,
    /// What was asked for, such as `up`.
    pub command: String,
    /// Who runs it, and where.
    pub holder: String,
    /// Since when.
    pub since: Timestamp,
    /// Its changing steps, in the order of the plan.
    pub steps: Vec<OpenStep>,
}

/// A step of an open run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenStep {
    /// What was announced of it.
    pub info: StepInfo,
    /// How it is undone.
    pub undo: Undo,
}

/// What was found when a run wanted to begin.
#[derive(Debug)]
pub enum Found {
    /// Nothing: the environment is free, and now held.
    Free,
    /// A run whose process is gone left this; the environment is now held.
    Abandoned(Box<OpenRun>),
    /// A living run holds the environment.
    Held(Box<OpenRun>),
}

/// Where open runs are recorded.
pub trait Record: Send + Sync {
    /// Takes the environment, and tells what was there.
    fn take(&self) -> Result<Found, String>;
    /// Writes the open run. The environment must be taken.
    fn open(&self, run: &OpenRun) -> Result<(), String>;
    /// Removes the open run.
    fn close(&self) -> Result<(), String>;
}
