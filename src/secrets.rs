//! `todoctl secrets`: the versions in the cluster, a new value for the next `up`, and what is wrong.

mod check;
mod list;
mod set;

use crate::args::{Args, Secrets};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::exit::Exit;
use todoctl_screen::output::Output;

/// Runs one of them.
pub(super) async fn secrets(args: &Args, command: &Secrets, output: &mut Output) -> Result<Exit, Diagnostic> {
    match command {
        Secrets::List(reading) => list::list(args, reading, output).await,
        Secrets::Set(set) => set::set(args, set, output).await,
        Secrets::Check(check) => check::check(args, check, output).await,
    }
}
