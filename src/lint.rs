//! `todoctl lint`: mistakes in the files of the project. Exit status 4 when there is one. `todoctl_advice::lint` judges; here is
//! what has to be asked of git and helm.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::args::{Args, Form, Lint};
use crate::tools::{Place, look};
use crate::{charts, folders, host, open};
use todoctl_advice::doctor::tools::{ToolState, of_every};
use todoctl_advice::lint::workflows::Known;
use todoctl_advice::lint::{self, LintReport};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::exit::Exit;
use todoctl_plan::steps;
use todoctl_plan::tool::git;
use todoctl_plan::tool::helm::Helm;
use todoctl_plan::world::World;
use todoctl_project::dapr::{self, Dapr};
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::{self, Chart, Loaded, Variables};
use todoctl_run::runner::SharedRunner;
use todoctl_run::survey;
use todoctl_screen::output::Output;
use todoctl_screen::render::findings;

/// Most bytes of a file that is looked through for secrets.
const LARGEST: u64 = 1024 * 1024;

/// Looks at the files.
pub(super) async fn lint(args: &Args, command: &Lint, output: &mut Output) -> Result<Exit, Diagnostic> {
    let project = open::project(args)?;
    let runner = host::runner(&project, Vec::new());
    let mut report = LintReport::default();
    let names = command.profile.clone().map_or_else(|| profile::profile_names(&project), |name| vec![name]);
    let loaded = read(&project, &names, &mut report)?;
    let files = files(&runner, &mut report).await;
    of_charts(&runner, &project, &loaded, &mut report, output).await?;
    if command.profile.is_none() {
        let used = loaded.iter().filter_map(|(loaded, _)| loaded.profile.dapr.as_ref());
        let used = used.flat_map(|dapr| dapr.components.iter().cloned()).collect();
        report.faults.extend(lint::profiles::unused(&files, &used));
        of_workflows(&project, &names, &loaded, &files, &mut report);
    }
    of_secrets(&project, &files, &mut report);
    let report = report.tidy();
    match command.output {
        Form::Text => output.result(&findings::faults(&report, output.result_look)),
        Form::Json => output.result(&findings::faults_json(&report).to_string()),
    }
    Ok(if report.faults.is_empty() { Exit::Done } else { Exit::Found })
}

/// The profiles that can be read, with their Dapr objects.
fn read(
    project: &Path,
    names: &[String],
    report: &mut LintReport,
) -> Result<Vec<(Loaded, Dapr)>, Diagnostic> {
    let mut all = Vec::new();
    for name in names {
        let loaded = match profile::load(project, name, Variables::AsWritten) {
            Ok(loaded) => loaded,
            // A profile that does not exist is a wrong argument, not a mistake in a file.
            Err(error) if error.problems().iter().all(|one| one.file.as_os_str() == "profiles") => {
                return Err(error.into());
            }
            Err(error) => {
                lint::profiles::problems("profile", &error, report);
                continue;
            }
        };
        match dapr::load(&loaded) {
            Ok(dapr) => {
                report.faults.extend(lint::profiles::scopes(&loaded, &dapr));
                all.push((loaded, dapr));
            }
            Err(error) => {
                lint::profiles::problems("component", &error, report);
                all.push((loaded, Dapr::default()));
            }
        }
    }
    Ok(all)
}

/// The files of the project that git knows, or would.
async fn files(runner: &SharedRunner, report: &mut LintReport) -> BTreeSet<PathBuf> {
    match survey::call(runner, git::files()).await {
        Ok(output) if output.is_success() => git::parse_files(&output.stdout).into_iter().collect(),
        Ok(output) => {
            report.not_checked.push(format!("committed secrets, workflows: {}", output.complaint()));
            BTreeSet::new()
        }
        Err(cause) => {
            report.not_checked.push(format!("committed secrets, workflows: {cause}; {}", cause.hint()));
            BTreeSet::new()
        }
    }
}

/// helm's lint and this project's demands.
async fn of_charts(
    runner: &SharedRunner,
    project: &Path,
    profiles: &[(Loaded, Dapr)],
    report: &mut LintReport,
    output: &mut Output,
) -> Result<(), Diagnostic> {
    let releases = || profiles.iter().flat_map(|(loaded, _)| loaded.profile.releases.values());
    let used: BTreeSet<PathBuf> = releases().flat_map(|release| release.values.iter().cloned()).collect();
    let folders: BTreeSet<&PathBuf> = releases()
        .filter(|release| release.image.is_some())
        .filter_map(|release| match &release.chart {
            Chart::Folder(folder) => Some(folder),
            Chart::Repository(_) => None,
        })
        .collect();
    for folder in folders {
        report.faults.extend(lint::charts::folder(project, folder, &used));
    }
    let state = folders::state()?;
    let place = Place { runner, state: &state, project };
    let needs = &of_every(&[])[..1];
    let Some(ToolState::Found(_, version)) = look(&place, needs, |_, _| true).await.into_iter().next() else {
        report.not_checked.push("what charts render to: helm is not on the PATH".to_owned());
        return Ok(());
    };
    for (loaded, dapr) in profiles {
        of_profile(runner, (loaded, dapr), version.0, report, output).await;
    }
    Ok(())
}

/// What the charts of one profile render to.
async fn of_profile(
    runner: &SharedRunner,
    (loaded, dapr): (&Loaded, &Dapr),
    helm_major: u32,
    report: &mut LintReport,
    output: &mut Output,
) {
    // Charts of repositories are somebody else's; those of this project are in folders.
    let ours =
        |release: &profile::Release| release.image.is_some() && matches!(release.chart, Chart::Folder(_));
    let releases = loaded.profile.releases.iter().filter(|(_, release)| ours(release));
    let only: BTreeSet<String> = releases.map(|(name, _)| name.clone()).collect();
    let fetched = match charts::of(loaded, Some(&only), output).await {
        Ok(fetched) => fetched,
        Err(failure) => return report.not_checked.push(failure.what),
    };
    let inputs = match Inputs::resolve(loaded.clone(), dapr.clone(), fetched, BTreeMap::new(), Some(only)) {
        Ok(inputs) => inputs,
        Err(error) => return report.not_checked.push(format!("charts of profile {}: {error}", loaded.name)),
    };
    let mut world = World::without_cluster("lint", String::new());
    world.helm_major = helm_major;
    let mut rendered = survey::rendered(runner, &inputs, &world).await;
    for (name, _) in inputs.releases() {
        let chart = inputs.chart(name);
        let call = Helm::lint(&steps::upgrade(&inputs, name, &world));
        match survey::call(runner, call).await {
            Ok(said) => report.faults.extend(lint::charts::helm(&chart, &said.text())),
            Err(cause) => report.not_checked.push(format!("helm lint {}: {cause}", chart.display())),
        }
        // One that does not render was told by helm's lint.
        if let Some(Ok(objects)) = rendered.remove(name) {
            report.faults.extend(lint::charts::objects(&chart, name, &objects));
        }
    }
}

/// What pipelines name.
fn of_workflows(
    project: &Path,
    names: &[String],
    profiles: &[(Loaded, Dapr)],
    files: &BTreeSet<PathBuf>,
    report: &mut LintReport,
) {
    let text = |file: &PathBuf| std::fs::read_to_string(project.join(file)).unwrap_or_default();
    let is_document = |file: &&PathBuf| {
        file.extension().is_some_and(|ending| ending == "md")
            || (file.starts_with("profiles") && file.extension().is_some_and(|ending| ending == "yaml"))
    };
    let releases = |name: &String| {
        let (loaded, _) = profiles.iter().find(|(loaded, _)| loaded.name == *name)?;
        Some(loaded.profile.releases.keys().cloned().collect())
    };
    let known = Known {
        profiles: names.iter().map(|name| (name.clone(), releases(name))).collect(),
        documents: files.iter().filter(is_document).map(text).collect(),
        files: files.clone(),
    };
    let workflows = files.iter().filter(|file| file.starts_with(".github/workflows"));
    for file in workflows {
        report.faults.extend(lint::workflows::find(file, &text(file), &known));
    }
}

/// What must not be committed.
fn of_secrets(project: &Path, files: &BTreeSet<PathBuf>, report: &mut LintReport) {
    for file in files {
        let path = project.join(file);
        // A link is looked at where it leads, if that is committed.
        let Ok(about) = std::fs::symlink_metadata(&path) else { continue };
        if !about.is_file() {
            continue;
        }
        if about.len() > LARGEST {
            report
                .not_checked
                .push(format!("{}: larger than 1 MiB, not searched for secrets", file.display()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        let text = std::str::from_utf8(&bytes).ok();
        report.faults.extend(lint::leaks::find(file, text));
    }
}
