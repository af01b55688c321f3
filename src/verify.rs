//! `todoctl verify`: the profile's checks against what is deployed now; changes nothing.

use crate::args::{Args, Form, Reading};
use crate::session::Session;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_plan::event::Outcome;
use todoctl_run::survey;
use todoctl_screen::output::Output;

/// Checks.
pub(super) async fn verify(args: &Args, command: &Reading, _output: &mut Output) -> Result<Exit, Diagnostic> {
    let session = Session::reading(args, command.profile.as_deref()).await?;
    let access = session.running().await?;
    let mut world = session.world(access.clone()).await?;
    survey::current(&session.runner(Some(&access), None), &session.inputs, &mut world).await?;
    let plan = session
        .application()
        .verify(&world)
        .map_err(|error| Diagnostic { code: Code::VerifyFound, ..error })?;
    let run = crate::args::Run::reading(command.output);
    let outcome = session.carry_out(&plan, world, (&run, "verify"), (true, 8), None).await?;
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
