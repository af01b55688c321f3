//! Owns what every command starts with: the project, the profile, its inputs, the programs that are needed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::args::{Args, What};
use crate::select::{self, only, sets};
use crate::{charts, folders, host, sources, tools};
use todoctl_advice::doctor::tools::{Need, needs};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_project::dapr;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::{self, Loaded, ProfileError, Variables};
use todoctl_project::secret_input::Given;
use todoctl_run::environment::Environment;
use todoctl_screen::output::Output;

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

/// For commands that build and deploy.
pub(super) async fn deploying(
    args: &Args,
    what: &What,
    output: &mut Output,
) -> Result<Environment, Diagnostic> {
    let project = project(args)?;
    let loaded = load(&project, &what.profile)?;
    let (set, only) = (sets(&loaded, &what.set)?, only(&loaded, &what.only)?);
    let given = sources::given(&loaded.profile.secrets, &what.sources, output)?;
    // helm fetches charts: what is missing beside it is said as well.
    tools::present(&needs(&loaded.profile), &project, &loaded.name)?;
    let inputs = resolved(loaded, set, only, output).await?;
    open(inputs, given, |_| true).await
}

/// For commands that render some charts, all when none are named, and change nothing.
pub(super) async fn rendering(
    loaded: Loaded,
    only: Option<BTreeSet<String>>,
    output: &mut Output,
) -> Result<Environment, Diagnostic> {
    let inputs = resolved(loaded, BTreeMap::new(), only, output).await?;
    open(inputs, Given::default(), |need| need.program == "helm").await
}

/// For commands that only look at what is deployed. The cluster itself is asked, so helm and kubectl may be absent; a
/// provider that calls one of them says so.
pub(super) async fn looking(args: &Args, profile: Option<&str>) -> Result<Environment, Diagnostic> {
    deployed(args, profile, |need| !need.deploys && !["helm", "kubectl"].contains(&need.program.as_str()))
        .await
}

/// For commands that change or remove what is deployed, or name the commands that would.
pub(super) async fn reading(args: &Args, profile: Option<&str>) -> Result<Environment, Diagnostic> {
    deployed(args, profile, |need| !need.deploys).await
}

/// What is deployed, without what it was made from.
async fn deployed(
    args: &Args,
    profile: Option<&str>,
    wanted: fn(&Need) -> bool,
) -> Result<Environment, Diagnostic> {
    let loaded = named(args, profile)?;
    open(Inputs::without_sources(loaded), Given::default(), wanted).await
}

/// The same with the Dapr objects of the profile, which refer to secrets.
pub(super) async fn reading_objects(args: &Args, profile: Option<&str>) -> Result<Environment, Diagnostic> {
    let loaded = named(args, profile)?;
    let dapr = dapr::load(&loaded)?;
    let inputs = Inputs { dapr, ..Inputs::without_sources(loaded) };
    open(inputs, Given::default(), |need| !need.deploys).await
}

/// The profile of this name, or the one that this project was last brought up with.
fn named(args: &Args, profile: Option<&str>) -> Result<Loaded, Diagnostic> {
    let project = project(args)?;
    let name = profile_name(&project, profile)?;
    Ok(load(&project, &name)?)
}

/// For building images alone: neither helm nor kubectl nor a cluster is needed.
pub(super) fn building(args: &Args, profile: &str, only: &[String]) -> Result<Environment, Diagnostic> {
    let project = project(args)?;
    let loaded = load(&project, profile)?;
    let only = select::only(&loaded, only)?;
    unchecked(Inputs::of_images(loaded, only)?, Given::default())
}

/// The same after a look at the programs that are needed, by the command.
async fn open(inputs: Inputs, given: Given, wanted: fn(&Need) -> bool) -> Result<Environment, Diagnostic> {
    let mut environment = unchecked(inputs, given)?;
    let mut needs = needs(&environment.inputs.profile);
    needs.retain(wanted);
    let runner = environment.runner(None, None);
    let root = environment.state.parent().unwrap_or(&environment.state);
    let place = tools::Place { runner: &runner, state: root, project: &environment.inputs.project };
    environment.helm_major = tools::check(&place, &needs, &environment.inputs.name).await?;
    Ok(environment)
}

/// Without a look at the programs.
pub(super) fn unchecked(inputs: Inputs, given: Given) -> Result<Environment, Diagnostic> {
    Environment::open(host::this()?, inputs, given)
}

/// Remembers the profile for commands that are given none.
pub(super) fn remember(environment: &Environment) {
    if let Some(root) = environment.state.parent() {
        folders::remember(root, &environment.inputs.project, &environment.inputs.file);
    }
}
