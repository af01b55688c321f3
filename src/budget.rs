//! `todoctl budget`: what a profile asks of the nodes, and whether there is room. Exit status 4 when there is not.

use crate::args::{Args, Budget, Form};
use crate::{open, room};
use todoctl_advice::capacity::{self, Had, ReleaseDemand};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_core::text::count;
use todoctl_plan::resources::{Demand, Nodes, Resources};
use todoctl_plan::steps;
use todoctl_plan::world::{Cluster, World};
use todoctl_project::profile::{self, Loaded, Variables};
use todoctl_run::environment::Environment;
use todoctl_run::survey;
use todoctl_screen::output::Output;
use todoctl_screen::render::budget::{Page, json, text};

/// Adds up and compares.
pub(super) async fn budget(args: &Args, command: &Budget, output: &mut Output) -> Result<Exit, Diagnostic> {
    let (loaded, unset) = load(args, &command.profile)?;
    let environment = open::rendering(loaded, None, output).await?;
    let seen = match unset {
        Some(why) => Err(why),
        None => look(&environment).await,
    };
    let (world, nodes) = match seen {
        Ok((world, nodes)) => (world, Some(nodes)),
        Err(why) => (environment.blank(why), None),
    };
    let asked = asked(&environment, &world).await?;
    let (had, source) = match nodes {
        Some(nodes) => on_the_cluster(&environment, &world, &nodes, &asked),
        None => promised(&environment, &world)?,
    };
    let verdict = capacity::judge(&asked, &had);
    let page = Page {
        profile: &environment.inputs.name,
        verdict: &verdict,
        source: &source,
        smallest_volume: had.smallest_volume,
    };
    match command.output {
        Form::Text => output.result(&text(&page, output.result_look)),
        Form::Json => output.result(&json(&page).to_string()),
    }
    Ok(if verdict.short.is_empty() { Exit::Done } else { Exit::Found })
}

/// The profile; with a variable that is not set, as it is written, and why its cluster cannot be asked.
fn load(args: &Args, name: &str) -> Result<(Loaded, Option<String>), Diagnostic> {
    let project = open::project(args)?;
    open::load(&project, name).map(|loaded| (loaded, None)).or_else(|error| {
        // Whatever else is wrong is wrong as written, too.
        let loaded = profile::load(&project, name, Variables::AsWritten)?;
        let first = error.problems().first().map_or_else(|| error.to_string(), ToString::to_string);
        Ok((loaded, Some(first)))
    })
}

/// The cluster and its nodes, or why it cannot be asked.
async fn look(environment: &Environment) -> Result<(World, Nodes), String> {
    let access = match environment.cluster().await {
        Ok(Cluster::Running(access)) => access,
        Ok(Cluster::Down(down)) => return Err(format!("{} {}", environment.provider.title(), down.state)),
        Err(failure) => return Err(failure.what),
    };
    let cluster = environment.connection(&access).await.map_err(|failure| failure.what)?;
    let (world, nodes) = tokio::join!(environment.observe(access.clone()), survey::nodes(&cluster));
    let world = world.map_err(|failure| failure.what)?;
    match nodes.map_err(|error| error.to_string())? {
        Some(nodes) if !nodes.is_empty() => Ok((world, nodes)),
        Some(_) => Err(format!("{} has no node yet", environment.provider.title())),
        None => Err("this user may not list nodes and pods".to_owned()),
    }
}

/// What every release asks for.
async fn asked(environment: &Environment, world: &World) -> Result<Vec<ReleaseDemand>, Diagnostic> {
    let rendered = survey::rendered(&environment.runner(None, None), &environment.inputs, world).await;
    let mut demands = Vec::new();
    for (name, objects) in &rendered {
        let namespace = environment.inputs.namespace(&environment.inputs.profile.releases[name]);
        let demand = objects
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|all| Demand::read(all, namespace, &environment.inputs.dapr));
        let demand = demand.map_err(|why| {
            let message = format!("what release {name} asks for is not known");
            Diagnostic::new(Code::ChartUnreadable, message, "mend its chart or its values")
                .because(why.lines())
                .unchanged()
        })?;
        demands.push((name.as_str(), demand));
    }
    Ok(room::asked(&environment.inputs, demands.into_iter()))
}

fn on_the_cluster(
    environment: &Environment,
    world: &World,
    nodes: &Nodes,
    asked: &[ReleaseDemand],
) -> (Had, String) {
    let leave = steps::leaving(&environment.inputs, world);
    let had = room::had(&environment.inputs, world, nodes, asked, &leave);
    let taken = had.rooms.iter().map(|room| room.taken).sum::<Resources>();
    let source = format!(
        "Free: what {} of {} can give, less {} for the pods of others.",
        count(had.rooms.len(), "node"),
        environment.provider.title(),
        taken.text()
    );
    (had, source)
}

/// The nodes that the profile promises, because the cluster cannot be asked.
fn promised(environment: &Environment, world: &World) -> Result<(Had, String), Diagnostic> {
    let why = match &world.cluster {
        Cluster::Down(down) => down.state.as_str(),
        Cluster::Running(_) => "the cluster was not asked",
    };
    let Some(capacity) = &environment.inputs.profile.capacity else {
        return Err(Diagnostic::new(
            Code::ClusterDown,
            format!("there is nothing to compare with: {why}"),
            "start the cluster, or say in the profile what its nodes can give: capacity: {cpu: \"2\", memory: 8Gi}",
        ));
    };
    let nodes = Nodes::promised(capacity).map_err(Diagnostic::bug)?;
    let source = format!("Free: `capacity` of the profile, because {why}.");
    Ok((Had::of(&environment.inputs.profile, nodes.rooms(|_| false)), source))
}
