//! Owns bringing the charts of repositories to this machine, before anything else reads them.
//! With all of them there, no process starts.

use std::collections::{BTreeMap, BTreeSet};

use tokio::task::JoinSet;

use crate::{folders, host};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::tool::helm;
use todoctl_project::chart::{Cache, ChartError, Fetched};
use todoctl_project::profile::{Chart, Loaded, Profile, RepositoryChart};
use todoctl_project::secret_input;
use todoctl_run::runner::SharedRunner;
use todoctl_run::survey;
use todoctl_screen::output::Output;

/// The charts of repositories of a run's releases, by release.
pub(super) async fn of(
    loaded: &Loaded,
    only: Option<&BTreeSet<String>>,
    output: &mut Output,
) -> Result<BTreeMap<String, Fetched>, Diagnostic> {
    let secret_variables = secret_input::env_names(&loaded.profile.secrets).map(str::to_owned).collect();
    let runner = host::runner(&loaded.project, secret_variables);
    fetch(&runner, &Cache::at(folders::charts()?), &loaded.profile, only, output).await
}

/// The charts of repositories of some releases, by release; all of them when none is named.
async fn fetch(
    runner: &SharedRunner,
    cache: &Cache,
    profile: &Profile,
    only: Option<&BTreeSet<String>>,
    output: &mut Output,
) -> Result<BTreeMap<String, Fetched>, Diagnostic> {
    let (mut fetched, mut missing) = (BTreeMap::new(), BTreeMap::<_, Vec<String>>::new());
    for (name, release) in &profile.releases {
        let Chart::Repository(chart) = &release.chart else { continue };
        if only.is_some_and(|only| !only.contains(name)) {
            continue;
        }
        match cache.find(chart) {
            Some(found) => drop(fetched.insert(name.clone(), found)),
            None => missing.entry(chart.clone()).or_default().push(name.clone()),
        }
    }
    let mut jobs = JoinSet::new();
    for (chart, releases) in missing {
        output.note(&format!("fetching chart {chart}"));
        let (runner, cache) = (SharedRunner::clone(runner), cache.clone());
        jobs.spawn(async move { (pull(&runner, &cache, &chart).await, releases) });
    }
    let mut failures = Vec::new();
    while let Some(done) = jobs.join_next().await {
        let (chart, releases) =
            done.map_err(|error| Diagnostic::bug(format!("fetching a chart: {error}")))?;
        match chart {
            Ok(chart) => fetched.extend(releases.into_iter().map(|name| (name, chart.clone()))),
            Err(error) => failures.push(error),
        }
    }
    failures.sort_by_key(ToString::to_string);
    match failures.as_slice() {
        [] => Ok(fetched),
        [only] => Err(only.into()),
        [first, ..] => {
            let all: Vec<String> = failures.iter().flat_map(lines).collect();
            let message = format!("{} charts cannot be fetched", failures.len());
            Err(Diagnostic::new(Code::ChartFetch, message, first.hint()).because(&all).unchanged())
        }
    }
}

fn lines(error: &ChartError) -> Vec<String> {
    error.to_string().lines().map(str::to_owned).collect()
}

/// Lets helm fetch a chart, and keeps it.
async fn pull(runner: &SharedRunner, cache: &Cache, chart: &RepositoryChart) -> Result<Fetched, ChartError> {
    let part = cache.part(chart)?;
    let invocation = helm::pull(chart, part.path());
    let refused = |complaint| {
        // By hand, into the folder where one stands.
        let command = helm::pull(chart, ".".as_ref()).line();
        ChartError::Fetch { chart: chart.to_string(), complaint, command }
    };
    match survey::call(runner, invocation).await {
        Ok(output) if output.is_success() => cache.keep(chart, part.path()),
        Ok(output) => Err(refused(output.complaint())),
        Err(error) => Err(refused(error.to_string())),
    }
}
