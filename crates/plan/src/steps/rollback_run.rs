//! `todoctl rollback --run`: the whole set returns to an earlier deployment. Says which releases must change for that;
//! what already has the content of then is not touched.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::run_record::{ReleaseAt, RunRecord};
use crate::step::{Step, StepId};
use crate::steps::content::is_drifted;
use crate::steps::prune::PruneStep;
use crate::steps::release_context::{ReleaseContext, owner};
use crate::steps::rollback::RollbackStep;
use crate::steps::{release_id, restore_component, verify};
use crate::world::World;
use crate::world::components::LiveObject;
use crate::world::releases::{ReleaseRef, installed};
use crate::world::runs::{is_content_of, revision_of};
use todoctl_core::labels;
use todoctl_project::inputs::Inputs;

/// Number in the documented order of the Dapr objects.
const OBJECTS: u8 = 5;

/// What must change to return to a deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Goal {
    /// Releases that return, each with the revision that has the content of then.
    pub back: Vec<(ReleaseAt, u32)>,
    /// Releases that were not there then: namespace and name.
    pub away: Vec<(String, String)>,
    /// Whether a Dapr object differs from then, or is there and was not.
    pub objects: bool,
}

/// Compares a recorded deployment with what is there now. Revisions that are gone were looked for before
/// (`world::runs::missing`).
pub fn goal(inputs: &Inputs, world: &World, record: &RunRecord) -> Goal {
    let history = |release: &ReleaseAt| world.releases.history(&release.namespace, &release.name);
    let same = |release: &ReleaseAt| {
        history(release).last().is_some_and(|newest| {
            newest.is_deployed()
                && is_content_of(release, newest)
                && !is_drifted(newest, &release.name, &release.namespace, world)
        })
    };
    // What another profile took over since is that profile's.
    let foreign = |release: &ReleaseAt| {
        history(release).last().is_some_and(|newest| owner(inputs, &release.namespace, newest).is_some())
    };
    let releases = record.set.releases.iter();
    let back = releases.filter(|release| !same(release) && !foreign(release));
    let back =
        back.filter_map(|release| Some((release.clone(), revision_of(release, history(release))?.number)));
    let then: BTreeSet<(&str, &str)> =
        record.set.releases.iter().map(|one| (one.namespace.as_str(), one.name.as_str())).collect();
    let away = world.releases.iter().filter(|(namespace, name, revisions)| {
        !then.contains(&(*namespace, *name))
            && installed(revisions)
                .is_some_and(|one| one.label(labels::PROFILE) == Some(inputs.name.as_str()))
    });
    Goal {
        back: back.collect(),
        away: away.map(|(namespace, name, _)| (namespace.to_owned(), name.to_owned())).collect(),
        objects: !objects_are(record, world),
    }
}

impl Goal {
    /// Whether everything is as it was then.
    pub fn is_reached(&self) -> bool {
        self.back.is_empty() && self.away.is_empty() && !self.objects
    }

    /// Namespace, release and revision of everything that returns.
    pub fn targets(&self) -> Vec<(ReleaseRef<'_>, u32)> {
        self.back.iter().map(|(release, revision)| (release.release(), *revision)).collect()
    }

    /// The steps, ordered like a deployment: what was not there then goes last, and the profile's checks end it.
    /// `objects` are the Dapr objects of then, as whole manifests.
    pub fn steps(
        &self,
        inputs: &Arc<Inputs>,
        world: &World,
        record: &RunRecord,
        objects: &[Value],
    ) -> Vec<Box<dyn Step>> {
        let mut steps = restore_component::steps(inputs, world, objects);
        // Those that go away come after the releases.
        let read: Vec<StepId> =
            steps.iter().filter(|step| step.order() == OBJECTS).map(|step| step.id()).collect();
        for (release, revision) in &self.back {
            let subject = ReleaseContext::found(inputs, &release.namespace, &release.name, None);
            let needs = subject.spec().map(|spec| spec.needs.clone()).unwrap_or_default();
            let earlier = self.back.iter().filter(|(other, _)| other.order < release.order);
            let needs = needs.iter().map(String::as_str).chain(earlier.map(|(other, _)| other.name.as_str()));
            let mut needs: BTreeSet<StepId> = needs.map(release_id).collect();
            // A sidecar must find the objects of then when it starts, and those of now when that is undone.
            let first = if release.order > OBJECTS { read.clone() } else { Vec::new() };
            needs.extend(first.iter().cloned());
            let step =
                RollbackStep::part(subject, *revision, needs.into_iter().collect()).undone_after(first);
            steps.push(Box::new(step));
        }
        let back: Vec<StepId> = self.back.iter().map(|(release, _)| release_id(&release.name)).collect();
        for (namespace, name) in &self.away {
            steps.push(Box::new(PruneStep::not_then(inputs, namespace, name, back.clone())));
        }
        let changed: Vec<StepId> = steps.iter().map(|step| step.id()).collect();
        steps.push(Box::new(verify::VerifyStep::of_set(&of_then(inputs, record), &changed)));
        steps.sort_by_key(|step| step.order());
        steps
    }
}

/// Whether the Dapr objects of the profile are those of then.
pub fn objects_are(record: &RunRecord, world: &World) -> bool {
    let now = world.components.of_profile(&record.profile);
    let same = |one: &LiveObject| {
        record.set.objects.iter().any(|then| {
            (then.kind.as_str(), then.name.as_str(), Some(then.digest.as_str()))
                == (one.kind.name(), one.name.as_str(), one.digest())
        })
    };
    world.components.of_profile(&record.profile).all(same) && now.count() == record.set.objects.len()
}

/// The inputs with the releases of then: a check of one that was not there is left out, and what one expects of it.
fn of_then(inputs: &Inputs, record: &RunRecord) -> Arc<Inputs> {
    let mut then = inputs.clone();
    let there = |name: &str| record.set.releases.iter().any(|release| release.name == name);
    then.only.retain(|name| there(name));
    then.profile.checks.retain_mut(|check| {
        check.expect.retain(|expected| there(&expected.release));
        there(&check.release)
    });
    Arc::new(then)
}
