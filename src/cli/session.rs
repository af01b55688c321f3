//! Owns what every command starts with: the project, the profile, its inputs, the folders, the tools, the world.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::cli::args::{Args, Run, What};
use crate::cli::failure::Failure;
use crate::cli::{folders, signals, tools};
use crate::emitter::Emitter;
use crate::engine::{Engine, Names};
use crate::event::{Outcome, Sink};
use crate::exit::Exit;
use crate::given::{self, EnvFile, Given};
use crate::inputs::Inputs;
use crate::journal::Journal;
use crate::output::Output;
use crate::plan::Plan;
use crate::profile::{self, Loaded};
use crate::provider::{self, Provider};
use crate::record::{DiskRecord, Found, Record};
use crate::render::{Screen, Stage, renderer};
use crate::report;
use crate::runner::{DuctRunner, Setup, SharedRunner};
use crate::survey;
use crate::world::{Access, Cluster, World};

/// What a command works with.
pub(super) struct Session {
    pub(super) inputs: Arc<Inputs>,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) run: String,
    /// Folder of the profile's runs.
    state: PathBuf,
    helm_major: u32,
    verbose: bool,
    color: crate::output::Color,
    given: Given,
    profile_file: PathBuf,
    secret_variables: Vec<String>,
    record: Arc<DiskRecord>,
}

/// Finds the project: the folder that holds `profiles/`.
pub(super) fn project(args: &Args) -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::preflight(
            format!("the working folder is gone: {error}"),
            "cd to the project",
        )
    })?;
    if let Some(given) = &args.project {
        let path = here.join(given);
        return path
            .canonicalize()
            .ok()
            .filter(|path| path.join("profiles").is_dir())
            .ok_or_else(|| {
                Failure::preflight(
                    format!("{} is not a project: it has no profiles/", path.display()),
                    "give the folder that holds profiles/",
                )
            });
    }
    profile::find_project(&here).ok_or_else(|| {
        Failure::preflight(
            format!("no profiles/ in {} or above", here.display()),
            "cd to the project, or give --project DIR",
        )
    })
}

impl Session {
    /// For commands that build and deploy.
    pub(super) async fn deploying(args: &Args, what: &What) -> Result<Self, Failure> {
        let project = project(args)?;
        let loaded = profile::load(&project, &what.profile)?;
        let (set, only) = (sets(&loaded, &what.set)?, only(&loaded, &what.only)?);
        let file = what.env_file.as_deref().map(env_file).transpose()?;
        let given = given::collect(&loaded.profile.secrets, file.as_ref(), folders::variable)
            .map_err(|error| Failure::preflight(error.to_string(), error.hint()))?;
        let file = loaded.file.clone();
        let inputs = Inputs::resolve(loaded, set, only)?;
        Self::open(args, inputs, given, file).await
    }

    /// For commands that look at or remove what is deployed.
    pub(super) async fn reading(args: &Args, profile: Option<&str>) -> Result<Self, Failure> {
        let project = project(args)?;
        let name = match profile {
            Some(name) => name.to_owned(),
            None => folders::recall(&folders::state()?, &project).ok_or_else(|| {
                Failure::usage(
                    "which profile? this project was not brought up from here yet",
                    "give --profile NAME",
                )
            })?,
        };
        let loaded = profile::load(&project, &name)?;
        let file = loaded.file.clone();
        Self::open(
            args,
            Inputs::without_sources(loaded),
            Given::default(),
            file,
        )
        .await
    }

    async fn open(
        args: &Args,
        inputs: Inputs,
        given: Given,
        profile_file: PathBuf,
    ) -> Result<Self, Failure> {
        let root = folders::state()?;
        let state = root.join(&inputs.name);
        std::fs::create_dir_all(state.join("runs")).map_err(|error| {
            Failure::preflight(
                format!("cannot create {}: {error}", state.display()),
                "make it writable, or set TODOCTL_STATE",
            )
        })?;
        let secret_variables = given::env_names(&inputs.profile.secrets)
            .map(str::to_owned)
            .collect();
        let provider = Arc::from(provider::of(&inputs.profile.cluster));
        let record = Arc::new(DiskRecord::new(&state));
        let run = run_id();
        let inputs = Arc::new(inputs);
        let mut session = Self {
            inputs,
            provider,
            run,
            state,
            helm_major: 0,
            verbose: args.verbose,
            color: args.color,
            given,
            profile_file,
            secret_variables,
            record,
        };
        session.helm_major = tools::check(&session.runner(None, None), &root).await?;
        Ok(session)
    }

    /// A door to processes that see this kubeconfig, alone.
    pub(super) fn runner(&self, access: Option<&Access>, logs: Option<&Path>) -> SharedRunner {
        Arc::new(DuctRunner::new(Setup {
            project: self.inputs.project.clone(),
            environment: folders::environment(),
            secret_variables: self.secret_variables.clone(),
            kubeconfig: access.map(|access| access.kubeconfig.clone()),
            logs: logs.map(Path::to_path_buf),
        }))
    }

    /// Whether the cluster runs, and how it is reached.
    pub(super) async fn cluster(&self) -> Result<Cluster, Failure> {
        Ok(survey::cluster(&self.runner(None, None), self.provider.as_ref()).await?)
    }

    /// A world in which nothing is known yet.
    pub(super) fn blank(&self, why: String) -> World {
        let mut world = World::without_cluster(&self.run, why);
        world.helm_major = self.helm_major;
        world.seed = rand::random();
        world.given = self.given.values.clone();
        world
    }

    /// Everything about a running cluster, except manifests.
    pub(super) async fn world(&self, access: Access) -> Result<World, Failure> {
        let runner = self.runner(Some(&access), None);
        let blank = self.blank(String::new());
        Ok(survey::running(&runner, self.provider.as_ref(), &self.inputs, access, blank).await?)
    }

    /// The running cluster, or a failure that says it does not run.
    pub(super) async fn running(&self) -> Result<Access, Failure> {
        match self.cluster().await? {
            Cluster::Running(access) => Ok(access),
            Cluster::Down(state) => {
                let message = format!("{} {state}", self.provider.title());
                Err(Failure::preflight(
                    message,
                    format!(
                        "start it with the deployment: todoctl up {}",
                        self.inputs.name
                    ),
                ))
            }
        }
    }

    /// Holds the environment. A run that died here is undone first.
    pub(super) async fn take(
        &self,
        run: &Run,
        access: Option<&Access>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let record = Arc::clone(&self.record);
        let found = tokio::task::spawn_blocking(move || record.take())
            .await
            .map_err(|error| Failure::bug(error.to_string()))?;
        let state_hint = "look at todoctl's state folder";
        match found.map_err(|message| Failure::new(Exit::Locked, message, state_hint))? {
            Found::Free => Ok(()),
            Found::Held(open) => {
                let message = format!(
                    "{} of {} has held profile {} since {} (run {})",
                    open.command, open.holder, self.inputs.name, open.since, open.run
                );
                Err(Failure::new(Exit::Locked, message, "wait until it is done"))
            }
            Found::Abandoned(open) => {
                output.note(&format!(
                    "run {} ({}) was cut off; undoing it first",
                    open.run, open.holder
                ));
                let Some(access) = access else {
                    return Err(Failure::preflight(
                        format!("run {} was cut off and the cluster does not run", open.run),
                        format!("todoctl up {}", self.inputs.name),
                    ));
                };
                let world = self.world(access.clone()).await?;
                let (engine, screen) = self.engine(run, "recover", Some(access), true, 4)?;
                let outcome = engine.recover(&open, world.live).await;
                screen.finish();
                match report::exit(&outcome) {
                    Exit::RolledBack => Ok(()),
                    exit => Err(Failure::new(
                        exit,
                        format!("run {} could not be undone", open.run),
                        "finish the commands above, then run this again",
                    )),
                }
            }
        }
    }

    /// Carries out a plan and shows it.
    pub(super) async fn carry_out(
        &self,
        plan: &Plan,
        world: World,
        (run, command): (&Run, &str),
        (rollback, jobs): (bool, usize),
    ) -> Result<Outcome, Failure> {
        let access = world.cluster.access().cloned();
        let (engine, screen) = self.engine(run, command, access.as_ref(), rollback, jobs)?;
        let outcome = engine.run(plan, world.live).await;
        screen.finish();
        Ok(outcome)
    }

    /// Remembers the profile for commands that are given none.
    pub(super) fn remember(&self) {
        if let Some(root) = self.state.parent() {
            folders::remember(root, &self.inputs.project, &self.profile_file);
        }
    }

    fn engine(
        &self,
        run: &Run,
        command: &str,
        access: Option<&Access>,
        rollback: bool,
        jobs: usize,
    ) -> Result<(Engine, Screen), Failure> {
        // Starting the cluster and recovering are runs of their own before the one that was asked for.
        let id = match command {
            "start" | "recover" => format!("{}-{command}", self.run),
            _ => self.run.clone(),
        };
        let folder = self.state.join("runs").join(&id);
        let broken = |error: std::io::Error| {
            Failure::preflight(
                format!(
                    "cannot write in {}: {error}; nothing was changed",
                    folder.display()
                ),
                "make it writable, or set TODOCTL_STATE",
            )
        };
        let journal = Journal::create(&folder).map_err(broken)?;
        let output = Output::standard(self.color, &folders::terminal());
        let look = output.note_look;
        let (result, note) = output.into_writers();
        let rerun = Some(folders::command_line());
        let screen = Screen::start(renderer(
            run.progress(),
            Stage {
                result,
                note,
                look,
                verbose: self.verbose,
                rerun,
            },
        ));
        let sinks: Vec<Box<dyn Sink>> = vec![Box::new(journal), Box::new(screen.sink())];
        let interrupts: watch::Receiver<u32> = signals::listen()?;
        let url = access.and_then(|access| {
            Some(
                self.inputs
                    .profile
                    .url
                    .as_ref()?
                    .replace("{node}", &access.node),
            )
        });
        let engine = Engine {
            runner: self.runner(access, Some(&folder)),
            events: Emitter::new(sinks),
            record: Arc::clone(&self.record) as Arc<dyn Record>,
            access: access.cloned(),
            namespaces: self
                .inputs
                .namespaces()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            jobs,
            rollback,
            interrupts,
            names: Names {
                run: id,
                command: command.to_owned(),
                profile: self.inputs.name.clone(),
                holder: folders::holder(),
                folder,
                url,
            },
        };
        Ok((engine, screen))
    }
}

/// Sortable, short, and fit for names in the cluster: date, time, four random digits.
fn run_id() -> String {
    let now = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    format!("{now}-{:04x}", rand::random::<u16>())
}

fn env_file(path: &Path) -> Result<EnvFile, Failure> {
    let hint = "give a file of KEY=VALUE lines";
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::preflight(format!("cannot read {}: {error}", path.display()), hint)
    })?;
    EnvFile::parse(path, &text).map_err(|error| Failure::preflight(error.to_string(), error.hint()))
}

fn unknown(loaded: &Loaded, name: &str, flag: &str) -> Failure {
    let known: Vec<&str> = loaded.profile.releases.keys().map(String::as_str).collect();
    Failure::usage(
        format!("{flag}: profile {} has no release {name}", loaded.name),
        format!("its releases: {}", known.join(", ")),
    )
}

fn only(loaded: &Loaded, names: &[String]) -> Result<Option<BTreeSet<String>>, Failure> {
    if let Some(name) = names
        .iter()
        .find(|name| !loaded.profile.releases.contains_key(*name))
    {
        return Err(unknown(loaded, name, "--only"));
    }
    Ok((!names.is_empty()).then(|| names.iter().cloned().collect()))
}

/// `release.key=value` by release. A chart's `secrets` are refused: values in argv can be read by every user.
fn sets(loaded: &Loaded, arguments: &[String]) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut sets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for argument in arguments {
        // The argument is not repeated: it may hold a secret.
        let form = || {
            Failure::usage(
                "--set wants RELEASE.KEY=VALUE",
                "for example: --set backend.replicaCount=3",
            )
        };
        let (path, _) = argument.split_once('=').ok_or_else(form)?;
        let (release, key) = path.split_once('.').ok_or_else(form)?;
        if !loaded.profile.releases.contains_key(release) {
            return Err(unknown(loaded, release, "--set"));
        }
        let rest = &argument[release.len() + 1..];
        if rest
            .split(',')
            .any(|part| part.trim_start().starts_with("secrets"))
            || key.starts_with("secrets")
        {
            return Err(Failure::usage(
                format!(
                    "--set {release}.secrets: a secret in an argument can be read by every user of this machine"
                ),
                "declare it under secrets: in the profile and give it by --env-file or the environment",
            ));
        }
        sets.entry(release.to_owned())
            .or_default()
            .push(rest.to_owned());
    }
    Ok(sets)
}
