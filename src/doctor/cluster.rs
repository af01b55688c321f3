//! Owns looking at the cluster of a profile, and at the machine as far as that cluster needs it. Every read has its
//! limit, and runs beside the others.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::doctor::machine;
use todoctl_advice::doctor::machine::{MachineRoom, judge};
use todoctl_advice::doctor::ports::{self, NodePort};
use todoctl_advice::doctor::state::{self, DaprSeen, Life};
use todoctl_advice::doctor::{Area, Finding, access, registry, tools};
use todoctl_core::invocation::Invocation;
use todoctl_plan::health;
use todoctl_plan::look::{Look, resource};
use todoctl_plan::provider::{Facts, Size};
use todoctl_plan::tool::kubectl::{client_version, parse_client_version};
use todoctl_plan::tool::version::{self, DockerEngine};
use todoctl_plan::world::lease::Lease;
use todoctl_plan::world::{Access, Cluster, World};
use todoctl_project::dapr;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::Chart;
use todoctl_run::cluster::Connection;
use todoctl_run::environment::Environment;
use todoctl_run::lock::{Presence, presence};
use todoctl_run::runner::SharedRunner;
use todoctl_run::survey;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What is asked first.
const API_SERVER: &str = "API server";

type Rendered = BTreeMap<String, Result<Vec<Value>, String>>;

/// Everything about the cluster, and about the machine as far as the cluster is on it. `missing` are programs that are
/// needed and not there.
pub(super) async fn look_at(environment: &Environment, missing: &[String]) -> Vec<Finding> {
    let runner = environment.runner(None, None);
    let blank = environment.blank(String::new());
    let (cluster, rendered, (mut found, engine)) = tokio::join!(
        asked_provider(environment, missing),
        survey::rendered(&runner, &environment.inputs, &blank),
        engine(environment, &runner, missing),
    );
    found.extend(unrendered(&environment.inputs, &rendered, missing));
    let title = environment.provider.title();
    let wanted = wanted_ports(environment, &rendered);
    let runs = matches!(cluster, Ok(Cluster::Running(_)));
    found.extend(room(environment, engine.as_ref(), runs));
    if let Some(registry) = &environment.inputs.profile.registry {
        found.push(registry::judge(&registry.server, machine::docker_config().as_deref()));
    }
    match cluster {
        Ok(Cluster::Running(access)) => {
            found.push(Finding::ok(Area::Cluster, title, format!("runs, context {}", access.context)));
            found.extend(Box::pin(running(environment, access, (&rendered, &wanted))).await);
        }
        Ok(Cluster::Down(down)) => {
            let evidence = format!("{}; todoctl up {} starts it", down.state, environment.inputs.name);
            found.push(Finding::ok(Area::Cluster, title, evidence));
            found.extend(without(environment, &wanted, "the cluster does not run"));
        }
        Err(finding) => {
            found.push(finding);
            found.extend(without(environment, &wanted, "the cluster cannot be asked"));
        }
    }
    found
}

/// What stands in the way of starting the cluster: Docker's engine, and the room for its size. The programs themselves
/// were looked at before.
pub(super) async fn before_start(environment: &Environment) -> Vec<Finding> {
    let (mut found, engine) = engine(environment, &environment.runner(None, None), &[]).await;
    found.extend(room(environment, engine.as_ref(), false));
    found.retain(Finding::is_failed);
    found
}

/// The charts that do not render.
fn unrendered(inputs: &Inputs, rendered: &Rendered, missing: &[String]) -> Vec<Finding> {
    if missing.iter().any(|program| program == "helm") {
        return vec![Finding::not_checked(Area::Profile, "charts", "helm is not there to render them")];
    }
    // That a chart could not be fetched is told already.
    let is_there = |name: &str| {
        let chart = inputs.profile.releases.get(name).map(|release| &release.chart);
        !matches!(chart, Some(Chart::Repository(_))) || inputs.fetched.contains_key(name)
    };
    let rendered = rendered.iter().filter(|(name, _)| is_there(name));
    let failed = rendered.filter_map(|(name, objects)| Some((name, objects.as_ref().err()?)));
    let told = |(name, why): (&String, &String)| {
        let what = format!("chart of release {name}");
        let fix = "mend the chart or its values; todoctl lint names file and line";
        Finding::failed(Area::Profile, what, format!("does not render: {why}"), fix)
    };
    failed.map(told).collect()
}

/// The cluster as its provider sees it. A program that is not there was told among the tools.
async fn asked_provider(environment: &Environment, missing: &[String]) -> Result<Cluster, Finding> {
    let title = environment.provider.title();
    let tools = environment.provider.status();
    let absent = |invocation: &Invocation| missing.contains(&invocation.tool.name());
    if let Some(call) = tools.iter().find(|call| absent(call)) {
        return Err(Finding::not_checked(
            Area::Cluster,
            title,
            format!("{} is not there to ask", call.tool.name()),
        ));
    }
    let asked = tokio::time::timeout(LIMIT, environment.fit_cluster()).await;
    match asked {
        Ok(Ok(cluster)) => Ok(cluster),
        Ok(Err(failure)) => {
            let lines = std::iter::once(failure.what).chain(failure.evidence);
            let told = lines.collect::<Vec<_>>().join("; ");
            Err(Finding::failed(Area::Cluster, title, told, failure.fix))
        }
        Err(_) => {
            let line = tools.first().map(Invocation::line).unwrap_or_default();
            let evidence = format!("gave no answer within {} s", LIMIT.as_secs());
            Err(Finding::failed(Area::Cluster, title, evidence, format!("try it: {line}")))
        }
    }
}

/// The Docker engine, when the profile needs it.
async fn engine(
    environment: &Environment,
    runner: &SharedRunner,
    missing: &[String],
) -> (Vec<Finding>, Option<DockerEngine>) {
    if !tools::needs_engine(&environment.inputs.profile) {
        return (Vec::new(), None);
    }
    if missing.iter().any(|program| program == "docker") {
        return (
            vec![Finding::not_checked(Area::Tools, "docker engine", "docker is not there to ask")],
            None,
        );
    }
    let seen = match survey::call(runner, version::docker_engine()).await {
        Ok(output) => version::parse_engine(&output),
        Err(cause) => Err(cause.to_string()),
    };
    (vec![tools::engine(seen.as_ref().map_err(String::as_str))], seen.ok())
}

/// Whether the cluster fits on this machine, or in its Docker.
fn room(environment: &Environment, engine: Option<&DockerEngine>, runs: bool) -> Vec<Finding> {
    let Facts { size, in_docker, .. } = environment.provider.facts();
    if size == Size::default() {
        return Vec::new();
    }
    let here = machine::room(&environment.state);
    if !in_docker {
        return judge(size, here, "this machine", runs);
    }
    let of = |number: fn(&DockerEngine) -> u64| engine.map(number);
    let docker = MachineRoom { cpus: of(|one| one.cpus), memory: of(|one| one.memory), ..here };
    judge(size, docker, "Docker", runs)
}

/// What can be said while the cluster cannot be asked.
fn without(environment: &Environment, wanted: &[NodePort], why: &str) -> Vec<Finding> {
    let inputs = &environment.inputs;
    // Only when this machine is the node are its ports those of the node.
    let listening = environment.provider.facts().is_this_machine.then(machine::listeners).flatten();
    let mut found = ports::judge(wanted, Err(why), listening.as_deref());
    let unknown = |area, what| Finding::not_checked(area, what, why);
    found.push(unknown(Area::Access, "rights"));
    found.push(unknown(Area::Runs, "open run"));
    found.push(unknown(Area::Releases, "releases"));
    if inputs.profile.dapr.is_some() {
        found.push(unknown(Area::Dapr, "Dapr"));
    }
    let world = environment.blank(why.to_owned());
    found.extend(state::secrets(inputs, &world, Err(why)));
    found
}

/// The node ports of every chart that renders.
fn wanted_ports(environment: &Environment, rendered: &Rendered) -> Vec<NodePort> {
    let inputs = &environment.inputs;
    let of = |(name, release)| {
        let objects = rendered.get(name).and_then(|objects| objects.as_ref().ok());
        objects.map(|objects| ports::of(objects, inputs.namespace(release)))
    };
    inputs.releases().filter_map(of).flatten().collect()
}

/// What a running cluster says.
async fn running(
    environment: &Environment,
    access: Access,
    (rendered, wanted): (&Rendered, &[NodePort]),
) -> Vec<Finding> {
    let cluster = environment.connection(&access).await;
    let asked = match &cluster {
        Ok(cluster) => versions(environment, cluster).await.map(|found| (found, cluster)),
        Err(failure) => {
            Err(Finding::failed(Area::Cluster, API_SERVER, failure.what.clone(), failure.fix.clone()))
        }
    };
    let (mut found, cluster) = match asked {
        Ok(asked) => asked,
        Err(unreachable) => {
            let others = without(environment, wanted, "the cluster does not answer");
            return std::iter::once(unreachable).chain(others).collect();
        }
    };
    let (world, taken, dapr) =
        tokio::join!(environment.observe(access), taken_ports(cluster), dapr_seen(environment, cluster),);
    found.extend(rights(environment, cluster, rendered, world.as_ref().ok()).await);
    found.extend(ports::judge(wanted, taken.as_deref().map_err(String::as_str), None));
    match world {
        Ok(world) => found.extend(of_world(environment, &world, dapr.as_ref())),
        Err(failure) => {
            let fix = failure.fix;
            found.push(Finding::failed(Area::Cluster, "reading it", failure.what, fix));
        }
    }
    found
}

/// Whether the API server answers, and whether kubectl fits it. The error is why nothing else can be asked.
async fn versions(environment: &Environment, cluster: &Connection) -> Result<Vec<Finding>, Finding> {
    let runner = environment.runner(None, None);
    let (client, server) =
        tokio::join!(survey::call(&runner, client_version().timeout(LIMIT)), cluster.version());
    // What is wrong with kubectl is told among the tools.
    let client = client.ok().and_then(|output| parse_client_version(&output.stdout));
    let server = server.map_err(|refusal| {
        let fix = format!("try it: kubectl version --context {}", cluster.context());
        Finding::failed(Area::Cluster, API_SERVER, refusal.to_string(), fix)
    })?;
    Ok(vec![match (client, version::find(&server)) {
        (Some(client), Some(server)) => tools::skew(client, server),
        (None, _) | (_, None) => Finding::ok(Area::Cluster, API_SERVER, format!("version {server}")),
    }])
}

/// The node ports that the cluster has given out.
async fn taken_ports(cluster: &Connection) -> Result<Vec<NodePort>, String> {
    let services = cluster.objects(&Look::all(resource::SERVICES)).await;
    Ok(ports::of(&services.map_err(|refusal| refusal.to_string())?, ""))
}

/// Whether the user may do what `up` does; only a namespace that is known to be absent must be made.
async fn rights(
    environment: &Environment,
    cluster: &Connection,
    rendered: &Rendered,
    world: Option<&World>,
) -> Vec<Finding> {
    let inputs = &environment.inputs;
    let of = |(name, release)| {
        let objects = rendered.get(name)?.as_ref().ok()?;
        Some((String::from(name), (inputs.namespace(release).to_owned(), objects.clone())))
    };
    let objects = inputs.releases().filter_map(of).collect();
    let exists = |name: &str| world.is_none_or(|world| world.live.has_namespace(name));
    let wanted = access::wanted(&inputs.profile, &objects, &exists);
    match cluster.refused(&wanted).await {
        Ok(refused) => access::judge(&wanted, &refused),
        Err(why) => vec![Finding::not_checked(Area::Access, "rights", why.to_string())],
    }
}

/// What Dapr's CRDs and its injector say; nothing when the profile has no Dapr.
async fn dapr_seen(environment: &Environment, cluster: &Connection) -> Option<DaprSeen> {
    environment.inputs.profile.dapr.as_ref()?;
    let names: Vec<String> = dapr::Kind::ALL.iter().map(|kind| kind.resource().to_owned()).collect();
    let namespace = &environment.inputs.profile.namespace;
    let (look, probe) = (health::dapr::probed(namespace), health::dapr::probe(namespace));
    let (crds, pod) = tokio::join!(survey::are_served(cluster, &names), cluster.would_create(&look, &probe));
    let injector = match pod {
        Ok(pod) => Some(health::dapr::injected(&pod)),
        // The namespace is what is not there: a pod that is to be made is not looked for.
        Err(refusal) if refusal.lacks_object() => None,
        Err(refusal) => Some(Err(refusal.to_string())),
    };
    Some(DaprSeen { crds, injector })
}

fn of_world(environment: &Environment, world: &World, dapr: Option<&DaprSeen>) -> Vec<Finding> {
    let inputs = &environment.inputs;
    let lease = world.live.lease(&inputs.profile.namespace);
    let lease = match &lease {
        Ok(found) => Ok(found.as_ref().map(|lease| (lease, life(lease)))),
        Err(why) => Err(why.as_str()),
    };
    let mut found = vec![state::run(lease, &inputs.name)];
    found.extend(state::releases(inputs, world));
    found.extend(state::dapr(inputs, world, dapr));
    found.extend(state::secrets(inputs, world, Ok(())));
    found
}

/// Whether a holder lives, as far as this machine can tell. Clocks of two machines may differ, so the time of the last
/// renewal only words the advice; nothing is taken over by it.
fn life(lease: &Lease) -> Life {
    match presence(&lease.holder) {
        Presence::Living | Presence::Orphans => Life::Living,
        Presence::Gone => Life::Dead,
        Presence::Unknown => {
            let limit = SignedDuration::from_secs(i64::from(lease.seconds));
            let age = lease.renewed.map(|renewed| Timestamp::now().duration_since(renewed));
            Life::Elsewhere { renewed: age.is_none_or(|age| age <= limit) }
        }
    }
}
