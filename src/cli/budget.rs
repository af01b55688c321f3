//! `todoctl budget`.

use crate::cli::args::{Args, Budget};
use crate::cli::failure::Failure;
use crate::exit::Exit;
use crate::output::Output;

#[expect(clippy::unused_async, reason = "the commands are called alike")]
pub(super) async fn budget(_args: &Args, _command: &Budget, _output: &mut Output) -> Result<Exit, Failure> {
    Err(Failure::preflight("budget is not there yet", "use a later version"))
}
