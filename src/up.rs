//! `todoctl up` and `todoctl plan`: the same plan, carried out or shown.

use crate::args::{Args, Form, Plan as PlanArgs, Run, Up};
use crate::hold::{Hold, outdated};
use crate::session::Session;
use crate::{ask, build, doctor, github, prompt, questions, room};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_plan::event::Outcome;
use todoctl_plan::plan::Plan;
use todoctl_plan::steps;
use todoctl_plan::world::{Access, Cluster, World};
use todoctl_project::given;
use todoctl_run::runner::SharedRunner;
use todoctl_run::survey;
use todoctl_screen::output::Output;
use todoctl_screen::render;
use todoctl_screen::report;

/// Shows what `up` would do.
pub(super) async fn plan(args: &Args, command: &PlanArgs, output: &mut Output) -> Result<Exit, Diagnostic> {
    let session = Session::deploying(args, &command.what, output).await?;
    let (plan, world) = look(&session).await?;
    session.say_what_is_open(&world, output)?;
    show(&plan, command.output, args.verbose, output);
    Ok(if command.exit_code && !plan.is_empty() { Exit::Changes } else { Exit::Done })
}

/// Deploys.
pub(super) async fn up(args: &Args, command: &Up, output: &mut Output) -> Result<Exit, Diagnostic> {
    let session = Session::deploying(args, &command.what, output).await?;
    if command.dry_run {
        let (plan, world) = look(&session).await?;
        session.say_what_is_open(&world, output)?;
        show(&plan, command.run.output, args.verbose, output);
        return Ok(Exit::Done);
    }
    let access = match session.fit_cluster().await? {
        Cluster::Running(access) => access,
        Cluster::Down(state) => match start(&session, state, &command.run).await? {
            Ok(access) => access,
            Err(exit) => return Ok(exit),
        },
    };
    let (mut confirmed, mut known) = (false, None);
    for _ in 0..TRIES {
        let mut settled = session.settled(&command.run, &access, output).await?;
        if let Some((seed, given)) = known.take() {
            // Answers to questions, and names that were shown, stay.
            (settled.seed, settled.given) = (seed, given);
        }
        let asked = Some((&command.run, &mut *output));
        let (mut plan, mut world) = prompt::unless_interrupted(decide(&session, settled, asked)).await?;
        if plan.is_empty() {
            return nothing_to_do(&session, &plan, world, &command.run, output).await;
        }
        if !confirmed && ask(&session, &plan, &command.run, args.verbose, output)? {
            confirmed = true;
            (plan, world) = unchanged_since(&session, plan, world).await?;
        }
        let lock = match session.hold(&plan, &world, "up").await? {
            Hold::Unneeded => None,
            Hold::Held(lock) => Some(lock),
            // A person has confirmed another plan.
            Hold::Outdated if confirmed => break,
            Hold::Outdated => {
                known = Some((world.seed, world.given));
                continue;
            }
        };
        build::say_of_builds(&plan, output);
        let how = (!command.no_rollback, if command.sequential { 1 } else { usize::from(command.jobs) });
        let outcome = session.carry_out(&plan, world, (&command.run, "up"), how, lock.as_ref()).await?;
        if outcome == Outcome::Deployed {
            session.remember();
        }
        return Ok(report::exit(&outcome));
    }
    Err(outdated())
}

/// How often a plan is made again because another run was faster.
const TRIES: usize = 5;

/// Starts the cluster, as a run of its own: everything else is known only afterwards.
async fn start(session: &Session, state: String, run: &Run) -> Result<Result<Access, Exit>, Diagnostic> {
    doctor::may_start(session).await?;
    ask::confirm(
        session.inputs.profile.confirm,
        &session.inputs.name,
        &format!("start {}", session.provider.title()),
        run,
    )?;
    let world = session.blank(state);
    let plan = session.application().start(&world)?;
    // There is no cluster yet that a Lease could be in, and nothing to undo.
    let outcome = session.carry_out(&plan, world, (run, "start"), (true, 1), None).await?;
    match outcome {
        Outcome::Deployed => Ok(Ok(session.running().await?)),
        failed @ (Outcome::RolledBack { .. }
        | Outcome::Failed { .. }
        | Outcome::Stuck { .. }
        | Outcome::Kept { .. }) => Ok(Err(report::exit(&failed))),
    }
}

/// The plan for the cluster as it is, which may be down.
async fn look(session: &Session) -> Result<(Plan, World), Diagnostic> {
    match session.fit_cluster().await? {
        Cluster::Running(access) => decide(session, session.world(access).await?, None).await,
        Cluster::Down(state) => {
            let world = session.blank(state);
            Ok((session.application().up(&world)?, world))
        }
    }
}

/// The plan for a running cluster, of which everything but the manifests was read. A person can be asked for missing
/// secrets when `how` says so.
async fn decide(
    session: &Session,
    mut world: World,
    how: Option<(&Run, &mut Output)>,
) -> Result<(Plan, World), Diagnostic> {
    let runner = session.runner(world.cluster.access(), None);
    let inputs = &session.inputs;
    survey::commands(&runner, inputs, &mut world).await?;
    if let Some((run, output)) = how {
        questions::ask(inputs, &mut world, run, output).await?;
    }
    let missing = steps::missing(inputs, &world);
    if !missing.is_empty() {
        let (message, hint) = given::missing_message(&missing);
        return Err(Diagnostic::new(Code::SecretMissing, message, hint).unchanged());
    }
    complete(session, &runner, world).await
}

/// The plan for a world in which everything but the manifests is known.
async fn complete(
    session: &Session,
    runner: &SharedRunner,
    mut world: World,
) -> Result<(Plan, World), Diagnostic> {
    let inputs = &session.inputs;
    survey::contexts(inputs, &mut world)?;
    if inputs.releases().any(|(name, _)| !steps::is_current(inputs, name, &world)) {
        // A run that changes something is recorded, and removes the oldest record.
        let access = world.cluster.access().cloned();
        let runs = async {
            match &access {
                Some(access) => survey::runs(runner, access, &inputs.profile.namespace).await.map(Some),
                None => Ok(None),
            }
        };
        let nodes = async {
            match &access {
                Some(access) => survey::nodes(runner, access).await,
                None => Ok(None),
            }
        };
        let (runs, nodes, manifests) =
            tokio::join!(runs, nodes, survey::manifests(runner, inputs, &mut world));
        manifests?;
        (world.runs, world.nodes) = (runs?, nodes?);
        room::check(inputs, &world)?;
    }
    let plan = session.application().up(&world)?;
    Ok((plan, world))
}

/// Asks; answers whether a person was asked, so that time has passed.
fn ask(
    session: &Session,
    plan: &Plan,
    run: &Run,
    verbose: bool,
    output: &mut Output,
) -> Result<bool, Diagnostic> {
    let how = session.inputs.profile.confirm;
    if how != todoctl_project::profile::Confirm::Never && !run.yes {
        output.note(&github::group("Plan", &render::plan::text(plan, verbose)));
    }
    let what = format!(
        "change profile {} on {}",
        session.inputs.name,
        plan.cluster.as_deref().unwrap_or("a new cluster")
    );
    ask::confirm(how, &session.inputs.name, &what, run)
}

/// Looks again after a person was asked: a plan that differs from the confirmed one is refused.
async fn unchanged_since(session: &Session, plan: Plan, world: World) -> Result<(Plan, World), Diagnostic> {
    let Some(access) = world.cluster.access().cloned() else {
        return Ok((plan, world));
    };
    let mut again = session.world(access.clone()).await?;
    // The same seed, so that random names are the confirmed ones.
    (again.seed, again.given) = (world.seed, world.given.clone());
    let (now, again) = complete(session, &session.runner(Some(&access), None), again).await?;
    let lines =
        |plan: &Plan| plan.commands().map(todoctl_core::invocation::Invocation::shell).collect::<Vec<_>>();
    if lines(&now) == lines(&plan) {
        return Ok((now, again));
    }
    Err(Diagnostic::new(
        Code::ClusterChanged,
        "the cluster has changed since the question; nothing was changed",
        "look at the new plan and answer again",
    ))
}

/// Shows a plan as the result of a command.
pub(super) fn show(plan: &Plan, form: Form, verbose: bool, output: &mut Output) {
    github::plan(&render::plan::text(plan, false));
    match form {
        Form::Text => output.result(&render::plan::text(plan, verbose)),
        Form::Json => output.result(&render::plan::json(plan).to_string()),
    }
}

/// Says so; a program gets the same stream of events as from any other run.
async fn nothing_to_do(
    session: &Session,
    plan: &Plan,
    world: World,
    run: &Run,
    output: &mut Output,
) -> Result<Exit, Diagnostic> {
    session.remember();
    if matches!(run.output, Form::Json) {
        session.carry_out(plan, world, (run, "up"), (true, 1), None).await?;
        return Ok(Exit::Done);
    }
    let said = format!("Nothing to do: profile {} is deployed, verified and healthy.", plan.profile);
    output.note(&said);
    github::words(&said);
    if let Some(url) = world.cluster.access().and_then(|access| session.inputs.url(&access.node)) {
        output.result(&url);
    }
    Ok(Exit::Done)
}
