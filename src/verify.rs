//! `todoctl verify`: the profile's checks against what is deployed now; changes nothing.

use crate::args::{Args, Form, Reading};
use crate::front::Front;
use crate::open;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_plan::event::Outcome;
use todoctl_run::environment::Execution;
use todoctl_screen::output::Output;

/// Checks that may run at once.
const JOBS: usize = 8;

/// Checks.
pub(super) async fn verify(args: &Args, command: &Reading, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::reading(args, command.profile.as_deref()).await?;
    let access = environment.running().await?;
    let mut world = environment.observe(access.clone()).await?;
    environment.observe_deployed(&mut world).await?;
    let plan = environment
        .application()
        .verify(&world)
        .map_err(|error| Diagnostic { code: Code::VerifyFound, ..error })?;
    let run = crate::args::Run::reading(command.output);
    let outcome = environment
        .execute(&plan, world, Execution::of("verify", JOBS), &mut Front::of(args, &run, output))
        .await?;
    Ok(if outcome == Outcome::Deployed { Exit::Done } else { Exit::Found })
}

impl crate::args::Run {
    /// For a command that changes nothing.
    fn reading(output: Form) -> Self {
        Self { output, ..Self::unasked(todoctl_screen::render::Progress::Auto) }
    }

    /// For a command that asks nothing and changes no cluster.
    pub(super) fn unasked(progress: todoctl_screen::render::Progress) -> Self {
        Self {
            yes: true,
            confirm: None,
            lock_timeout: std::time::Duration::ZERO,
            progress,
            output: Form::Text,
        }
    }
}
