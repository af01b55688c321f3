//! Owns reading the world: the few reads that all steps share, run side by side.
//!
//! A failed read is an error, never an absence. The cluster is asked over one connection; processes are needed for what
//! it does not know: the provider's status, images, manifests.

mod images;
mod manifests;
mod rendered;

pub use images::{contexts, images};
pub use manifests::{current, manifests, revisions};
pub use rendered::rendered;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use secrecy::SecretString;
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::cluster::{Connection, Refusal};
use crate::runner::SharedRunner;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::{Invocation, Output, RunError, Tool};
use todoctl_core::workload::Workload;
use todoctl_plan::builder::Store;
use todoctl_plan::look::{self, Look, resource};
use todoctl_plan::provider::{Found, Provider};
use todoctl_plan::resources::Nodes;
use todoctl_plan::run_record::object_name;
use todoctl_plan::steps;
use todoctl_plan::tool::helm::{Helm, Told, parse_history};
use todoctl_plan::tool::kubectl::{self, content_name};
use todoctl_plan::world::components::Components;
use todoctl_plan::world::leftovers::{self, Leftover};
use todoctl_plan::world::live::{IDENTITY, Live};
use todoctl_plan::world::releases::{ReleaseRef, Releases};
use todoctl_plan::world::runs::Runs;
use todoctl_plan::world::secrets::{self, Versions};
use todoctl_plan::world::{Access, Cluster, World};
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::Pin;
use todoctl_project::secret_input;

/// Why the world could not be read. Nothing has been changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SurveyError {
    /// A program could not be run.
    #[error("cannot read {what}: {cause}")]
    Run {
        /// What was to be read.
        what: String,
        /// Why not.
        cause: RunError,
    },
    /// A program answered with an error.
    #[error("cannot read {what}: {complaint}")]
    Refused {
        /// What was to be read.
        what: String,
        /// What the program said.
        complaint: String,
        /// The command, for trying it by hand.
        command: String,
    },
}

impl SurveyError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Run { cause, .. } => cause.hint(),
            Self::Refused { command, .. } => format!("try it: {command}"),
        }
    }
}

/// Runs an invocation off the async threads.
pub async fn call(runner: &SharedRunner, invocation: Invocation) -> Result<Output, RunError> {
    let runner = SharedRunner::clone(runner);
    let program = invocation.tool.name();
    spawn_blocking(move || runner.run(&invocation))
        .await
        .unwrap_or_else(|error| Err(RunError::Start { program, why: error.to_string() }))
}

/// A read that succeeded.
struct Answer {
    what: &'static str,
    command: String,
    output: Output,
}

impl Answer {
    /// What it means; an answer that cannot be understood is an error, never an absence.
    fn parse<T>(&self, read: impl FnOnce(&Output) -> Result<T, String>) -> Result<T, SurveyError> {
        read(&self.output).map_err(|complaint| SurveyError::Refused {
            what: self.what.to_owned(),
            complaint,
            command: self.command.clone(),
        })
    }
}

/// Runs a read that must succeed.
async fn read(
    runner: SharedRunner,
    what: &'static str,
    invocation: Invocation,
) -> Result<Answer, SurveyError> {
    let command = invocation.shell();
    match call(&runner, invocation).await {
        Ok(output) if output.is_success() => Ok(Answer { what, command, output }),
        Ok(output) => {
            Err(SurveyError::Refused { what: what.to_owned(), complaint: output.complaint(), command })
        }
        Err(cause) => Err(SurveyError::Run { what: what.to_owned(), cause }),
    }
}

/// Asks the provider whether the cluster runs, and whether it is the one that the profile asks for.
pub async fn cluster(runner: &SharedRunner, provider: &dyn Provider) -> Result<Found, SurveyError> {
    let what = format!("the state of {}", provider.title());
    let questions = provider.status();
    let command = questions.first().map(Invocation::shell).unwrap_or_default();
    // The provider's exit status tells the state as well, so only its answers count.
    let outputs = try_join_all(questions.into_iter().map(|question| call(runner, question)))
        .await
        .map_err(|cause| SurveyError::Run { what: what.clone(), cause })?;
    provider.found(&outputs).map_err(|complaint| SurveyError::Refused { what, complaint, command })
}

/// Runs a command that prints a kubeconfig: sensitive output.
pub async fn kubeconfig(runner: &SharedRunner, invocation: Invocation) -> Result<Output, SurveyError> {
    Ok(read(SharedRunner::clone(runner), "the way to the cluster", invocation).await?.output)
}

/// Reads everything about a running cluster, except manifests.
pub async fn running(
    (runner, cluster): (&SharedRunner, &Connection),
    store: &dyn Store,
    inputs: &Inputs,
    mut access: Access,
    mut world: World,
) -> Result<World, SurveyError> {
    let namespaces = inputs.namespaces();
    // Images belong to the whole cluster: whether one is unused is a question to all of its releases.
    let scope = if inputs.tags.is_empty() { namespaces.as_slice() } else { &[] };
    // The nodes of a cluster that is not made here may have another architecture than the images.
    let nodes = inputs.profile.cluster.pin() != Pin::Own;
    let (images, releases, live, secrets, components) = tokio::try_join!(
        images(runner, store, inputs),
        releases(cluster, scope),
        live(cluster, &namespaces, nodes),
        secrets(cluster, &inputs.profile.namespace),
        components(cluster, inputs),
    )?;
    (world.releases, world.live, world.secrets, world.components) = (releases, live, secrets, components);
    world.images = Some(images);
    if access.node.is_empty() {
        let node = world.live.nodes().find(|(_, node)| node.schedulable);
        access.node = node.map(|(_, node)| node.address.clone()).unwrap_or_default();
    }
    world.cluster = Cluster::Running(access);
    Ok(world)
}

/// Reads the objects of some questions, side by side.
async fn objects(cluster: &Connection, what: &str, looks: &[Look]) -> Result<Vec<Value>, SurveyError> {
    cluster.all(looks).await.map_err(|(look, refusal)| refused(cluster, what, &look, &refusal))
}

fn refused(cluster: &Connection, what: &str, look: &Look, refusal: &Refusal) -> SurveyError {
    let (what, command) = (what.to_owned(), look.command(cluster.context()));
    SurveyError::Refused { what, complaint: refusal.to_string(), command }
}

/// What was read, understood. An answer that cannot be is an error, never an absence.
fn understood<T>(
    cluster: &Connection,
    what: &str,
    look: &Look,
    answer: Result<T, String>,
) -> Result<T, SurveyError> {
    answer.map_err(|complaint| {
        let (what, command) = (what.to_owned(), look.command(cluster.context()));
        SurveyError::Refused { what, complaint, command }
    })
}

/// Reads namespaces, and the workloads, pods and Leases of some of them; nodes when they matter.
pub async fn live(cluster: &Connection, namespaces: &[&str], nodes: bool) -> Result<Live, SurveyError> {
    let what = "what runs";
    let mut looks: Vec<Look> = namespaces.iter().flat_map(|namespace| look::live(namespace)).collect();
    looks.extend(nodes.then(|| Look::all(resource::NODES)));
    let names = namespaces.iter().copied().chain([IDENTITY]);
    let (objects, namespaces) = tokio::try_join!(
        objects(cluster, what, &looks),
        try_join_all(names.map(|name| namespace(cluster, name)))
    )?;
    let all = objects.into_iter().chain(namespaces.into_iter().flatten());
    understood(cluster, what, &Look::all(resource::PODS), Live::of(all))
}

/// Reads a namespace; nothing when it does not exist.
async fn namespace(cluster: &Connection, name: &str) -> Result<Option<Value>, SurveyError> {
    let look = Look::all(resource::NAMESPACES);
    cluster.object(&look, name).await.map_err(|refusal| refused(cluster, "the namespaces", &look, &refusal))
}

/// Reads todoctl's versions of Secrets: sensitive.
async fn secrets(cluster: &Connection, namespace: &str) -> Result<BTreeMap<String, Versions>, SurveyError> {
    let (what, look) = ("the secrets", look::secrets(namespace));
    let found = objects(cluster, what, std::slice::from_ref(&look)).await?;
    understood(cluster, what, &look, secrets::of(found))
}

/// Reads the Dapr objects. That Kubernetes does not know their kinds is an answer; every other failure is one.
async fn components(cluster: &Connection, inputs: &Inputs) -> Result<Components, SurveyError> {
    let what = "the Dapr objects";
    if inputs.profile.dapr.is_none() {
        return Ok(Components::default());
    }
    let looks = look::components(&inputs.profile.namespace);
    match cluster.all(&looks).await {
        Ok(objects) => understood(cluster, what, &looks[0], Components::of(&objects)),
        Err((_, refusal)) if refusal.lacks_resource() => Ok(Components::default()),
        Err((look, refusal)) => Err(refused(cluster, what, &look, &refusal)),
    }
}

/// Reads only helm's view, to see what changed; that of the whole cluster when no namespace is named.
pub async fn releases(cluster: &Connection, namespaces: &[&str]) -> Result<Releases, SurveyError> {
    let what = "the helm releases";
    let looks: Vec<Look> = if namespaces.is_empty() {
        vec![look::releases(None)]
    } else {
        namespaces.iter().map(|namespace| look::releases(Some(namespace))).collect()
    };
    let records = objects(cluster, what, &looks).await?;
    understood(cluster, what, &looks[0], Releases::of(records))
}

/// Reads the records of earlier runs.
pub async fn runs(cluster: &Connection, namespace: &str) -> Result<Runs, SurveyError> {
    let (what, look) = ("the records of earlier runs", look::run_records(namespace));
    let records = objects(cluster, what, std::slice::from_ref(&look)).await?;
    understood(cluster, what, &look, Runs::of(records))
}

/// What the nodes can give, and what runs on them. None when this user may not see that.
pub async fn nodes(cluster: &Connection) -> Result<Option<Nodes>, SurveyError> {
    let (what, looks) = ("the nodes", [Look::all(resource::NODES), Look::all(resource::PODS)]);
    match cluster.all(&looks).await {
        Ok(objects) => understood(cluster, what, &looks[0], Nodes::of(objects)).map(Some),
        Err((_, refusal)) if refusal.is_forbidden() => Ok(None),
        Err((look, refusal)) => Err(refused(cluster, what, &look, &refusal)),
    }
}

/// The runs whose Dapr objects are kept.
pub async fn run_contents(cluster: &Connection, namespace: &str) -> Result<BTreeSet<String>, SurveyError> {
    let kept = objects(cluster, "the components of earlier runs", &[look::run_contents(namespace)]).await?;
    let prefix = object_name("");
    let run = |one: &Value| Some(one["metadata"]["name"].as_str()?.strip_prefix(&prefix)?.to_owned());
    Ok(kept.iter().filter_map(run).collect())
}

/// The Dapr objects that a run left. Sensitive: somebody else's object may hold a password.
pub async fn content_after(
    cluster: &Connection,
    namespace: &str,
    run: &str,
) -> Result<Vec<Value>, SurveyError> {
    let what = "the components of an earlier run";
    let (look, kept) = content(cluster, what, namespace, run).await?;
    understood(cluster, what, &look, kubectl::content_after(kept.as_ref()))
}

/// The Dapr objects that a run found, or why they cannot be understood. Sensitive.
pub async fn content_before(
    cluster: &Connection,
    namespace: &str,
    run: &str,
) -> Result<Result<Vec<Value>, String>, SurveyError> {
    let (_, kept) = content(cluster, "the components before the run", namespace, run).await?;
    Ok(kubectl::content_before(kept.as_ref()))
}

/// The Secret that keeps what a run had of Dapr objects.
async fn content(
    cluster: &Connection,
    what: &str,
    namespace: &str,
    run: &str,
) -> Result<(Look, Option<Value>), SurveyError> {
    let look = Look::all(resource::SECRETS).within(namespace);
    match cluster.object(&look, &content_name(run)).await {
        Ok(kept) => Ok((look, kept)),
        Err(refusal) => Err(refused(cluster, what, &look, &refusal)),
    }
}

/// Workloads by name. One that does not exist is an error: it was just made.
pub async fn workloads(
    cluster: &Connection,
    namespace: &str,
    workloads: &[Workload],
) -> Result<Vec<Value>, SurveyError> {
    let what = "the workloads";
    try_join_all(workloads.iter().map(|workload| async move {
        let look = Look::all(resource::of_workload(workload.kind)).within(namespace);
        let found = cluster.object(&look, &workload.name).await;
        let found = found.map_err(|refusal| refused(cluster, what, &look, &refusal))?;
        understood(
            cluster,
            what,
            &look,
            found.ok_or_else(|| format!("{} {} is not there", workload.kind, workload.name)),
        )
    }))
    .await
}

/// What may stay when releases are gone.
pub async fn leftovers(cluster: &Connection) -> Result<Vec<Leftover>, SurveyError> {
    Ok(leftovers::of(&objects(cluster, "what stays", &look::leftovers()).await?))
}

/// helm's own words about the revisions of a release.
pub async fn history(
    runner: &SharedRunner,
    access: &Access,
    helm_major: u32,
    release: ReleaseRef<'_>,
) -> Result<Vec<Told>, SurveyError> {
    let invocation = Helm::new(helm_major, access).history(release.name, release.namespace);
    let answer = read(SharedRunner::clone(runner), "helm's history", invocation).await?;
    answer.parse(|output| parse_history(&output.stdout))
}

/// Runs the commands of secret values that are neither given nor in the cluster.
pub async fn commands(runner: &SharedRunner, inputs: &Inputs, world: &mut World) -> Result<(), SurveyError> {
    let wanted: Vec<(String, Vec<String>)> = steps::missing(inputs, world)
        .into_iter()
        .filter(|(_, spec)| !spec.command.is_empty())
        .map(|(name, spec)| (name.to_owned(), spec.command.clone()))
        .collect();
    for (name, command) in wanted {
        let Some((program, args)) = command.split_first() else {
            continue;
        };
        let invocation = Invocation::new(Tool::Project(program.into()), args.iter().cloned());
        let answer = read(SharedRunner::clone(runner), "a secret from its command", invocation).await?;
        let text = answer.output.text();
        let value = SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned());
        answer.parse(|_| {
            match secret_input::problems(&inputs.profile.secrets, &name, &value).as_slice() {
                [] => Ok(()),
                problems => Err(format!("{name} is not acceptable: {}", problems.join("; "))),
            }
        })?;
        world.given.insert(name, value);
    }
    Ok(())
}

fn stopped(what: &str, error: &tokio::task::JoinError) -> SurveyError {
    SurveyError::Refused {
        what: what.to_owned(),
        complaint: error.to_string(),
        command: "todoctl status".to_owned(),
    }
}

impl From<SurveyError> for Diagnostic {
    fn from(error: SurveyError) -> Self {
        Self::new(Code::ClusterUnreachable, error.to_string(), error.hint()).unchanged()
    }
}
