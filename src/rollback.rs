//! `todoctl rollback RELEASE [REVISION]` and `todoctl rollback --run ID`.

use serde_json::Value;

use crate::args::{Args, Form, Rollback};
use crate::front::Front;
use crate::history::{contents, gone, is_now, outcome_text};
use crate::select::unknown;
use crate::up::show;
use crate::{ask, open};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_plan::event::Outcome;
use todoctl_plan::plan::Plan;
use todoctl_plan::run_record::RunRecord;
use todoctl_plan::steps::{choose_revision, goal, number_after};
use todoctl_plan::world::releases::ReleaseRef;
use todoctl_plan::world::runs::Runs;
use todoctl_plan::world::{Access, World};
use todoctl_run::environment::{Environment, Execution};
use todoctl_run::survey;
use todoctl_screen::output::Output;
use todoctl_screen::report;

/// What a rollback does, and how it is called in a question and afterwards.
struct Way {
    plan: Plan,
    world: World,
    question: String,
    done: String,
}

/// Returns one release to an earlier revision, or everything to an earlier run.
pub(super) async fn rollback(
    args: &Args,
    command: &Rollback,
    output: &mut Output,
) -> Result<Exit, Diagnostic> {
    let environment = open::reading(args, command.profile.as_deref()).await?;
    if let Some(name) = &command.release
        && !environment.inputs.profile.releases.contains_key(name)
    {
        return Err(unknown(&environment.inputs.profile, &environment.inputs.name, name, ""));
    }
    let front = &mut Front::of(args, &command.run, output);
    let access = environment.running().await?;
    let world = if command.dry_run {
        environment.observe(access.clone()).await?
    } else {
        environment.observe_free(command.run.lock_timeout, &access, front).await?
    };
    let way = match (&command.release, &command.to_run) {
        (Some(name), _) => of_release(&environment, world, name, command.revision).await?,
        (None, Some(run)) => of_run(&environment, &access, world, run).await?,
        (None, None) => {
            return Err(Diagnostic::new(
                Code::UsageArgument,
                "what is to be rolled back?",
                "give a release, or --run ID",
            ));
        }
    };
    if command.dry_run {
        show(&way.plan, command.run.output, args.verbose, front);
        return Ok(Exit::Done);
    }
    if way.plan.is_empty() {
        front.note(&way.done);
        return Ok(Exit::Done);
    }
    ask::confirm(environment.inputs.profile.confirm, &environment.inputs.name, &way.question, &command.run)?;
    let jobs = if command.to_run.is_some() { JOBS } else { 1 };
    let lock = environment.acquire_as_planned(&way.plan, &way.world, "rollback", front).await?;
    let how = Execution::of("rollback", jobs).under(lock);
    let outcome = environment.execute(&way.plan, way.world, how, front).await?;
    if outcome == Outcome::Deployed && matches!(command.run.output, Form::Text) {
        front.note(&way.done);
    }
    Ok(report::exit(&outcome))
}

/// Steps of a whole return that may run at once.
const JOBS: usize = 4;

async fn of_release(
    environment: &Environment,
    mut world: World,
    name: &str,
    asked: Option<u32>,
) -> Result<Way, Diagnostic> {
    let inputs = &environment.inputs;
    let namespace = inputs.namespace(&inputs.profile.releases[name]);
    let history = world.releases.history(namespace, name).to_vec();
    let revision = choose_revision(name, &history, asked).map_err(Diagnostic::unchanged)?;
    environment.observe_revisions(&mut world, &[(ReleaseRef { namespace, name }, revision)]).await?;
    environment.observe_runs(&mut world).await?;
    let plan = environment.application().rollback(&world, name, revision)?;
    let made = number_after(&history);
    Ok(Way {
        plan,
        world,
        question: format!("roll {name} back to revision {revision} in profile {}", inputs.name),
        done: format!(
            "{name} is at revision {made}, with the content of revision {revision}. The next todoctl up {} returns to the profile.",
            inputs.name
        ),
    })
}

async fn of_run(
    environment: &Environment,
    access: &Access,
    mut world: World,
    asked: &str,
) -> Result<Way, Diagnostic> {
    let inputs = &environment.inputs;
    let runs = survey::runs(&environment.connection(access).await?, &inputs.profile.namespace).await?;
    let record = choose_run(&inputs.name, &runs, &world, asked)?.clone();
    let missing = gone(&record, &world, &contents(environment, access, &runs).await?);
    if !missing.is_empty() {
        let message = format!("run {} cannot be returned to", record.run);
        return Err(Diagnostic::new(Code::RunGone, message, "todoctl history shows the runs that can")
            .because(&missing)
            .unchanged());
    }
    world.runs = Some(runs);
    let goal = goal(inputs, &world, &record);
    let place = format!("run {} of profile {}", record.run, inputs.name);
    if goal.is_reached() {
        let plan = environment.application().rollback_run(&goal, &world, &record, Vec::new())?;
        let done = format!("Nothing to do: what {place} deployed is deployed now.");
        return Ok(Way { plan, world, question: String::new(), done });
    }
    environment.observe_revisions(&mut world, &goal.targets()).await?;
    let objects = objects_of(environment, access, &record).await?;
    let plan = environment.application().rollback_run(&goal, &world, &record, objects)?;
    Ok(Way {
        plan,
        world,
        question: format!("return to {place}"),
        done: format!(
            "Everything is as {place} deployed it. The next todoctl up {} returns to the profile.",
            inputs.name
        ),
    })
}

/// The Dapr objects that a run left, as whole manifests.
async fn objects_of(
    environment: &Environment,
    access: &Access,
    record: &RunRecord,
) -> Result<Vec<Value>, Diagnostic> {
    if record.set.objects.is_empty() {
        return Ok(Vec::new());
    }
    let namespace = &environment.inputs.profile.namespace;
    Ok(survey::content_after(&environment.connection(access).await?, namespace, &record.run).await?)
}

/// The run that is asked for; `previous` is the newest deployment with another content than what is there now.
fn choose_run<'a>(
    profile: &str,
    runs: &'a Runs,
    world: &World,
    asked: &str,
) -> Result<&'a RunRecord, Diagnostic> {
    let hint = "todoctl history shows the runs on record";
    let mut ours = runs.readable().filter(|record| record.profile == profile);
    if asked == "previous" {
        return ours.find(|record| record.is_deployment() && !is_now(record, world)).ok_or_else(|| {
            Diagnostic::new(Code::RunUnknown, "no earlier deployment is on record; nothing was changed", hint)
        });
    }
    if let Some(why) =
        runs.iter().find(|entry| entry.run == asked).and_then(|entry| entry.record.as_ref().err())
    {
        let message = format!("run {asked} cannot be returned to: {why}; nothing was changed");
        return Err(Diagnostic::new(
            Code::RunUnknown,
            message,
            "use the todoctl that wrote it, or a newer one",
        ));
    }
    let record = ours.find(|record| record.run == asked).ok_or_else(|| {
        Diagnostic::new(
            Code::RunUnknown,
            format!("profile {profile} has no run {asked} on record; nothing was changed"),
            hint,
        )
    })?;
    if record.is_deployment() {
        return Ok(record);
    }
    let ended = record.ending.as_ref().map_or("not over", |ending| outcome_text(ending.outcome));
    let message = format!("run {asked} deployed nothing that stayed ({ended}); nothing was changed");
    Err(Diagnostic::new(Code::RunUnknown, message, hint))
}
