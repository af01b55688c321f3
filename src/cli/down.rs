//! `todoctl down PROFILE`: removes what the profile deployed, and says what stays.

use crate::cli::args::{Args, Down, Form};
use crate::cli::ask;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::event::Outcome;
use crate::exit::Exit;
use crate::output::Output;
use crate::plan::{Closing, Plan};
use crate::report;
use crate::step::Step;
use crate::steps::UninstallStep;
use crate::survey;
use crate::tool::kubectl::Kubectl;
use crate::world::{Cluster, World};

/// Uninstalls the releases of a profile.
pub(super) async fn down(args: &Args, command: &Down, output: &mut Output) -> Result<Exit, Failure> {
    let session = Session::reading(args, Some(&command.profile)).await?;
    let Cluster::Running(access) = session.cluster().await? else {
        return if command.delete_cluster {
            delete_cluster(&session, command, output).await
        } else {
            Ok(gone(&session, output))
        };
    };
    if command.delete_cluster {
        return delete_cluster(&session, command, output).await;
    }
    session.take(&command.run, &access, output).await?;
    let world = session.world(access).await?;
    let steps: Vec<Box<dyn Step>> = session
        .inputs
        .releases()
        .map(|(name, _)| Box::new(UninstallStep::new(&session.inputs, name)) as Box<dyn Step>)
        .collect();
    let mut plan =
        Plan::decide(&session.inputs.name, &steps, &world).map_err(|errors| Failure::undecided(&errors))?;
    plan.closing = leftovers(&session, &world, command.purge);
    if plan.is_empty() {
        return Ok(gone(&session, output));
    }
    let what = format!("remove everything that profile {} deployed", session.inputs.name);
    ask::confirm(session.inputs.profile.confirm, &session.inputs.name, &what, &command.run)?;
    let outcome = session.carry_out(&plan, world, (&command.run, "down"), (true, 4)).await?;
    if outcome == Outcome::Deployed && matches!(command.run.output, Form::Text) {
        let namespaces = session.inputs.namespaces().join(", ");
        output.note(&if command.purge {
            format!("Namespace {namespaces} is removed with everything in it. What stays: images, the database.")
        } else {
            format!("What stays: namespace {namespaces}, volumes, images, the database. --purge removes the namespace, --delete-cluster all.")
        });
    }
    Ok(report::exit(&outcome))
}

/// The versioned Secrets, which no release refers to any more; with `--purge` the namespaces.
fn leftovers(session: &Session, world: &World, purge: bool) -> Vec<Closing> {
    let Some(access) = world.cluster.access() else {
        return Vec::new();
    };
    let kubectl = Kubectl::new(access);
    let namespaces: Vec<&str> =
        session.inputs.namespaces().into_iter().filter(|name| world.live.has_namespace(name)).collect();
    if purge {
        let remove = |name: &&str| {
            Closing::new(format!("remove namespace {name}"), vec![kubectl.delete_namespace(name)])
        };
        return namespaces.iter().map(remove).collect();
    }
    let versions: Vec<String> = world
        .secrets
        .values()
        .flat_map(|versions| versions.iter().map(|version| version.name.clone()))
        .collect();
    if versions.is_empty() {
        return Vec::new();
    }
    let command = kubectl.delete(&session.inputs.profile.namespace, "secret", &versions);
    vec![Closing::new(
        format!("remove {}", crate::text::count(versions.len(), "secret version")),
        vec![command],
    )]
}

async fn delete_cluster(session: &Session, command: &Down, output: &mut Output) -> Result<Exit, Failure> {
    let title = session.provider.title();
    ask::confirm(
        session.inputs.profile.confirm,
        &session.inputs.name,
        &format!("delete {title} with everything in it"),
        &command.run,
    )?;
    let done = survey::call(&session.runner(None, None), session.provider.delete()).await?;
    if !done.is_success() {
        let hint = format!("try it: {}", session.provider.delete().line());
        return Err(Failure::new(
            Exit::Stuck,
            format!("{title} was not deleted: {}", done.complaint()),
            hint,
        ));
    }
    output.note(&format!("{title} is deleted."));
    Ok(Exit::Done)
}

fn gone(session: &Session, output: &mut Output) -> Exit {
    output.note(&format!("Nothing to do: nothing of profile {} is deployed.", session.inputs.name));
    Exit::Done
}
