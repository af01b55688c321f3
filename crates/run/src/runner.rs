//! Owns the door to processes: the `Runner` trait and its streams.
//! `duct` beside it is the only file that spawns.

mod duct;
mod environment;

pub use duct::{DuctRunner, Setup};

use std::sync::Arc;

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

    /// Starts a stream of lines, those of standard error among them, and hands each to `sink` until the stream ends, the
    /// sink says no, or the guard is dropped.
    fn lines(&self, invocation: &Invocation, sink: LineSink) -> Result<StreamGuard, RunError>;
}

/// Takes the lines that a running command has written since the last call, without their ends: some times a second at
/// most.
pub type Heard<'a> = &'a mut (dyn FnMut(&[String]) + Send);

/// Takes one line of a stream, without its end; `None` when it has ended. Answers whether it wants more.
pub type LineSink = Box<dyn FnMut(Option<String>) -> bool + Send>;

/// Ends a stream when dropped.
pub struct StreamGuard(Option<Box<dyn FnOnce() + Send>>);

impl StreamGuard {
    /// A guard that calls `end` once.
    pub fn new(end: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(end)))
    }
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

/// A shared runner.
pub type SharedRunner = Arc<dyn Runner>;
