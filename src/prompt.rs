//! Owns the terminal while a person is asked: whether there is one, and that it is left as it was found.
//! Refuses to know what is asked.
//!
//! dialoguer leaves echo off after Ctrl-C and SIGTERM, and the cursor hidden (dialoguer issue 92). So signals end the
//! question, not the process, and a guard gives the terminal back on every way out.

use std::io::IsTerminal;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::signals;
use todoctl_core::diagnostic::{Code, Diagnostic};

/// Whether a person can be asked: questions are written on standard error and answered on standard input.
pub(super) fn has_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks one question. Ctrl-C, SIGTERM and SIGHUP end it with "declined".
pub(super) async fn ask<T: Send + 'static>(
    question: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
) -> Result<T, Diagnostic> {
    let mut interrupts = signals::listen()?;
    let terminal = Terminal::found();
    let answer = tokio::task::spawn_blocking(question);
    let answer = tokio::select! {
        biased;
        _ = interrupts.wait_for(|count| *count > 0) => return Err(declined("interrupted")),
        answer = answer => answer,
    };
    drop(terminal);
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        // console turns the Ctrl-C of a yes/no question into this error and a signal.
        Ok(Err(dialoguer::Error::IO(error))) if error.kind() == std::io::ErrorKind::Interrupted => {
            Err(declined("interrupted"))
        }
        Ok(Err(error)) => Err(declined(&format!("no answer ({error})"))),
        Err(error) => Err(Diagnostic::bug(format!("a question failed: {error}"))),
    }
}

/// Work before the first change: a signal ends it, and nothing was changed.
pub(super) async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Diagnostic>>,
) -> Result<T, Diagnostic> {
    let mut interrupts = signals::listen()?;
    tokio::select! {
        biased;
        _ = interrupts.wait_for(|count| *count > 0) => Err(declined("interrupted")),
        done = work => done,
    }
}

/// A question for callers that are not async.
pub(super) fn ask_now<T: Send + 'static>(
    question: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
) -> Result<T, Diagnostic> {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ask(question)))
}

/// The person said no, or nothing.
pub(super) fn declined(what: &str) -> Diagnostic {
    let message = format!("{what}; nothing was changed");
    Diagnostic::new(Code::PersonDeclined, message, "")
}

/// The settings of the terminal, restored when dropped.
struct Terminal(Option<Termios>);

impl Terminal {
    fn found() -> Self {
        Self(tcgetattr(std::io::stdin()).ok())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that has gone away needs nothing.
        if let Some(settings) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, settings);
            let _ = console::Term::stderr().show_cursor();
        }
    }
}
