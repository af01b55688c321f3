//! `todoctl secrets`: the versions in the cluster, a new value for the next `up`, and what is wrong.

mod check;
mod list;
mod set;

use crate::args::{Args, SecretsCommand};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::exit::Exit;
use todoctl_screen::output::Output;

/// Runs one of them.
pub(super) async fn secrets(
    args: &Args,
    command: &SecretsCommand,
    output: &mut Output,
) -> Result<Exit, Diagnostic> {
    match command {
        SecretsCommand::List(reading) => list::list(args, reading, output).await,
        SecretsCommand::Set(set) => set::set(args, set, output).await,
        SecretsCommand::Check(check) => check::check(args, check, output).await,
    }
}
