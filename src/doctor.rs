//! `todoctl doctor`: looks at everything that `up` needs, side by side. Exit status 4 when something is in the way.
//! `todoctl_advice::doctor` judges what is seen.

mod cluster;
mod machine;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::args::{Args, Doctor, Form};
use crate::tools::{Place, absent, look};
use crate::{charts, folders, host, open, sources};
use todoctl_advice::doctor::tools::{Need, judge, needs, of_every};
use todoctl_advice::doctor::{Area, Finding, refusal};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::exit::Exit;
use todoctl_project::dapr;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::{self, Loaded, ProfileError, Variables};
use todoctl_project::secret_input::Given;
use todoctl_run::environment::Environment;
use todoctl_screen::output::Output;
use todoctl_screen::render::findings;

/// How long fetching charts may take.
const FETCH: Duration = Duration::from_mins(1);

/// Looks.
pub(super) async fn doctor(args: &Args, command: &Doctor, output: &mut Output) -> Result<Exit, Diagnostic> {
    let mut found = Vec::new();
    let project = open::project(args);
    let name = match &project {
        Ok(project) => chosen(project, command.profile.as_deref(), &mut found),
        Err(failure) if command.profile.is_some() || args.project.is_some() => {
            let fix = failure.fix.clone();
            found.push(Finding::failed(Area::Profile, "project", failure.what.clone(), fix));
            None
        }
        Err(failure) => {
            found.push(Finding::not_checked(Area::Profile, "project", failure.what.clone()));
            None
        }
    };
    match (&project, name) {
        (Ok(project), Some(name)) => {
            of_profile(command, (project, &name), &mut found, output).await?;
        }
        (Ok(project), None) => found.extend(of_machine(&every_need(project), project).await),
        (Err(_), _) => found.extend(of_machine(&of_every(&[]), Path::new("/")).await),
    }
    found.sort_by_key(|one| one.area);
    match command.output {
        Form::Text => output.result(&findings::text(&found, output.result_look)),
        Form::Json => output.result(&findings::json(command.profile.as_deref(), &found).to_string()),
    }
    Ok(if found.iter().any(Finding::is_failed) { Exit::Found } else { Exit::Done })
}

/// Refuses to start a cluster that could not run here, in the words that `doctor` has for it.
pub(super) async fn may_start(environment: &Environment) -> Result<(), Diagnostic> {
    let found = cluster::before_start(environment).await;
    if found.is_empty() { Ok(()) } else { Err(refusal(&found, &environment.inputs.name)) }
}

/// The profile that is looked at: the given one, else the one that the project was last brought up with.
fn chosen(project: &Path, given: Option<&str>, found: &mut Vec<Finding>) -> Option<String> {
    if let Some(name) = given {
        return Some(name.to_owned());
    }
    let last = folders::state().ok().and_then(|state| folders::recall(&state, project));
    if last.is_none() {
        let why = "none was given, and none was brought up from here yet: only this machine is looked at, \
                   for every profile. todoctl doctor PROFILE looks at its cluster too";
        found.push(Finding::not_checked(Area::Profile, "profile", why));
    }
    last
}

/// Everything about one profile.
async fn of_profile(
    command: &Doctor,
    (project, name): (&Path, &str),
    found: &mut Vec<Finding>,
    output: &mut Output,
) -> Result<(), Diagnostic> {
    let loaded = match open::load(project, name) {
        Ok(loaded) => loaded,
        Err(error) => {
            found.extend(problems(&error));
            found.extend(of_machine(&of_every(&[]), project).await);
            return Ok(());
        }
    };
    found.push(Finding::ok(Area::Profile, loaded.name.clone(), loaded.file.display().to_string()));
    let given = match sources::given(&loaded.profile.secrets, &command.sources, output) {
        Ok(given) => given,
        Err(failure) => {
            let fix = failure.fix;
            let lines = failure.what.lines();
            found.extend(lines.map(|line| Finding::failed(Area::Secrets, "given values", line, fix.clone())));
            Given::default()
        }
    };
    let needs = needs(&loaded.profile);
    let missing = absent(&needs, project);
    let inputs = inputs(loaded, &missing, found, output).await;
    let environment = open::unchecked(inputs, given)?;
    found.extend(machine::state_folder(&environment.state));
    let (tools, cluster) =
        tokio::join!(of_machine(&needs, project), cluster::look_at(&environment, &missing));
    found.extend(tools);
    found.extend(cluster);
    Ok(())
}

/// The programs that the project's profiles need. One that cannot be read is a matter of `todoctl lint`.
fn every_need(project: &Path) -> Vec<Need> {
    let all = profile::profile_names(project);
    let loaded: Vec<Loaded> =
        all.iter().filter_map(|name| profile::load(project, name, Variables::AsWritten).ok()).collect();
    of_every(&loaded)
}

/// What the disk says, and the charts of repositories; what is wrong with them is found, and the rest is looked at
/// without them.
async fn inputs(loaded: Loaded, missing: &[String], found: &mut Vec<Finding>, output: &mut Output) -> Inputs {
    let dapr = match dapr::load(&loaded) {
        Ok(dapr) => dapr,
        Err(error) => {
            found.extend(problems(&error));
            dapr::Dapr::default()
        }
    };
    let fetched = match tokio::time::timeout(FETCH, charts::of(&loaded, None, output)).await {
        Ok(Ok(fetched)) => fetched,
        Ok(Err(_)) if missing.iter().any(|program| program == "helm") => {
            found.push(Finding::not_checked(Area::Profile, "charts", "helm is not there to fetch them"));
            return Inputs::without_sources(loaded);
        }
        Ok(Err(failure)) => {
            found.push(refused("charts", failure));
            return Inputs::without_sources(loaded);
        }
        Err(_) => {
            let evidence = format!("were not fetched within {FETCH:?}");
            let fix = "look at the network: helm pull uses HTTPS_PROXY";
            found.push(Finding::failed(Area::Profile, "charts", evidence, fix));
            return Inputs::without_sources(loaded);
        }
    };
    match Inputs::resolve(loaded.clone(), dapr, fetched, BTreeMap::new(), None) {
        Ok(inputs) => inputs,
        Err(error) => {
            found.push(Finding::failed(Area::Profile, "files", error.to_string(), error.hint()));
            Inputs::without_sources(loaded)
        }
    }
}

fn refused(what: &str, failure: Diagnostic) -> Finding {
    let told: Vec<String> = std::iter::once(failure.what).chain(failure.evidence).collect();
    Finding::failed(Area::Profile, what, told.join("; "), failure.fix)
}

fn problems(error: &ProfileError) -> Vec<Finding> {
    let line = |problem: &profile::Problem| {
        let told = problem.to_string();
        let (place, what) = told.split_once(": ").unwrap_or((&told, ""));
        Finding::failed(Area::Profile, place, what, error.hint().trim_start_matches("Nothing was changed. "))
    };
    error.problems().iter().map(line).collect()
}

/// Programs on this machine.
async fn of_machine(needs: &[Need], project: &Path) -> Vec<Finding> {
    let runner = host::runner(project, Vec::new());
    let state = folders::state().unwrap_or_else(|_| PathBuf::from("/"));
    let place = Place { runner: &runner, state: &state, project };
    let seen = look(&place, needs, |_, _| true).await;
    needs.iter().zip(&seen).map(|(need, seen)| judge(need, seen)).collect()
}
