//! `todoctl secrets set NAME`: a new version of every logical Secret that holds the value, for the next `up`. Nothing
//! that runs is changed.

use secrecy::SecretString;

use crate::args::{Args, Form, SetSecret, What};
use crate::front::Front;
use crate::{ask, open, prompt, questions};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_core::text;
use todoctl_plan::event::Outcome;
use todoctl_plan::steps::{self, Question, Why};
use todoctl_plan::world::World;
use todoctl_project::profile::{SecretValue, Secrets};
use todoctl_run::environment::{Environment, Execution};
use todoctl_screen::output::Output;
use todoctl_screen::report;

/// What its runs are called.
const COMMAND: &str = "secrets set";

pub(super) async fn set(args: &Args, command: &SetSecret, output: &mut Output) -> Result<Exit, Diagnostic> {
    let name = command.name.as_str();
    let environment = open(args, command, output).await?;
    let secrets = &environment.inputs.profile.secrets;
    let spec = declared(secrets, name)?;
    let access = environment.running().await?;
    let front = &mut Front::of(args, &command.run, output);
    let mut world = environment.observe_free(command.run.lock_timeout, &access, front).await?;
    let sets = holders(secrets, name, &world);
    if sets.is_empty() {
        return Err(Diagnostic::new(
            Code::SecretMissing,
            format!("no Secret in the cluster holds {name} yet; nothing was changed"),
            format!("give it with the deployment: todoctl up {}", environment.inputs.name),
        ));
    }
    let value = value(&environment, command, spec, &world, front).await?;
    // What else was given is for a deployment, not for this.
    world.given.clear();
    let before = current(&environment, &world);
    world.given.insert(name.to_owned(), value);
    let after = current(&environment, &world);
    let plan = environment.application().stage_secrets(&world, &sets)?;
    if plan.is_empty() {
        front.note(&format!("Nothing to do: {name} has this value."));
        return Ok(Exit::Done);
    }
    let what = format!("make a new version of {} on {}", sets.join(" and "), environment.provider.title());
    ask::confirm(environment.inputs.profile.confirm, &environment.inputs.name, &what, &command.run)?;
    let lock = environment.acquire_as_planned(&plan, &world, COMMAND, front).await?;
    let how = Execution::of(COMMAND, 1).under(lock);
    let outcome = environment.execute(&plan, world, how, front).await?;
    if outcome == Outcome::Deployed && matches!(command.run.output, Form::Text) {
        let rolls: Vec<&str> =
            before.iter().filter(|name| !after.contains(name)).map(String::as_str).collect();
        front.note(&next(&environment.inputs.name, &rolls));
    }
    Ok(report::exit(&outcome))
}

async fn open(args: &Args, command: &SetSecret, output: &mut Output) -> Result<Environment, Diagnostic> {
    let profile = open::profile_name(&open::project(args)?, command.profile.as_deref())?;
    let sources = command.sources.clone();
    let what = What { profile, only: Vec::new(), set: Vec::new(), sources };
    open::deploying(args, &what, output).await
}

fn declared<'a>(secrets: &'a Secrets, name: &str) -> Result<&'a SecretValue, Diagnostic> {
    let given = secrets.values.iter().filter(|(_, spec)| spec.from.is_none());
    let known: Vec<&str> = given.map(|(name, _)| name.as_str()).collect();
    match secrets.values.get(name) {
        Some(SecretValue { from: Some(from), .. }) => Err(Diagnostic::new(
            Code::UsageSecret,
            format!("{name} is derived from {from}"),
            format!("set that: todoctl secrets set {from}"),
        )),
        Some(spec) => Ok(spec),
        None => Err(Diagnostic::new(
            Code::UsageSecret,
            format!("the profile declares no secret value {name}"),
            format!("its values: {}", known.join(", ")),
        )),
    }
}

/// The logical Secrets in the cluster that hold a value, or one that is derived from it.
fn holders(secrets: &Secrets, name: &str, world: &World) -> Vec<String> {
    let of = |value: &String| {
        value == name || secrets.values.get(value).is_some_and(|spec| spec.from.as_deref() == Some(name))
    };
    let sets = secrets.sets.iter().filter(|(_, keys)| keys.values().any(of));
    sets.map(|(set, _)| set.clone()).filter(|set| world.secrets.contains_key(set)).collect()
}

/// The value: given, generated, or asked for.
async fn value(
    environment: &Environment,
    command: &SetSecret,
    spec: &SecretValue,
    world: &World,
    output: &mut Output,
) -> Result<SecretString, Diagnostic> {
    let name = command.name.as_str();
    let generated = steps::generated(name, spec, world);
    match (world.given.get(name), &generated, command.generate) {
        (_, Some(value), true) => return Ok(value.clone()),
        (_, None, true) => {
            return Err(Diagnostic::new(
                Code::UsageSecret,
                format!("--generate: the profile does not say how many bytes {name} has"),
                "say `generate: 32` there, or give the value",
            ));
        }
        (Some(given), _, false) => return Ok(given.clone()),
        (None, _, false) => {}
    }
    if command.run.yes || !prompt::has_terminal() {
        return Err(Diagnostic::new(
            Code::SecretMissing,
            format!("there is no new value for {name}; nothing was changed"),
            format!(
                "pipe {{\"{name}\": \"...\"}} into --secrets-from -, give --env-file, or run it in a terminal"
            ),
        ));
    }
    let why = if generated.is_some() { Why::Generated } else { Why::Missing };
    let question = Question { name, spec, why };
    let answer = questions::answer(&environment.inputs.profile.secrets, &question, output).await?;
    answer.or(generated).ok_or_else(|| prompt::declined("no value was given"))
}

/// The releases that the next `up` would leave as they are.
fn current(environment: &Environment, world: &World) -> Vec<String> {
    let releases = environment.inputs.releases();
    releases
        .filter(|(name, _)| steps::is_current(&environment.inputs, name, world))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn next(profile: &str, rolls: &[&str]) -> String {
    if rolls.is_empty() {
        return format!("The next todoctl up {profile} takes it.");
    }
    let count = text::count(rolls.len(), "release");
    format!("The next todoctl up {profile} takes it and rolls {count}: {}.", rolls.join(", "))
}
