//! `todoctl parity`.

use crate::cli::args::{Args, Parity};
use crate::cli::failure::Failure;
use crate::exit::Exit;
use crate::output::Output;

#[expect(clippy::unused_async, reason = "the commands are called alike")]
pub(super) async fn parity(_args: &Args, _command: &Parity, _output: &mut Output) -> Result<Exit, Failure> {
    Err(Failure::preflight("parity is not there yet", "use a later version"))
}
