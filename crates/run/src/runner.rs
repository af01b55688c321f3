//! Owns the door to processes: the `Runner` trait.
//! `duct` beside it is the only file that spawns, but for a login program (`cluster::program`).

mod duct;
mod environment;
mod gate;

pub use duct::{DuctRunner, Setup};
pub(crate) use gate::place;

use std::sync::Arc;

use tokio::sync::Semaphore;

use todoctl_core::invocation::{Invocation, Output, RunError};

/// Performs invocations. Blocking: async callers use `spawn_blocking`.
pub trait Runner: Send + Sync {
    /// Runs to the end. A status other than 0 is an answer, not an error.
    fn run(&self, invocation: &Invocation) -> Result<Output, RunError>;

    /// Runs a command that changes something; its output goes to a file as well, so that the death of todoctl
    /// does not end it (a pipe without a reader would). `heard` gets the lines of it soon after they were written.
    fn run_logged(
        &self,
        invocation: &Invocation,
        log: &str,
        heard: Option<Heard<'_>>,
    ) -> Result<Output, RunError>;

    /// What limits how many helm and kubectl processes run at once; nothing where none are started.
    fn gate(&self) -> Option<&Semaphore> {
        None
    }
}

/// Takes the lines that a running command has written since the last call, without their ends: some times a second at
/// most.
pub type Heard<'a> = &'a mut (dyn FnMut(&[String]) + Send);

/// A shared runner.
pub type SharedRunner = Arc<dyn Runner>;
