//! Owns reading the world: the few reads that all steps share, run side by side.
//!
//! A failed read is an error, never an absence. On a cluster with nothing to do it costs five processes: the
//! provider's status and images, helm's Secrets as a table, todoctl's Secrets, and everything live.

mod images;
mod manifests;
mod rendered;

pub use images::{contexts, images};
pub use manifests::{current, manifests, revisions};
pub use rendered::rendered;

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use secrecy::SecretString;
use tokio::task::spawn_blocking;

use crate::runner::SharedRunner;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::{Invocation, Output, RunError, Tool};
use todoctl_plan::builder::Store;
use todoctl_plan::provider::{Found, Provider};
use todoctl_plan::resources::Nodes;
use todoctl_plan::run_record::object_name;
use todoctl_plan::steps;
use todoctl_plan::tool::helm::{Helm, Told, parse_history};
use todoctl_plan::tool::kubectl::{Kubectl, content_after, content_name, is_forbidden, lacks_resource};
use todoctl_plan::world::components::Components;
use todoctl_plan::world::leftovers::{self, Leftover};
use todoctl_plan::world::live::Live;
use todoctl_plan::world::releases::{ReleaseRef, Releases};
use todoctl_plan::world::runs::Runs;
use todoctl_plan::world::{Access, Cluster, World, secrets};
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::Pin;
use todoctl_project::{dapr, secret_input};

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
    runner: &SharedRunner,
    store: &dyn Store,
    inputs: &Inputs,
    mut access: Access,
    mut world: World,
) -> Result<World, SurveyError> {
    let kubectl = Kubectl::new(&access);
    let namespaces = inputs.namespaces();
    // Images belong to the whole cluster: whether one is unused is a question to all of its releases.
    let scope = if inputs.tags.is_empty() { namespaces.clone() } else { Vec::new() };
    // The nodes of a cluster that is not made here may have another architecture than the images.
    let nodes = inputs.profile.cluster.pin() != Pin::Own;
    let start = |what, invocation| tokio::spawn(read(SharedRunner::clone(runner), what, invocation));
    let releases = start("the helm releases", kubectl.release_table(&scope));
    let live = start("what runs", kubectl.live(&namespaces, nodes));
    let secrets = start("the secrets", kubectl.secrets(&inputs.profile.namespace));
    let components = inputs.profile.dapr.as_ref().map(|_| {
        let resources = dapr::Kind::ALL.map(dapr::Kind::resource);
        let question = kubectl.objects(&inputs.profile.namespace, &resources);
        tokio::spawn(components(SharedRunner::clone(runner), question))
    });
    let images = images::ask(runner, store, inputs);

    world.releases = join(releases).await?.parse(|output| Releases::parse(&output.text(), only(&scope)))?;
    world.live = join(live).await?.parse(|output| Live::parse(&output.stdout))?;
    world.secrets = join(secrets).await?.parse(|output| secrets::parse(&output.stdout))?;
    if let Some(components) = components {
        world.components = components.await.map_err(|error| stopped("the Dapr objects", &error))??;
    }
    world.images = Some(images::answers(images, store).await?);
    if access.node.is_empty() {
        let node = world.live.nodes().find(|(_, node)| node.schedulable);
        access.node = node.map(|(_, node)| node.address.clone()).unwrap_or_default();
    }
    world.cluster = Cluster::Running(access);
    Ok(world)
}

/// Reads the Dapr objects. That Kubernetes does not know their kinds is an answer; every other failure is one.
async fn components(runner: SharedRunner, question: Invocation) -> Result<Components, SurveyError> {
    let (what, command) = ("the Dapr objects".to_owned(), question.shell());
    let refused = |what, complaint| Err(SurveyError::Refused { what, complaint, command });
    match call(&runner, question).await {
        Ok(output) if output.is_success() => {
            Components::parse(&output.stdout).or_else(|complaint| refused(what, complaint))
        }
        Ok(output) if lacks_resource(&output.complaint()) => Ok(Components::default()),
        Ok(output) => refused(what, output.complaint()),
        Err(cause) => Err(SurveyError::Run { what, cause }),
    }
}

/// Reads only helm's view, to see what changed.
pub async fn releases(
    runner: &SharedRunner,
    access: &Access,
    namespaces: &[&str],
) -> Result<Releases, SurveyError> {
    let invocation = Kubectl::new(access).release_table(namespaces);
    let answer = read(SharedRunner::clone(runner), "the helm releases", invocation).await?;
    answer.parse(|output| Releases::parse(&output.text(), only(namespaces)))
}

/// Reads the records of earlier runs.
pub async fn runs(runner: &SharedRunner, access: &Access, namespace: &str) -> Result<Runs, SurveyError> {
    let invocation = Kubectl::new(access).run_records(namespace);
    let answer = read(SharedRunner::clone(runner), "the records of earlier runs", invocation).await?;
    answer.parse(|output| Runs::parse(&output.stdout))
}

/// What the nodes can give, and what runs on them. None when this user may not see that.
pub async fn nodes(runner: &SharedRunner, access: &Access) -> Result<Option<Nodes>, SurveyError> {
    let invocation = Kubectl::new(access).nodes();
    match read(SharedRunner::clone(runner), "the nodes", invocation).await {
        Err(SurveyError::Refused { complaint, .. }) if is_forbidden(&complaint) => Ok(None),
        answer => answer?.parse(|output| Nodes::parse(&output.stdout)).map(Some),
    }
}

/// The runs whose Dapr objects are kept.
pub async fn run_contents(
    runner: &SharedRunner,
    access: &Access,
    namespace: &str,
) -> Result<BTreeSet<String>, SurveyError> {
    let invocation = Kubectl::new(access).run_contents(namespace);
    let answer = read(SharedRunner::clone(runner), "the components of earlier runs", invocation).await?;
    let prefix = format!("secret/{}", object_name(""));
    let text = answer.output.text();
    Ok(text.lines().filter_map(|line| Some(line.trim().strip_prefix(&prefix)?.to_owned())).collect())
}

/// The Dapr objects that a run left. Sensitive: somebody else's object may hold a password.
pub async fn run_content(
    runner: &SharedRunner,
    access: &Access,
    namespace: &str,
    run: &str,
) -> Result<Vec<serde_json::Value>, SurveyError> {
    let invocation = Kubectl::new(access).secret(namespace, &content_name(run));
    let answer = read(SharedRunner::clone(runner), "the components of an earlier run", invocation).await?;
    answer.parse(|output| content_after(&output.stdout))
}

/// What may stay when releases are gone.
pub async fn leftovers(runner: &SharedRunner, access: &Access) -> Result<Vec<Leftover>, SurveyError> {
    let invocation = Kubectl::new(access).leftovers();
    let answer = read(SharedRunner::clone(runner), "what stays", invocation).await?;
    answer.parse(|output| leftovers::parse(&output.text()))
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

/// The namespace of a read that asked for one: its table has no column for it.
fn only<'a>(namespaces: &[&'a str]) -> Option<&'a str> {
    if let [only] = namespaces { Some(only) } else { None }
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

async fn join(job: tokio::task::JoinHandle<Result<Answer, SurveyError>>) -> Result<Answer, SurveyError> {
    job.await.map_err(|error| stopped("the cluster", &error))?
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
