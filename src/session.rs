//! Owns what every command starts with: the project, the profile, its inputs, the folders, the tools, the world.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

use crate::args::{Args, What};
use crate::kubeconfig::Private;
use crate::select::{self, only, sets};
use crate::{charts, folders, hygiene, signals, sources, tools};
use todoctl_advice::doctor::tools::{Need, needs};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::assemble::Application;
use todoctl_plan::builder::{self, Images};
use todoctl_plan::provider::{self, Found, Kubeconfig, Provider, Reach, Seen};
use todoctl_plan::steps;
use todoctl_plan::world::{Access, Cluster, World};
use todoctl_project::dapr;
use todoctl_project::given::{self, Given};
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::{self, Loaded, ProfileError, Variables};
use todoctl_run::runner::{DuctRunner, Setup, SharedRunner};
use todoctl_run::survey;
use todoctl_screen::output::{Color, Output};

/// What a command works with.
pub(super) struct Session {
    pub(super) inputs: Arc<Inputs>,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) images: Images,
    pub(super) run: String,
    /// Folder of the profile's runs.
    pub(super) state: PathBuf,
    pub(super) helm_major: u32,
    pub(super) verbose: bool,
    pub(super) color: Color,
    given: Given,
    profile_file: PathBuf,
    secret_variables: Vec<String>,
    interrupts: OnceLock<watch::Receiver<u32>>,
    kubeconfig: OnceLock<Private>,
    /// What identifies the cluster, from the first look on.
    pub(super) identity: OnceLock<String>,
}

/// Finds the project: the folder that holds `profiles/`.
pub(super) fn project(args: &Args) -> Result<PathBuf, Diagnostic> {
    let here = std::env::current_dir().map_err(|error| {
        Diagnostic::new(
            Code::ProjectMissing,
            format!("the working folder is gone: {error}"),
            "cd to the project",
        )
    })?;
    if let Some(given) = &args.project {
        let path = here.join(given);
        return path.canonicalize().ok().filter(|path| path.join("profiles").is_dir()).ok_or_else(|| {
            Diagnostic::new(
                Code::ProjectMissing,
                format!("{} is not a project: it has no profiles/", path.display()),
                "give the folder that holds profiles/",
            )
        });
    }
    profile::find_project(&here).ok_or_else(|| {
        Diagnostic::new(
            Code::ProjectMissing,
            format!("no profiles/ in {} or above", here.display()),
            "cd to the project, or give --project DIR",
        )
    })
}

/// The profile that is meant: the given one, else the one that the project was last brought up with.
pub(super) fn profile_name(project: &Path, given: Option<&str>) -> Result<String, Diagnostic> {
    if let Some(name) = given {
        return Ok(name.to_owned());
    }
    folders::recall(&folders::state()?, project).ok_or_else(|| {
        Diagnostic::new(
            Code::UsageArgument,
            "which profile? this project was not brought up from here yet",
            "give --profile NAME",
        )
    })
}

/// Reads a profile, with the variables of the environment.
pub(super) fn load(project: &Path, name: &str) -> Result<Loaded, ProfileError> {
    profile::load(project, name, Variables::From(&folders::text))
}

/// What a profile's files say, with the charts of repositories.
async fn resolved(
    loaded: Loaded,
    set: BTreeMap<String, Vec<String>>,
    only: Option<BTreeSet<String>>,
    output: &mut Output,
) -> Result<Inputs, Diagnostic> {
    let dapr = dapr::load(&loaded)?;
    let fetched = charts::of(&loaded, only.as_ref(), output).await?;
    Ok(Inputs::resolve(loaded, dapr, fetched, set, only)?)
}

impl Session {
    /// For commands that build and deploy.
    pub(super) async fn deploying(args: &Args, what: &What, output: &mut Output) -> Result<Self, Diagnostic> {
        let project = project(args)?;
        let loaded = load(&project, &what.profile)?;
        let (set, only) = (sets(&loaded, &what.set)?, only(&loaded, &what.only)?);
        let given = sources::given(&loaded.profile.secrets, &what.sources, output)?;
        let file = loaded.file.clone();
        // helm fetches charts: what is missing beside it is said as well.
        tools::present(&needs(&loaded.profile), &project, &loaded.name)?;
        let inputs = resolved(loaded, set, only, output).await?;
        Self::open(args, inputs, given, file, |_| true).await
    }

    /// For commands that render some charts, all when none are named, and change nothing.
    pub(super) async fn rendering(
        args: &Args,
        loaded: Loaded,
        only: Option<BTreeSet<String>>,
        output: &mut Output,
    ) -> Result<Self, Diagnostic> {
        let file = loaded.file.clone();
        let inputs = resolved(loaded, BTreeMap::new(), only, output).await?;
        Self::open(args, inputs, Given::default(), file, |need| need.program == "helm").await
    }

    /// For commands that look at or remove what is deployed.
    pub(super) async fn reading(args: &Args, profile: Option<&str>) -> Result<Self, Diagnostic> {
        let project = project(args)?;
        let name = profile_name(&project, profile)?;
        let loaded = load(&project, &name)?;
        let file = loaded.file.clone();
        Self::open(args, Inputs::without_sources(loaded), Given::default(), file, |need| !need.deploys).await
    }

    /// For building images alone: neither helm nor kubectl nor a cluster is needed.
    pub(super) fn building(args: &Args, profile: &str, only: &[String]) -> Result<Self, Diagnostic> {
        let project = project(args)?;
        let loaded = load(&project, profile)?;
        let only = select::only(&loaded, only)?;
        let file = loaded.file.clone();
        Self::unchecked(args, Inputs::of_images(loaded, only)?, Given::default(), file)
    }

    /// The same after a look at the programs that are needed, by the command.
    async fn open(
        args: &Args,
        inputs: Inputs,
        given: Given,
        file: PathBuf,
        wanted: fn(&Need) -> bool,
    ) -> Result<Self, Diagnostic> {
        let mut session = Self::unchecked(args, inputs, given, file)?;
        let mut needs = needs(&session.inputs.profile);
        needs.retain(wanted);
        let runner = session.runner(None, None);
        let root = session.state.parent().unwrap_or(&session.state);
        let place = tools::Place { runner: &runner, state: root, project: &session.inputs.project };
        session.helm_major = tools::check(&place, &needs, &session.inputs.name).await?;
        Ok(session)
    }

    /// Without a look at the programs.
    pub(super) fn unchecked(
        args: &Args,
        inputs: Inputs,
        given: Given,
        profile_file: PathBuf,
    ) -> Result<Self, Diagnostic> {
        let root = folders::state()?;
        let state = root.join(&inputs.name);
        std::fs::create_dir_all(state.join("runs")).map_err(|error| {
            Diagnostic::new(
                Code::MachineFolder,
                format!("cannot create {}: {error}", state.display()),
                "make it writable, or set TODOCTL_STATE",
            )
        })?;
        let secret_variables = given::env_names(&inputs.profile.secrets).map(str::to_owned).collect();
        let provider = Arc::from(provider::of(&inputs.name, &inputs.profile.cluster));
        let images = builder::of(&inputs.profile);
        let run = run_id();
        let inputs = Arc::new(inputs);
        Ok(Self {
            inputs,
            provider,
            images,
            run,
            state,
            helm_major: 0,
            verbose: args.verbose,
            color: args.color,
            given,
            profile_file,
            secret_variables,
            interrupts: OnceLock::new(),
            kubeconfig: OnceLock::new(),
            identity: OnceLock::new(),
        })
    }

    /// What plans are made for.
    pub(super) fn application(&self) -> Application<'_> {
        Application { inputs: &self.inputs, provider: &self.provider, images: &self.images }
    }

    /// A door to processes that see this kubeconfig, alone.
    pub(super) fn runner(&self, access: Option<&Access>, logs: Option<&Path>) -> SharedRunner {
        self.runner_of(access, logs, None)
    }

    /// The same for changes: helm and kubectl inherit a file.
    pub(super) fn runner_of(
        &self,
        access: Option<&Access>,
        logs: Option<&Path>,
        inherited: Option<Arc<File>>,
    ) -> SharedRunner {
        Arc::new(DuctRunner::new(Setup {
            project: self.inputs.project.clone(),
            environment: folders::environment(),
            secret_variables: self.secret_variables.clone(),
            kubeconfig: access.map(|access| access.kubeconfig.clone()),
            logs: logs.map(Path::to_path_buf),
            inherited,
        }))
    }

    /// Major version of helm.
    pub(super) fn helm_major(&self) -> u32 {
        self.helm_major
    }

    /// Whether the cluster runs, and how it is reached.
    pub(super) async fn cluster(&self) -> Result<Cluster, Diagnostic> {
        self.reached(self.found().await?.cluster).await
    }

    /// The same for what deploys: a cluster that is not the one the profile asks for is refused.
    pub(super) async fn fit_cluster(&self) -> Result<Cluster, Diagnostic> {
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
            Found { cluster: Seen::Down(_), unfit: Some(why) } if self.provider.start().is_empty() => {
                Err(why.unchanged())
            }
            found => Ok(found),
        }
    }

    async fn reached(&self, seen: Seen) -> Result<Cluster, Diagnostic> {
        Ok(match seen {
            Seen::Running(reach) => Cluster::Running(self.access(reach).await?),
            Seen::Down(state) => Cluster::Down(state),
        })
    }

    /// A kubeconfig in a private file, whatever it comes from. The first one of a process stays.
    async fn access(&self, reach: Reach) -> Result<Access, Diagnostic> {
        let text = match reach.kubeconfig {
            Kubeconfig::File { path, context } => {
                return Ok(Access { kubeconfig: path, context, node: reach.node });
            }
            Kubeconfig::Text(text) => text,
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
    pub(super) fn server(&self) -> Option<&str> {
        self.kubeconfig.get().map(|private| private.summary.server.as_str())
    }

    /// A world in which nothing is known yet.
    pub(super) fn blank(&self, why: String) -> World {
        let mut world = World::without_cluster(&self.run, why);
        world.helm_major = self.helm_major;
        world.seed = rand::random();
        world.given = self.given.values.clone();
        world
    }

    /// Everything about a running cluster, except manifests. Another cluster than the profile means is refused.
    pub(super) async fn world(&self, access: Access) -> Result<World, Diagnostic> {
        let runner = self.runner(Some(&access), None);
        let blank = self.blank(String::new());
        let world = survey::running(&runner, self.images.store.as_ref(), &self.inputs, access, blank).await?;
        self.same_cluster(&world)?;
        self.learn(&world);
        Ok(world)
    }

    /// Keeps every value that a run in this world could use out of what this process says and saves.
    pub(super) fn learn(&self, world: &World) {
        hygiene::redactor().learn(&steps::values(&self.inputs, world));
    }

    /// The running cluster, or a failure that says it does not run.
    pub(super) async fn running(&self) -> Result<Access, Diagnostic> {
        match self.cluster().await? {
            Cluster::Running(access) => Ok(access),
            Cluster::Down(state) => {
                let message = format!("{} {state}", self.provider.title());
                Err(Diagnostic::new(
                    Code::ClusterDown,
                    message,
                    format!("start it with the deployment: todoctl up {}", self.inputs.name),
                ))
            }
        }
    }

    /// Counts requests to stop, from the first call on: before that they end the process, which has changed nothing.
    pub(super) fn listen(&self) -> Result<watch::Receiver<u32>, Diagnostic> {
        if let Some(interrupts) = self.interrupts.get() {
            return Ok(interrupts.clone());
        }
        let interrupts = signals::listen()?;
        Ok(self.interrupts.get_or_init(|| interrupts).clone())
    }

    /// Remembers the profile for commands that are given none.
    pub(super) fn remember(&self) {
        if let Some(root) = self.state.parent() {
            folders::remember(root, &self.inputs.project, &self.profile_file);
        }
    }
}

/// Sortable, short, and fit for names in the cluster: date, time, four random digits.
fn run_id() -> String {
    let now = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    format!("{now}-{:04x}", rand::random::<u16>())
}
