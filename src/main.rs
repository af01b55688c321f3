//! Owns the commands: arguments, questions, and which crates a command calls in which order.
//! The only place that reads the environment, asks a person, and turns answers into exit statuses.

mod args;
mod ask;
mod budget;
mod build;
mod charts;
mod doctor;
mod down;
mod folders;
mod form;
mod front;
mod github;
mod history;
mod host;
mod hygiene;
mod lint;
mod logs;
mod open;
mod parity;
mod prompt;
mod questions;
mod recover;
mod rollback;
mod room;
mod secrets;
mod select;
mod signals;
mod sources;
mod status;
mod tools;
mod unlock;
mod up;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use serde_json::json;

use self::args::{Args, Command, Form};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::exit::Exit;
use todoctl_screen::output::{Color, Output};
use todoctl_screen::render::error::error_text;

/// Runs todoctl with the process's arguments.
pub fn main() -> ExitCode {
    hygiene::seal();
    clap_complete::CompleteEnv::with_factory(Args::command).complete();
    // Only bugs get here with a backtrace; expected failures are plain text.
    if let Err(error) = color_eyre::install() {
        drop(error);
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return misunderstood(&error),
    };
    let mut output = Output::standard(args.color, &folders::terminal(), hygiene::redactor().clone());
    match run(&args, &mut output) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            // Before it is wrapped: a value that is broken over two lines is not found.
            let failure = failure.redacted(hygiene::redactor());
            match args.command.form() {
                Form::Text => {}
                Form::Json => output.result(&json!({ "error": failure }).to_string()),
            }
            output.note(&error_text(&failure.what, &[], &failure.evidence, Some(&failure.fix)));
            github::failure(&failure, &mut output);
            failure.exit().into()
        }
    }
}

/// The end of a command line that is no command, or that asks for help.
fn misunderstood(error: &clap::Error) -> ExitCode {
    // clap prints help on stdout and mistakes on stderr; a closed terminal is no reason to fail.
    let _ = error.print();
    if !error.use_stderr() {
        return Exit::Done.into();
    }
    match form::of_arguments(std::env::args_os()) {
        Form::Text => {}
        Form::Json => {
            let mut output =
                Output::standard(Color::Never, &folders::terminal(), hygiene::redactor().clone());
            output.result(&json!({ "error": form::usage(error) }).to_string());
        }
    }
    Exit::Usage.into()
}

fn run(args: &Args, output: &mut Output) -> Result<Exit, Diagnostic> {
    if let Command::Completions { shell } = &args.command {
        completions(*shell, output);
        return Ok(Exit::Done);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Diagnostic::bug(format!("cannot start the async runtime: {error}")))?;
    let exit = runtime.block_on(async {
        match &args.command {
            Command::Up(up) => up::up(args, up, output).await,
            Command::Plan(plan) => up::plan(args, plan, output).await,
            Command::Build(command) => build::build(args, command, output).await,
            Command::Status(command) => status::status(args, command, output).await,
            Command::Rollback(command) => rollback::rollback(args, command, output).await,
            Command::History(command) => history::history(args, command, output).await,
            Command::Logs(command) => logs::logs(args, command, output).await,
            Command::Down(command) => down::down(args, command, output).await,
            Command::Recover(command) => recover::recover(args, command, output).await,
            Command::Unlock(command) => unlock::unlock(args, command, output).await,
            Command::Verify(command) => verify::verify(args, command, output).await,
            Command::Secrets { command } => secrets::secrets(args, command, output).await,
            Command::Doctor(command) => doctor::doctor(args, command, output).await,
            Command::Lint(command) => lint::lint(args, command, output).await,
            Command::Budget(command) => budget::budget(args, command, output).await,
            Command::Parity(command) => parity::parity(args, command, output).await,
            Command::Completions { .. } => Ok(Exit::Done),
        }
    });
    // Reads that nobody waits for any more, such as a slow watch, must not delay the end.
    runtime.shutdown_background();
    exit
}

fn completions(shell: clap_complete::Shell, output: &mut Output) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "todoctl", &mut script);
    output.result(String::from_utf8_lossy(&script).trim_end());
}
