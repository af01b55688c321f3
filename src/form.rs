//! Owns the question for whom standard output is: a person or a program.

use crate::args::{
    Budget, Build, CheckSecrets, Command, Doctor, DownArgs, Form, History, Lint, Parity, PlanArgs, Recover,
    Rollback, Run, SecretsCommand, SetSecret, Up,
};
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
            Self::Plan(PlanArgs { output, .. })
            | Self::Build(Build { output, .. })
            | Self::Doctor(Doctor { output, .. })
            | Self::Lint(Lint { output, .. })
            | Self::Budget(Budget { output, .. })
            | Self::Parity(Parity { output, .. }) => *output,
            Self::Logs(_) | Self::Unlock(_) | Self::Completions { .. } => Form::Text,
        }
    }
}

impl Run {
    /// Form of the result: `--progress json` asks for the same as `-o json`.
    fn form(&self) -> Form {
        if self.progress == Progress::Json { Form::Json } else { self.output }
    }
}
