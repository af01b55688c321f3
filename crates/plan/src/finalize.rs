//! Owns the work that ends a run: marking what was verified, recording the run, removing images, Secret versions and
//! records that nothing refers to any more. Pure. A failure of any of it is a warning: the deployment stands.

mod complete;
mod objects;
mod unused;

pub use complete::is_complete;
pub use objects::content;

use crate::bookkeeping::Entry;
use crate::builder::Store;
use crate::plan::{Closing, Mark, Plan, RunCommit};
use crate::run_record::{Changed, Deployed, Ending, FORMAT, ReleaseAt, RunRecord};
use crate::step::{Change, Returns, StepId};
use crate::steps::{self, number_after};
use crate::tool::kubectl::Kubectl;
use crate::world::World;
use crate::world::releases::{ReleaseRef, Releases, Revision, Status, installed};
use crate::world::runs::release_at;
use todoctl_core::{labels, text};
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::Release;

/// Number in the documented order of a release that the profile does not have any more.
const LAST: u8 = 8;
/// What recording is called.
const RECORD: &str = "record the run";

/// What a deployment does when everything is verified.
pub fn of_deployment(inputs: &Inputs, store: &dyn Store, world: &World, plan: &Plan) -> Vec<Closing> {
    let Some(access) = world.cluster.access() else {
        return Vec::new();
    };
    let kubectl = Kubectl::new(access);
    let marks = inputs.releases().filter_map(|(name, release)| {
        let namespace = inputs.namespace(release);
        let history = world.releases.history(namespace, name);
        let newest = history.last();
        let number = if is_changed(plan, name) { number_after(history) } else { newest?.number };
        // What another profile owns, that profile marks.
        let foreign =
            |revision: &Revision| !revision.is_ours() || steps::owner(inputs, namespace, revision).is_some();
        let marked = !is_changed(plan, name)
            && newest.is_some_and(|revision| revision.is_verified() || foreign(revision));
        (!marked).then(|| Mark::new(namespace, name, number, true))
    });
    let mut closing = end(inputs, world, plan, marks.collect(), after_deployment(inputs, world, plan));
    let images = unused::images(inputs, world);
    if let Some(command) = store.remove(&images).filter(|_| !images.is_empty()) {
        let title = format!("remove {}", text::count(images.len(), "unused image"));
        let gone = if store.tells_by_exit_status() { Vec::new() } else { images };
        closing.push(Closing { gone, ..Closing::new(title, vec![command]) });
    }
    let versions = unused::versions(inputs, world);
    if !versions.is_empty() {
        let command = kubectl.delete(&inputs.profile.namespace, "secret", &versions);
        closing.push(Closing::new(
            format!("remove {}", text::count(versions.len(), "unused secret version")),
            vec![command],
        ));
    }
    closing
}

/// What a rollback of one release does when it is verified: the new revision carries the labels of the old one, and
/// they must say which revision they are on now. The labels of a revision that somebody else made describe nothing.
/// `targets` are the releases, each with the revision whose content comes back.
pub fn of_rollback(
    inputs: &Inputs,
    world: &World,
    plan: &Plan,
    targets: &[(ReleaseRef<'_>, u32)],
) -> Vec<Closing> {
    let (mut marks, mut set) = (Vec::new(), present(inputs, world));
    set.retain(|one| !is_removed(plan, &one.name));
    for &(release, from) in targets {
        let ReleaseRef { namespace, name } = release;
        let history = world.releases.history(namespace, name);
        let made = number_after(history);
        let Some(old) = history.iter().find(|one| one.number == from) else { continue };
        if old.is_ours() {
            marks.push(Mark::new(namespace, name, made, true));
        }
        let order = inputs.profile.releases.get(name).map_or(LAST, Release::order);
        set.retain(|one| one.release() != release);
        set.push(ReleaseAt { revision: made, ..release_at(release, order, old) });
    }
    end(inputs, world, plan, marks, set)
}

/// What `down` does when the releases are gone: versions of Secrets that no other release refers to; with `purge` the
/// namespaces in which no release is left, and no record, which would go with them.
pub fn of_removal(inputs: &Inputs, world: &World, plan: &Plan, purge: bool) -> Vec<Closing> {
    let Some(access) = world.cluster.access() else {
        return Vec::new();
    };
    let kubectl = Kubectl::new(access);
    let stays: Vec<(&str, &[Revision])> = world
        .releases
        .iter()
        .filter(|(_, name, _)| !is_removed(plan, name))
        .map(|(namespace, _, history)| (namespace, history))
        .collect();
    if purge {
        let empty = |namespace: &&str| {
            let living = |history: &[Revision]| installed(history).is_some();
            world.live.has_namespace(namespace)
                && !stays.iter().any(|(place, history)| place == namespace && living(history))
        };
        let remove = |name: &str| {
            Closing::new(format!("remove namespace {name}"), vec![kubectl.delete_namespace(name)])
        };
        let mut going: Vec<&str> = inputs.namespaces().into_iter().filter(empty).collect();
        // The application's goes last: the lock is in it.
        going.sort_by_key(|name| *name == inputs.profile.namespace);
        return going.into_iter().map(remove).collect();
    }
    let mut set = present(inputs, world);
    set.retain(|one| !is_removed(plan, &one.name));
    let mut closing = end(inputs, world, plan, Vec::new(), set);
    let versions = unused::after_removal(world, stays.iter().flat_map(|(_, history)| *history));
    if !versions.is_empty() {
        closing.push(Closing::new(
            format!("remove {}", text::count(versions.len(), "secret version")),
            vec![kubectl.delete(&inputs.profile.namespace, "secret", &versions)],
        ));
    }
    closing
}

/// The marks that releases get which an undo brought back. `after` is what helm says once everything is undone.
pub fn of_undo(returned: &[Returns], after: &Releases) -> Vec<Mark> {
    let marks = returned.iter().filter(|one| one.ours).filter_map(|one| {
        let newest = after.newest(&one.namespace, &one.release)?;
        let mark = || Mark::new(&one.namespace, &one.release, newest.number, one.verified);
        (!newest.is_ours()).then(mark)
    });
    marks.collect()
}

/// What ends a run that failed: the marks of what came back, and its record, with what is deployed then.
pub fn of_failure(marks: &[Mark], after: &Releases, record: Option<(&RunCommit, Ending)>) -> Vec<Closing> {
    let Some((commit, ending)) = record else {
        return of_marks(marks);
    };
    let order = |name: &str| {
        let planned = commit.record.set.releases.iter().find(|one| one.name == name);
        planned.map_or(LAST, |one| one.order)
    };
    let deployed = after.iter().filter_map(|(namespace, name, revisions)| {
        let newest = revisions.last().filter(|newest| newest.is_deployed())?;
        let ours = newest.label(labels::PROFILE) == Some(commit.record.profile.as_str());
        let release = ReleaseRef { namespace, name };
        ours.then(|| release_at(release, order(name), &marked(marks, release, newest)))
    });
    let set = Deployed { releases: deployed.collect(), ..Deployed::default() }.with_secrets();
    vec![Closing::keeping(record_title(marks), commit.failed(ending, set, marks))]
}

/// A revision with the marks that it is about to get.
fn marked(marks: &[Mark], release: ReleaseRef<'_>, revision: &Revision) -> Revision {
    let mut marked = revision.clone();
    let is_its = |mark: &&Mark| mark.release() == release && mark.revision == revision.number;
    let labels = marks.iter().find(is_its).map(|mark| &mark.labels).into_iter().flatten();
    marked.labels.extend(labels.map(|(label, value)| ((*label).to_owned(), value.clone())));
    marked
}

/// Marks alone, when nothing is recorded.
fn of_marks(marks: &[Mark]) -> Vec<Closing> {
    if marks.is_empty() {
        return Vec::new();
    }
    vec![Closing::keeping(mark_title(marks), marks.iter().map(Mark::entry).collect())]
}

/// Marking and recording; marking alone when the run changes nothing. Then the records that are too many.
fn end(
    inputs: &Inputs,
    world: &World,
    plan: &Plan,
    marks: Vec<Mark>,
    mut releases: Vec<ReleaseAt>,
) -> Vec<Closing> {
    let changed = changes(plan.steps.iter().map(|one| (&one.step, &one.decision.change)));
    if changed.is_empty() {
        return of_marks(&marks);
    }
    releases.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
    let record = RunRecord {
        format: FORMAT,
        run: world.run.clone(),
        profile: inputs.name.clone(),
        helm: Some(world.helm_major),
        todoctl: env!("CARGO_PKG_VERSION").to_owned(),
        changed,
        set: Deployed {
            releases,
            objects: objects::recorded(&plan.content),
            secrets: objects::secrets(&plan.content),
        }
        .with_secrets(),
        ending: None,
    };
    let namespace = inputs.profile.namespace.clone();
    let title = record_title(&marks);
    let commit = RunCommit { namespace: namespace.clone(), marks, record };
    let mut closing = vec![Closing::committing(title, commit)];
    let surplus = world.runs.as_ref().map(crate::world::runs::Runs::surplus).unwrap_or_default();
    if !surplus.is_empty() {
        let title = format!("remove the {} of the oldest runs", text::count(surplus.len(), "record"));
        let removal = |name| Entry::Removal { namespace: namespace.clone(), name };
        closing.push(Closing::keeping(title, surplus.into_iter().map(removal).collect()));
    }
    closing
}

/// What steps change, as a record says it.
pub fn changes<'a>(steps: impl Iterator<Item = (&'a StepId, &'a Change)>) -> Vec<Changed> {
    let changed = |(step, change): (&StepId, &Change)| {
        let (from, to) = match change {
            Change::None { .. } => return None,
            Change::Create { to } => (None, Some(to)),
            Change::Update { from, to } => (Some(from), Some(to)),
            Change::Remove { from } => (Some(from), None),
        };
        Some(Changed { step: step.to_string(), from: from.cloned(), to: to.cloned() })
    };
    steps.filter_map(changed).collect()
}

/// Every release of the profile once the plan is carried out.
fn after_deployment(inputs: &Inputs, world: &World, plan: &Plan) -> Vec<ReleaseAt> {
    let mut releases = present(inputs, world);
    releases.retain(|one| !is_changed(plan, &one.name) && !is_removed(plan, &one.name));
    for (name, release) in inputs.releases().filter(|(name, _)| is_changed(plan, name)) {
        let namespace = inputs.namespace(release);
        let revision = Revision {
            number: number_after(world.releases.history(namespace, name)),
            status: Status::Deployed,
            labels: steps::release_labels(inputs, name, world)
                .into_iter()
                .map(|(label, value)| (label.to_owned(), value))
                .collect(),
        };
        releases.push(release_at(ReleaseRef { namespace, name }, release.order(), &revision));
    }
    releases
}

/// The releases of the profile that are deployed now.
fn present(inputs: &Inputs, world: &World) -> Vec<ReleaseAt> {
    let ours = world.releases.iter().filter_map(|(namespace, name, revisions)| {
        let newest = revisions.last().filter(|newest| newest.is_deployed())?;
        let spec = inputs.profile.releases.get(name).filter(|spec| inputs.namespace(spec) == namespace);
        let owned = newest.label(labels::PROFILE) == Some(inputs.name.as_str());
        let order = spec.map(Release::order);
        (spec.is_some() || owned)
            .then(|| release_at(ReleaseRef { namespace, name }, order.unwrap_or(LAST), newest))
    });
    ours.collect()
}

fn is_changed(plan: &Plan, name: &str) -> bool {
    plan.steps.iter().any(|step| step.step.is_release(name) && !step.decision.change.is_none())
}

fn is_removed(plan: &Plan, name: &str) -> bool {
    let removal = |change: &Change| matches!(change, Change::Remove { .. });
    plan.steps.iter().any(|step| step.step.is_release(name) && removal(&step.decision.change))
}

/// Marking, when there is something to mark, and recording.
fn record_title(marks: &[Mark]) -> String {
    if marks.is_empty() { RECORD.to_owned() } else { format!("{} and {RECORD}", mark_title(marks)) }
}

fn mark_title(marks: &[Mark]) -> String {
    let names: Vec<&str> = marks.iter().map(|mark| mark.release.as_str()).collect();
    format!("mark {} as verified", names.join(", "))
}
