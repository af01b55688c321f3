//! `todoctl up` and `todoctl plan`: the same plan, carried out or shown.

use std::time::Instant;

use crate::args::{Args, Form, PlanArgs, Run, Up};
use crate::front::Front;
use crate::{ask, build, doctor, github, open, prompt, questions, room};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_plan::event::Outcome;
use todoctl_plan::plan::Plan;
use todoctl_plan::steps;
use todoctl_plan::world::{Access, Cluster, Down, World};
use todoctl_project::secret_input;
use todoctl_run::environment::{Acquired, Environment, Execution, outdated};
use todoctl_screen::output::Output;
use todoctl_screen::{render, report};

/// Shows what `up` would do.
pub(super) async fn plan(args: &Args, command: &PlanArgs, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::deploying(args, &command.what, output).await?;
    let (plan, world) = look(&environment).await?;
    if let Some(note) = environment.open_run(&world)? {
        output.note(&note);
    }
    show(&plan, command.output, args.verbose, output);
    Ok(if command.exit_code && !plan.is_empty() { Exit::Changes } else { Exit::Done })
}

/// Deploys.
pub(super) async fn up(args: &Args, command: &Up, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::deploying(args, &command.what, output).await?;
    if command.dry_run {
        let (plan, world) = look(&environment).await?;
        if let Some(note) = environment.open_run(&world)? {
            output.note(&note);
        }
        show(&plan, command.run.output, args.verbose, output);
        return Ok(Exit::Done);
    }
    let front = &mut Front::of(args, &command.run, output);
    let access = match environment.fit_cluster().await? {
        Cluster::Running(access) => access,
        Cluster::Down(down) => match start(&environment, down, &command.run, front).await? {
            Ok(access) => access,
            Err(exit) => return Ok(exit),
        },
    };
    let (mut confirmed, mut known) = (false, None);
    for _ in 0..TRIES {
        let mut seen = environment.observe_free(command.run.lock_timeout, &access, front).await?;
        if let Some((seed, given)) = known.take() {
            // Answers to questions, and names that were shown, stay.
            (seen.seed, seen.given) = (seed, given);
        }
        let asked = Some((&command.run, &mut **front));
        let (mut plan, mut world) = prompt::unless_interrupted(decide(&environment, seen, asked)).await?;
        if plan.is_empty() {
            return nothing_to_do(&environment, &plan, world, &command.run, front).await;
        }
        if !confirmed && ask(&environment, &plan, &command.run, args.verbose, front)? {
            confirmed = true;
            (plan, world) = unchanged_since(&environment, plan, world).await?;
        }
        let lock = match environment.acquire(&plan, &world, "up", front).await? {
            Acquired::Unneeded => None,
            Acquired::Held(lock) => Some(lock),
            // A person has confirmed another plan.
            Acquired::Outdated if confirmed => break,
            Acquired::Outdated => {
                known = Some((world.seed, world.given));
                continue;
            }
        };
        build::say_of_builds(&plan, front);
        let jobs = if command.sequential { 1 } else { usize::from(command.jobs) };
        let how = Execution { rollback: !command.no_rollback, ..Execution::of("up", jobs).under(lock) };
        let outcome = environment.execute(&plan, world, how, front).await?;
        if outcome == Outcome::Deployed {
            open::remember(&environment);
        }
        return Ok(report::exit(&outcome));
    }
    Err(outdated())
}

/// How often a plan is made again because another run was faster.
const TRIES: usize = 5;

/// Starts the cluster, as a run of its own: everything else is known only afterwards.
async fn start(
    environment: &Environment,
    down: Down,
    run: &Run,
    front: &mut Front<'_>,
) -> Result<Result<Access, Exit>, Diagnostic> {
    doctor::may_start(environment).await?;
    ask::confirm(
        environment.inputs.profile.confirm,
        &environment.inputs.name,
        &format!("start {}", environment.provider.title()),
        run,
    )?;
    let world = environment.blank(down.state);
    let plan = environment.application().start(&world)?;
    // There is no cluster yet that a Lease could be in, and nothing to undo.
    let began = Instant::now();
    let outcome = environment.execute(&plan, world, Execution::of("start", 1), front).await?;
    match outcome {
        Outcome::Deployed => {
            let access = environment.running().await?;
            if down.ended {
                environment.has_started_anew(&access, began).await;
            }
            Ok(Ok(access))
        }
        failed @ (Outcome::RolledBack { .. }
        | Outcome::Failed { .. }
        | Outcome::Stuck { .. }
        | Outcome::Kept { .. }) => Ok(Err(report::exit(&failed))),
    }
}

/// The plan for the cluster as it is, which may be down.
async fn look(environment: &Environment) -> Result<(Plan, World), Diagnostic> {
    match environment.fit_cluster().await? {
        Cluster::Running(access) => decide(environment, environment.observe(access).await?, None).await,
        Cluster::Down(down) => {
            let world = environment.blank(down.state);
            Ok((environment.application().up(&world)?, world))
        }
    }
}

/// The plan for a running cluster, of which everything but the manifests was read. A person can be asked for missing
/// secrets when `how` says so.
async fn decide(
    environment: &Environment,
    mut world: World,
    how: Option<(&Run, &mut Output)>,
) -> Result<(Plan, World), Diagnostic> {
    let inputs = &environment.inputs;
    environment.observe_commands(&mut world).await?;
    if let Some((run, output)) = how {
        questions::ask(inputs, &mut world, run, output).await?;
    }
    let missing = steps::missing(inputs, &world);
    if !missing.is_empty() {
        let (message, hint) = secret_input::missing_message(&missing);
        return Err(Diagnostic::new(Code::SecretMissing, message, hint).unchanged());
    }
    complete(environment, world).await
}

/// The plan for a world in which everything but the manifests is known.
async fn complete(environment: &Environment, mut world: World) -> Result<(Plan, World), Diagnostic> {
    environment.observe_changes(&mut world).await?;
    room::check(&environment.inputs, &world)?;
    Ok((environment.application().up(&world)?, world))
}

/// Asks; answers whether a person was asked, so that time has passed.
fn ask(
    environment: &Environment,
    plan: &Plan,
    run: &Run,
    verbose: bool,
    output: &mut Output,
) -> Result<bool, Diagnostic> {
    let how = environment.inputs.profile.confirm;
    if how != todoctl_project::profile::Confirm::Never && !run.yes {
        output.note(&github::group("Plan", &render::plan::text(plan, verbose)));
    }
    let what = format!(
        "change profile {} on {}",
        environment.inputs.name,
        plan.cluster.as_deref().unwrap_or("a new cluster")
    );
    ask::confirm(how, &environment.inputs.name, &what, run)
}

/// Looks again after a person was asked: a plan that differs from the confirmed one is refused.
async fn unchanged_since(
    environment: &Environment,
    plan: Plan,
    world: World,
) -> Result<(Plan, World), Diagnostic> {
    let Some(access) = world.cluster.access().cloned() else {
        return Ok((plan, world));
    };
    let mut again = environment.observe(access.clone()).await?;
    // The same seed, so that random names are the confirmed ones.
    (again.seed, again.given) = (world.seed, world.given.clone());
    let (now, again) = complete(environment, again).await?;
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
    environment: &Environment,
    plan: &Plan,
    world: World,
    run: &Run,
    front: &mut Front<'_>,
) -> Result<Exit, Diagnostic> {
    open::remember(environment);
    if matches!(run.output, Form::Json) {
        environment.execute(plan, world, Execution::of("up", 1), front).await?;
        return Ok(Exit::Done);
    }
    let said = format!("Nothing to do: profile {} is deployed, verified and healthy.", plan.profile);
    front.note(&said);
    github::words(&said);
    if let Some(url) = world.cluster.access().and_then(|access| environment.inputs.url(&access.node)) {
        front.result(&url);
    }
    Ok(Exit::Done)
}
