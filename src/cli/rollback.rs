//! `todoctl rollback RELEASE [REVISION]`.

use crate::cli::args::{Args, Form, Rollback};
use crate::cli::ask;
use crate::cli::failure::Failure;
use crate::cli::select::unknown;
use crate::cli::session::Session;
use crate::cli::up::show;
use crate::closing;
use crate::event::Outcome;
use crate::exit::Exit;
use crate::output::Output;
use crate::plan::Plan;
use crate::report;
use crate::step::Step;
use crate::steps::{RollbackStep, choose_revision, number_after};
use crate::survey;

/// Returns one release to an earlier revision.
pub(super) async fn rollback(args: &Args, command: &Rollback, output: &mut Output) -> Result<Exit, Failure> {
    let session = Session::reading(args, command.profile.as_deref()).await?;
    let name = command.release.as_str();
    let profile = &session.inputs.profile;
    let release =
        profile.releases.get(name).ok_or_else(|| unknown(profile, &session.inputs.name, name, ""))?;
    let namespace = session.inputs.namespace(release).to_owned();
    let access = session.running().await?;
    if !command.dry_run {
        session.take(&command.run, &access, output).await?;
    }
    let mut world = session.world(access.clone()).await?;
    let history = world.releases.history(&namespace, name).to_vec();
    let revision = choose_revision(name, &history, command.revision)?;
    let runner = session.runner(Some(&access), None);
    survey::revisions(&runner, &mut world, (name, &namespace), revision).await?;
    world.runs = Some(survey::runs(&runner, &access, &session.inputs.profile.namespace).await?);
    let steps: Vec<Box<dyn Step>> = vec![Box::new(RollbackStep::new(&session.inputs, name, revision))];
    let mut plan =
        Plan::decide(&session.inputs.name, &steps, &world).map_err(|errors| Failure::undecided(&errors))?;
    plan.closing = closing::of_rollback(&session.inputs, &world, &plan, &[(&namespace, name, revision)]);
    if command.dry_run {
        show(&plan, command.run.output, args.verbose, output);
        return Ok(Exit::Done);
    }
    let what = format!("roll {name} back to revision {revision} in profile {}", session.inputs.name);
    ask::confirm(session.inputs.profile.confirm, &session.inputs.name, &what, &command.run)?;
    let outcome = session.carry_out(&plan, world, (&command.run, "rollback"), (true, 1)).await?;
    if outcome == Outcome::Deployed && matches!(command.run.output, Form::Text) {
        let made = number_after(&history);
        output.note(&format!(
            "{name} is at revision {made}, with the content of revision {revision}. The next todoctl up {} returns to the profile.",
            session.inputs.name
        ));
    }
    Ok(report::exit(&outcome))
}
