//! `todoctl history [RELEASE]`: the runs that are on record, or the revisions of one release. Only reads.

mod table;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::table::Row;
use crate::args::{Args, Form, History};
use crate::open;
use crate::select::unknown;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::exit::Exit;
use todoctl_core::labels;
use todoctl_plan::run_record::{Ended, RunRecord};
use todoctl_plan::steps::objects_are;
use todoctl_plan::world::releases::{ReleaseRef, Revision};
use todoctl_plan::world::runs::{Entry, Runs, is_content_of, missing};
use todoctl_plan::world::{Access, World};
use todoctl_run::environment::Environment;
use todoctl_run::survey;
use todoctl_screen::output::Output;

/// Version of the JSON forms.
const FORMAT: u32 = 1;

/// Shows.
pub(super) async fn history(args: &Args, command: &History, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::reading(args, command.reading.profile.as_deref()).await?;
    let access = environment.running().await?;
    let world = environment.observe_with_runs(access.clone()).await?;
    let runs = world.runs.clone().unwrap_or_default();
    match &command.release {
        Some(release) => of_release(&environment, &world, &runs, &access, release, command, output).await,
        None => of_runs(&environment, &world, &runs, &access, command, output).await,
    }
}

async fn of_runs(
    environment: &Environment,
    world: &World,
    runs: &Runs,
    access: &Access,
    command: &History,
    output: &mut Output,
) -> Result<Exit, Diagnostic> {
    let contents = contents(environment, access, runs).await?;
    let ours = runs
        .iter()
        .filter(|entry| entry.record.as_ref().map_or(true, |one| one.profile == environment.inputs.name));
    let entries: Vec<(&Entry, Return)> =
        ours.map(|entry| (entry, Return::of(entry, world, &contents))).collect();
    if matches!(command.reading.output, Form::Json) {
        let shown: Vec<Value> = entries.iter().map(|(entry, back)| run_json(entry, back)).collect();
        output.result(
            &json!({"format": FORMAT, "profile": environment.inputs.name, "runs": shown}).to_string(),
        );
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        output.note(&format!("No run of profile {} is on record.", environment.inputs.name));
        return Ok(Exit::Done);
    }
    let now = Timestamp::now();
    let rows: Vec<Row> = entries.iter().map(|(entry, back)| Row::of(entry, back, now)).collect();
    output.result(&table::runs(&rows));
    Ok(Exit::Done)
}

/// Names of the runs whose Dapr objects are kept; asked only when some run has any.
pub(super) async fn contents(
    environment: &Environment,
    access: &Access,
    runs: &Runs,
) -> Result<BTreeSet<String>, Diagnostic> {
    if runs.readable().all(|record| record.set.objects.is_empty()) {
        return Ok(BTreeSet::new());
    }
    let cluster = environment.connection(access).await?;
    Ok(survey::run_contents(&cluster, &environment.inputs.profile.namespace).await?)
}

/// Whether a run can be returned to.
pub(super) struct Return {
    /// Whether it is what is deployed now.
    pub(super) now: bool,
    /// Why it cannot; empty when it can.
    pub(super) missing: Vec<String>,
}

impl Return {
    fn of(entry: &Entry, world: &World, contents: &BTreeSet<String>) -> Self {
        let Ok(record) = &entry.record else {
            return Self { now: false, missing: Vec::new() };
        };
        if !record.is_deployment() {
            return Self { now: false, missing: Vec::new() };
        }
        Self { now: is_now(record, world), missing: gone(record, world, contents) }
    }
}

/// What of a recorded deployment does not exist any more.
pub(super) fn gone(record: &RunRecord, world: &World, contents: &BTreeSet<String>) -> Vec<String> {
    let versions = world.secrets.values().flat_map(|versions| versions.iter().map(|one| one.name.as_str()));
    let contents = contents.iter().map(String::as_str).collect();
    missing(record, &world.releases, &versions.collect(), &contents)
}

/// Whether every release of a recorded deployment has that content now, and no other release is there.
pub(super) fn is_now(record: &RunRecord, world: &World) -> bool {
    let deployed = |revision: &&Revision| revision.is_deployed();
    let here = world.releases.iter().filter(|(_, _, history)| {
        let newest = history.last().filter(deployed);
        newest.is_some_and(|newest| newest.label(labels::PROFILE) == Some(record.profile.as_str()))
    });
    here.count() == record.set.releases.len()
        && objects_are(record, world)
        && record.set.releases.iter().all(|release| {
            let newest = world.releases.newest(&release.namespace, &release.name).filter(deployed);
            newest.is_some_and(|newest| is_content_of(release, newest))
        })
}

fn run_json(entry: &Entry, back: &Return) -> Value {
    match &entry.record {
        Ok(record) => {
            let mut shown = json!(record);
            shown["now"] = json!(back.now);
            shown["returnable"] = json!(record.is_deployment() && back.missing.is_empty());
            shown["missing"] = json!(back.missing);
            shown
        }
        Err(why) => json!({"run": entry.run, "unreadable": why}),
    }
}

async fn of_release(
    environment: &Environment,
    world: &World,
    runs: &Runs,
    access: &Access,
    name: &str,
    command: &History,
    output: &mut Output,
) -> Result<Exit, Diagnostic> {
    let profile = &environment.inputs.profile;
    let place = profile.releases.get(name).map(|spec| environment.inputs.namespace(spec));
    // A release that left the profile still has its history.
    let left = world.releases.iter().find(|(_, one, _)| *one == name).map(|(namespace, _, _)| namespace);
    let namespace = place.or(left).ok_or_else(|| unknown(profile, &environment.inputs.name, name, ""))?;
    let runner = environment.runner(Some(access), None);
    let told = match world.releases.history(namespace, name) {
        [] => Vec::new(),
        _ => survey::history(&runner, access, environment.helm_major, ReleaseRef { namespace, name }).await?,
    };
    let revisions: Vec<Value> = world
        .releases
        .history(namespace, name)
        .iter()
        .rev()
        .map(|revision| {
            let told = told.iter().find(|one| one.revision == revision.number);
            let by_helm =
                told.and_then(|one| one.description.strip_prefix("todoctl run ").map(str::to_owned));
            let run = by_helm.or_else(|| recorded(runs, name, namespace, revision.number));
            let label = |name: &str| revision.label(name).filter(|_| revision.is_ours());
            json!({"revision": revision.number, "status": revision.status, "verified": revision.is_verified(),
                "image": label(labels::IMAGE), "secret": label(labels::SECRETS), "run": run,
                "chart": label(labels::CHART), "updated": told.map(|one| &one.updated),
                "description": told.map(|one| &one.description)})
        })
        .collect();
    if matches!(command.reading.output, Form::Json) {
        let shown = json!({"format": FORMAT, "profile": environment.inputs.name, "release": name,
            "namespace": namespace, "revisions": revisions});
        output.result(&shown.to_string());
    } else if revisions.is_empty() {
        output.note(&format!("Release {name} was never deployed."));
    } else {
        output.result(&table::revisions(&revisions));
    }
    Ok(Exit::Done)
}

/// The run that made a revision, by its record: helm's own words name only those that `up` made.
fn recorded(runs: &Runs, name: &str, namespace: &str, revision: u32) -> Option<String> {
    let step = format!("release/{name}");
    let made = |record: &&RunRecord| {
        record.changed.iter().any(|one| one.step == step)
            && record.set.releases.iter().any(|one| {
                (one.name.as_str(), one.namespace.as_str(), one.revision) == (name, namespace, revision)
            })
    };
    runs.readable().find(made).map(|record| record.run.clone())
}

/// How a run ended, for people.
pub(super) fn outcome_text(ended: Ended) -> &'static str {
    match ended {
        Ended::Deployed => "done",
        Ended::RolledBack => "rolled back",
        Ended::Failed => "failed",
        Ended::Stuck => "stuck",
        Ended::Kept => "kept",
    }
}
