//! Owns what a command does with a profile's environment, in this order: open, observe, acquire, execute. The cluster is
//! found and must be the one that is meant; what is held by others is waited for; what a dead run left is undone first.
//! Refuses to print, to ask and to read this process's environment: `Ask` and `Host` bring that in.

mod acquire;
mod execute;
mod holder;
mod identity;
mod kubeconfig;
mod lock_decision;
mod observe;
mod origin;
mod pod;
mod recover;
mod restart;

pub use acquire::{Acquired, outdated};
pub use execute::Execution;
pub use identity::FirstUse;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OnceCell, watch};

use self::kubeconfig::Private;
use self::restart::Restart;
use crate::cluster::{Connection, Surroundings};
use crate::runner::{DuctRunner, Setup, SharedRunner};
use crate::survey;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::redact::Redactor;
use todoctl_plan::assemble::Application;
use todoctl_plan::builder::{self, Images};
use todoctl_plan::event::Sink;
use todoctl_plan::provider::{self, ClusterState, Found, Kubeconfig, Provider, Reach};
use todoctl_plan::steps;
use todoctl_plan::world::{Access, Cluster, World};
use todoctl_project::inputs::Inputs;
use todoctl_project::profile;
use todoctl_project::secret_input::{self, Given};

/// What this process is and has.
#[derive(Debug, Clone)]
pub struct Host {
    /// Folder of todoctl's own files.
    pub state: PathBuf,
    /// Its environment; children see what they may.
    pub variables: BTreeMap<OsString, OsString>,
    /// Who runs it, and where, for the Lease and for messages.
    pub who: String,
    /// Address of the pipeline's job that it belongs to.
    pub job: Option<String>,
    /// Folder that is gone after a restart, for the file that shows that this process lives. Without it, only time frees
    /// its Lease.
    pub runtime: Option<PathBuf>,
    /// Takes the secret values that it knows out of whatever is shown and saved.
    pub redactor: Redactor,
    /// Whether a program that prints the user's token may ask a person.
    pub has_terminal: bool,
}

/// What an environment needs of whoever started the command.
pub trait Ask {
    /// Says something that is no event of a run.
    fn say(&mut self, text: &str);
    /// Asks whether a cluster that is used for the first time is the right one. An error ends the command.
    fn agree(&mut self, first: &FirstUse) -> Result<(), Diagnostic>;
    /// Shows a run that begins.
    fn show(&mut self) -> Box<dyn Show>;
    /// Counts requests to stop, from the first call on: before that they end the process, which has changed nothing.
    fn interrupts(&mut self) -> Result<watch::Receiver<u32>, Diagnostic>;
}

/// A screen of one run.
pub trait Show {
    /// What takes its events.
    fn sink(&self) -> Box<dyn Sink>;
    /// Nothing follows.
    fn finish(self: Box<Self>);
}

/// The environment of a profile, opened.
pub struct Environment {
    /// What disk and command line say of the application.
    pub inputs: Arc<Inputs>,
    /// Where its cluster comes from.
    pub provider: Arc<dyn Provider>,
    /// How its images are made, and where they must be.
    pub images: Images,
    /// Id of the run that this command makes.
    pub run: String,
    /// Folder of the profile's runs.
    pub state: PathBuf,
    /// Major version of helm; 0 until it was asked.
    pub helm_major: u32,
    host: Host,
    given: Given,
    secret_variables: Vec<String>,
    kubeconfig: OnceLock<Private>,
    connection: OnceCell<Connection>,
    /// What identifies the cluster, from the first look on.
    identity: OnceLock<String>,
    restart: Restart,
}

impl Environment {
    /// Opens it, without a look at programs and cluster.
    pub fn open(host: Host, inputs: Inputs, given: Given) -> Result<Self, Diagnostic> {
        let state = host.state.join(&inputs.name);
        std::fs::create_dir_all(state.join("runs")).map_err(|error| {
            Diagnostic::usual(Code::MachineFolder, format!("cannot create {}: {error}", state.display()))
        })?;
        Ok(Self {
            provider: Arc::from(provider::of(&inputs.name, &inputs.profile.cluster)),
            images: builder::of(&inputs.profile),
            secret_variables: secret_input::env_names(&inputs.profile.secrets).map(str::to_owned).collect(),
            inputs: Arc::new(inputs),
            run: run_id(),
            state,
            helm_major: 0,
            host,
            given,
            kubeconfig: OnceLock::new(),
            connection: OnceCell::new(),
            identity: OnceLock::new(),
            restart: Restart::default(),
        })
    }

    /// What plans are made for.
    pub fn application(&self) -> Application<'_> {
        Application { inputs: &self.inputs, provider: &self.provider, images: &self.images }
    }

    /// A door to processes that see this kubeconfig, alone.
    pub fn runner(&self, access: Option<&Access>, logs: Option<&Path>) -> SharedRunner {
        self.runner_of(access, logs, None)
    }

    /// The same for changes: helm and kubectl inherit a file.
    fn runner_of(
        &self,
        access: Option<&Access>,
        logs: Option<&Path>,
        inherited: Option<Arc<File>>,
    ) -> SharedRunner {
        Arc::new(DuctRunner::new(Setup {
            project: self.inputs.project.clone(),
            environment: self.host.variables.clone(),
            secret_variables: self.secret_variables.clone(),
            kubeconfig: access.map(|access| access.kubeconfig.clone()),
            logs: logs.map(Path::to_path_buf),
            inherited,
        }))
    }

    /// The connection to the cluster, one for the whole command. Made when it is first asked for.
    pub async fn connection(&self, access: &Access) -> Result<Connection, Diagnostic> {
        let surroundings = Surroundings {
            variables: &self.host.variables,
            hidden: &self.secret_variables,
            may_ask: self.host.has_terminal,
        };
        let open = || Connection::open(access, surroundings);
        let opened = self.connection.get_or_try_init(open).await;
        opened.cloned().map_err(|refusal| {
            let hint = format!("try it: kubectl get namespaces --context {}", access.context);
            Diagnostic::new(Code::ClusterUnreachable, refusal.to_string(), hint).unchanged()
        })
    }

    /// The same where a cluster may not run.
    async fn connection_to(&self, access: Option<&Access>) -> Result<Option<Connection>, Diagnostic> {
        match access {
            Some(access) => self.connection(access).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whether the cluster runs, and how it is reached.
    pub async fn cluster(&self) -> Result<Cluster, Diagnostic> {
        self.reached(self.found().await?.cluster).await
    }

    /// The same for what deploys: a cluster that is not the one the profile asks for is refused.
    pub async fn fit_cluster(&self) -> Result<Cluster, Diagnostic> {
        let Found { cluster, unfit } = self.found().await?;
        match unfit {
            None => self.reached(cluster).await,
            Some(why) => Err(why.unchanged()),
        }
    }

    async fn found(&self) -> Result<Found, Diagnostic> {
        let found = survey::cluster(&self.runner(None, None), self.provider.as_ref()).await?;
        match found {
            // Nothing that we could start.
            Found { cluster: ClusterState::Down(_), unfit: Some(mut why) }
                if self.provider.start().is_empty() =>
            {
                if let profile::Cluster::Context(profile::Context { kubeconfig, .. }) =
                    &self.inputs.profile.cluster
                    && let Some(absent) =
                        origin::absent(&self.inputs.project, kubeconfig.as_deref(), &self.host.variables)
                {
                    why.what = format!("{absent}, so {}", why.what);
                }
                Err(why.unchanged())
            }
            found => Ok(found),
        }
    }

    async fn reached(&self, seen: ClusterState) -> Result<Cluster, Diagnostic> {
        Ok(match seen {
            ClusterState::Running(reach) => Cluster::Running(self.access(reach).await?),
            ClusterState::Down(down) => Cluster::Down(down),
        })
    }

    /// A kubeconfig in a private file, whatever it comes from. The first one of a process stays.
    async fn access(&self, reach: Reach) -> Result<Access, Diagnostic> {
        let text = match reach.kubeconfig {
            Kubeconfig::File { path, context } => {
                return Ok(Access { kubeconfig: path, context, node: reach.node });
            }
            Kubeconfig::Text(text) => text,
            Kubeconfig::Part { text, of } => {
                let place = (self.inputs.project.as_path(), of.as_deref());
                origin::movable(text.expose_secret(), place, &self.host.variables)?.into()
            }
            Kubeconfig::OfPod => pod::kubeconfig(&self.host.variables)?.into(),
            Kubeconfig::By(invocation) => match self.kubeconfig.get() {
                Some(_) => SecretString::default(),
                None => survey::kubeconfig(&self.runner(None, None), *invocation).await?.text().into(),
            },
        };
        let private = if let Some(private) = self.kubeconfig.get() {
            private
        } else {
            let new = Private::write(&self.state, &self.provider.title(), text.expose_secret())?;
            self.kubeconfig.get_or_init(|| new)
        };
        let context = private.summary.context.clone();
        Ok(Access { kubeconfig: private.path(), context, node: reach.node })
    }

    /// Address of the API server, as the private kubeconfig has it.
    fn server(&self) -> Option<&str> {
        self.kubeconfig.get().map(|private| private.summary.server.as_str())
    }

    /// A world in which nothing is known yet, and why.
    pub fn blank(&self, why: String) -> World {
        let mut world = World::without_cluster(&self.run, why);
        world.helm_major = self.helm_major;
        world.seed = rand::random();
        world.given = self.given.values.clone();
        world
    }

    /// Keeps every value that a run in this world could use out of what this process says and saves.
    fn learn(&self, world: &World) {
        self.host.redactor.learn(&steps::values(&self.inputs, world));
    }

    /// The running cluster, or a failure that says it does not run.
    pub async fn running(&self) -> Result<Access, Diagnostic> {
        match self.cluster().await? {
            Cluster::Running(access) => Ok(access),
            Cluster::Down(down) => {
                let message = format!("{} {}", self.provider.title(), down.state);
                Err(Diagnostic::new(
                    Code::ClusterDown,
                    message,
                    format!("start it with the deployment: todoctl up {}", self.inputs.name),
                ))
            }
        }
    }
}

/// Sortable, short, and fit for names in the cluster: date, time, four random digits.
fn run_id() -> String {
    let now = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    format!("{now}-{:04x}", rand::random::<u16>())
}
