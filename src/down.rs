//! `todoctl down PROFILE`: removes what the profile deployed, and lists what stays, as the cluster tells it.

use std::collections::BTreeSet;

use crate::args::{Args, DownArgs, Form};
use crate::front::Front;
use crate::{ask, open};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_core::text;
use todoctl_plan::event::Outcome;
use todoctl_plan::tool::kubectl::Kubectl;
use todoctl_plan::world::leftovers::{Scope, Sort, sorted};
use todoctl_plan::world::releases::installed;
use todoctl_plan::world::{Access, Cluster};
use todoctl_run::environment::{Environment, Execution};
use todoctl_run::survey;
use todoctl_screen::output::Output;
use todoctl_screen::report;

/// Steps that may run at once.
const JOBS: usize = 4;
/// Names of one sort that are listed one by one.
const NAMED: usize = 3;

/// Uninstalls the releases of a profile.
pub(super) async fn down(args: &Args, command: &DownArgs, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::reading(args, Some(&command.profile)).await?;
    let Cluster::Running(access) = environment.cluster().await? else {
        return if command.delete_cluster {
            delete_cluster(&environment, command, output).await
        } else {
            Ok(gone(&environment, output))
        };
    };
    if command.delete_cluster {
        return delete_cluster(&environment, command, output).await;
    }
    let front = &mut Front::of(args, &command.run, output);
    let world = environment.observe_free(command.run.lock_timeout, &access, front).await?;
    let plan = environment.application().down(&world, command.purge)?;
    if plan.is_empty() {
        return Ok(gone(&environment, front));
    }
    let what = format!("remove everything that profile {} deployed", environment.inputs.name);
    ask::confirm(environment.inputs.profile.confirm, &environment.inputs.name, &what, &command.run)?;
    let lock = environment.acquire_as_planned(&plan, &world, "down", front).await?;
    let how = Execution::of("down", JOBS).under(lock);
    let outcome = environment.execute(&plan, world, how, front).await?;
    if outcome == Outcome::Deployed && matches!(command.run.output, Form::Text) {
        list_what_stays(&environment, &access, command, front).await?;
    }
    Ok(report::exit(&outcome))
}

/// Reads what is still there and says how each of it would be removed.
async fn list_what_stays(
    environment: &Environment,
    access: &Access,
    command: &DownArgs,
    output: &mut Output,
) -> Result<(), Diagnostic> {
    let inputs = &environment.inputs;
    let cluster = environment.connection(access).await?;
    let namespaces = inputs.namespaces();
    let (all, releases) = tokio::try_join!(survey::leftovers(&cluster), survey::releases(&cluster, &[]))?;
    let installed: Vec<(&str, &str)> = releases
        .iter()
        .filter(|(namespace, _, history)| namespaces.contains(namespace) && installed(history).is_some())
        .map(|(namespace, name, _)| (namespace, name))
        .collect();
    // What is in a namespace with a living release belongs to that release.
    let living: BTreeSet<&str> = installed.iter().map(|(namespace, _)| *namespace).collect();
    let empty: Vec<&str> = namespaces.iter().copied().filter(|name| !living.contains(name)).collect();
    let crds = inputs.profile.dapr.as_ref().map(|_| DAPR).filter(|_| {
        let dapr = inputs.profile.dapr.as_ref().map(|dapr| dapr.release.as_str());
        !installed.iter().any(|(_, name)| Some(*name) == dapr)
    });
    let found = sorted(&all, Scope { namespaces: &empty, releases: None, crds });
    let mut lines = Vec::new();
    for (namespace, name) in &installed {
        let how = if *namespace == inputs.profile.namespace || command.purge {
            "it belongs to another profile".to_owned()
        } else {
            format!("$ todoctl down {} --purge", command.profile)
        };
        lines.push((format!("release {name} in namespace {namespace}"), how));
    }
    lines.extend(found.iter().map(|(sort, names)| told(&Kubectl::new(access), sort, names)));
    if lines.is_empty() {
        output.note("Nothing stays in the cluster. The database outside it was not touched.");
        return Ok(());
    }
    output.note("What stays in the cluster, and how it would be removed:");
    for (what, how) in lines {
        output.note(&text::wrap(&format!("  {what}"), output.note_look.width, "    ").join("\n"));
        output.note(&format!("    {how}"));
    }
    output.note("Outside of the cluster, the database was not touched.");
    Ok(())
}

/// How the names of Dapr's CRDs end.
const DAPR: &str = ".dapr.io";

fn told(kubectl: &Kubectl, sort: &Sort, names: &[String]) -> (String, String) {
    let place =
        if sort.namespace.is_empty() { String::new() } else { format!(" in namespace {}", sort.namespace) };
    let shown = if names.len() <= NAMED { format!(": {}", names.join(", ")) } else { String::new() };
    let what = match names {
        [only] => format!("{} {only}{place}", sort.noun),
        several => format!("{}{place}{shown}", text::count(several.len(), sort.noun)),
    };
    (what, format!("$ {}", kubectl.removal(sort, names).line()))
}

async fn delete_cluster(
    environment: &Environment,
    command: &DownArgs,
    output: &mut Output,
) -> Result<Exit, Diagnostic> {
    let title = environment.provider.title();
    let deletion = environment.provider.delete().map_err(|why| {
        let hint = format!("remove what the profile deployed: todoctl down {} --purge", command.profile);
        Diagnostic::new(Code::ClusterUnfit, format!("{title} cannot be deleted: {why}"), hint).unchanged()
    })?;
    ask::confirm(
        environment.inputs.profile.confirm,
        &environment.inputs.name,
        &format!("delete {title} with everything in it"),
        &command.run,
    )?;
    let hint = format!("try it: {}", deletion.line());
    let done = survey::call(&environment.runner(None, None), deletion).await?;
    if !done.is_success() {
        return Err(Diagnostic::new(
            Code::ClusterUndeleted,
            format!("{title} was not deleted: {}", done.complaint()),
            hint,
        ));
    }
    output.note(&format!("{title} is deleted."));
    Ok(Exit::Done)
}

fn gone(environment: &Environment, output: &mut Output) -> Exit {
    output.note(&format!("Nothing to do: nothing of profile {} is deployed.", environment.inputs.name));
    Exit::Done
}
