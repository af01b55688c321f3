//! Owns reading the world: the few reads that all steps share, run side by side.
//!
//! A failed read is an error, never an absence. The cluster is asked over one connection; processes are needed for what
//! it does not know: the provider's status, images, manifests.

mod images;
mod manifests;
mod objects;
mod rendered;
mod served;

pub use images::{contexts, images};
pub use manifests::{current, manifests, revisions};
pub use objects::{
    content_after, content_before, leftovers, live, nodes, pods, releases, run_contents, runs, volume_claims,
    workloads,
};
pub use rendered::rendered;
pub use served::are_served;

use futures_util::future::try_join_all;
use secrecy::SecretString;
use tokio::task::spawn_blocking;

use self::objects::{components, secrets};
use crate::cluster::Connection;
use crate::runner::{self, SharedRunner};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::{Invocation, Output, RunError, Tool};
use todoctl_plan::builder::Store;
use todoctl_plan::provider::{Found, Provider};
use todoctl_plan::steps;
use todoctl_plan::tool::helm::{Helm, Told, parse_history};
use todoctl_plan::world::releases::ReleaseRef;
use todoctl_plan::world::{Access, Cluster, World};
use todoctl_project::inputs::Inputs;
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
    let shared = SharedRunner::clone(runner);
    let program = invocation.tool.name();
    let _place = runner::place(runner.as_ref(), &invocation.tool).await;
    spawn_blocking(move || shared.run(&invocation))
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
    let scope = if cleans(store, inputs) { &[] } else { namespaces.as_slice() };
    // The nodes of a cluster that is not made here may have another architecture than the images.
    let nodes = inputs.profile.cluster.builder().is_none();
    // Of several failures the first in order is told, whichever came first.
    let (images, releases, live, secrets, components) = tokio::join!(
        images(runner, store, inputs),
        releases(cluster, scope),
        live(cluster, &namespaces, nodes),
        secrets(cluster, &inputs.profile.namespace),
        components(cluster, inputs),
    );
    world.images = Some(images?);
    (world.releases, world.live, world.secrets, world.components) = (releases?, live?, secrets?, components?);
    if access.node.is_empty() {
        let node = world.live.nodes().find(|(_, node)| node.schedulable);
        access.node = node.map(|(_, node)| node.address.clone()).unwrap_or_default();
    }
    world.cluster = Cluster::Running(access);
    Ok(world)
}

/// Whether images are removed that nothing uses any more. They belong to the whole cluster: whether one is unused is a
/// question to all of its releases. A registry keeps what it has.
fn cleans(store: &dyn Store, inputs: &Inputs) -> bool {
    !inputs.tags.is_empty() && store.remove(&[]).is_some()
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
