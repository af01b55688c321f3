//! Owns the question for whom standard output is: a person or a program.

use std::ffi::OsString;

use crate::args::{
    Budget, Build, CheckSecrets, Command, Doctor, DownArgs, Form, History, Lint, Parity, PlanArgs, Recover,
    Rollback, Run, SecretsCommand, SetSecret, Up,
};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_screen::render::Progress;

impl Command {
    /// In which form standard output is asked for.
    pub(super) fn form(&self) -> Form {
        match self {
            Self::Up(Up { run, .. })
            | Self::Rollback(Rollback { run, .. })
            | Self::Down(DownArgs { run, .. })
            | Self::Recover(Recover { run, .. })
            | Self::Secrets { command: SecretsCommand::Set(SetSecret { run, .. }) } => run.form(),
            Self::Status(reading)
            | Self::Verify(reading)
            | Self::History(History { reading, .. })
            | Self::Secrets {
                command: SecretsCommand::List(reading) | SecretsCommand::Check(CheckSecrets { reading, .. }),
            } => reading.output,
            Self::Build(Build { progress, output, .. }) => form(*progress, *output),
            Self::Plan(PlanArgs { output, .. })
            | Self::Doctor(Doctor { output, .. })
            | Self::Lint(Lint { output, .. })
            | Self::Budget(Budget { output, .. })
            | Self::Parity(Parity { output, .. }) => *output,
            Self::Logs(_) | Self::Unlock(_) | Self::Completions { .. } => Form::Text,
        }
    }
}

impl Run {
    /// Form of the result.
    fn form(&self) -> Form {
        form(self.progress, self.output)
    }
}

/// `--progress json` asks for the same as `-o json`.
fn form(progress: Progress, output: Form) -> Form {
    if progress == Progress::Json { Form::Json } else { output }
}

/// The same of arguments that are no command: an option that is called so, with this value.
pub(super) fn of_arguments(arguments: impl Iterator<Item = OsString>) -> Form {
    let arguments: Vec<String> = arguments.map(|one| one.to_string_lossy().into_owned()).collect();
    let option = |one: &str| one.starts_with('-').then(|| one.trim_start_matches('-').to_owned());
    let together = ["ojson", "o=json", "output=json", "progress=json"];
    let apart = ["o", "output", "progress"];
    let asks = arguments.iter().filter_map(|one| option(one)).any(|one| together.contains(&one.as_str()))
        || arguments.windows(2).any(|pair| {
            pair[1] == "json" && option(&pair[0]).is_some_and(|name| apart.contains(&name.as_str()))
        });
    if asks { Form::Json } else { Form::Text }
}

/// What is wrong with arguments, for a program.
pub(super) fn usage(error: &clap::Error) -> Diagnostic {
    let said = error.render().to_string();
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let what =
        lines.next().unwrap_or_default().trim_start_matches("error: ").trim_end_matches(':').to_owned();
    Diagnostic::new(Code::UsageArgument, what, "todoctl help").because(lines)
}
