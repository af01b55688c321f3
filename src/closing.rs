//! Owns the work after a verified deployment: marking what was verified, removing images and Secret versions that
//! nothing refers to any more. Pure. A failure of any of it is a warning: the deployment stands.

use std::collections::BTreeSet;

use serde_json::json;

use crate::inputs::Inputs;
use crate::labels;
use crate::plan::{Closing, Plan};
use crate::provider::Provider;
use crate::step::Returns;
use crate::steps::number_after;
use crate::text;
use crate::tool::kubectl::{Kubectl, release_labels};
use crate::world::releases::Releases;
use crate::world::{Access, World};

/// What a deployment does when everything is verified.
pub fn of_deployment(inputs: &Inputs, provider: &dyn Provider, world: &World, plan: &Plan) -> Vec<Closing> {
    let Some(access) = world.cluster.access() else {
        return Vec::new();
    };
    let kubectl = Kubectl::new(access);
    let changed = |name: &str| {
        plan.steps.iter().any(|step| step.step.is_release(name) && !step.decision.change.is_none())
    };
    let marks = inputs.releases().filter_map(|(name, release)| {
        let namespace = inputs.namespace(release);
        let history = world.releases.history(namespace, name);
        let newest = history.last();
        let number = if changed(name) { number_after(history) } else { newest?.number };
        let marked =
            !changed(name) && newest.is_some_and(|revision| revision.is_verified() || !revision.is_ours());
        (!marked).then(|| verified(namespace, name, number))
    });
    let marks: Vec<Mark> = marks.collect();
    let mut closing = Vec::new();
    if !marks.is_empty() {
        closing.push(mark(&kubectl, &marks));
    }
    let images = unused_images(inputs, world);
    if !images.is_empty() {
        closing.push(Closing {
            title: format!("remove {}", text::count(images.len(), "unused image")),
            commands: vec![provider.remove_images(&images)],
        });
    }
    let versions = unused_versions(inputs, world);
    if !versions.is_empty() {
        let command = kubectl.delete(&inputs.profile.namespace, "secret", &versions);
        closing.push(Closing {
            title: format!("remove {}", text::count(versions.len(), "unused secret version")),
            commands: vec![command],
        });
    }
    closing
}

/// What a rollback of one release does when it is verified: the new revision carries the labels of the old one, and
/// they must say which revision they are on now. The labels of a revision that somebody else made describe nothing.
pub fn of_rollback(world: &World, namespace: &str, release: &str, revision: u32) -> Vec<Closing> {
    let history = world.releases.history(namespace, release);
    let ours = history.iter().any(|one| one.number == revision && one.is_ours());
    match world.cluster.access() {
        Some(access) if ours => {
            vec![mark(&Kubectl::new(access), &[verified(namespace, release, number_after(history))])]
        }
        _ => Vec::new(),
    }
}

/// The marks that releases get which an undo brought back. `after` is what helm says once everything is undone.
pub fn of_undo(access: &Access, returned: &[Returns], after: &Releases) -> Vec<Closing> {
    let marks = returned.iter().filter(|one| one.ours).filter_map(|one| {
        let newest = after.newest(&one.namespace, &one.release)?;
        let number = newest.number.to_string();
        let mut labels = json!({labels::REVISION: number});
        if one.verified {
            labels[labels::VERIFIED] = json!(number);
        }
        (!newest.is_ours()).then(|| (one.namespace.clone(), one.release.clone(), newest.number, labels))
    });
    let marks: Vec<Mark> = marks.collect();
    if marks.is_empty() { Vec::new() } else { vec![mark(&Kubectl::new(access), &marks)] }
}

type Mark = (String, String, u32, serde_json::Value);

fn verified(namespace: &str, release: &str, number: u32) -> Mark {
    let text = number.to_string();
    (
        namespace.to_owned(),
        release.to_owned(),
        number,
        json!({labels::REVISION: text, labels::VERIFIED: text}),
    )
}

fn mark(kubectl: &Kubectl, marks: &[Mark]) -> Closing {
    let names: Vec<&str> = marks.iter().map(|(_, release, _, _)| release.as_str()).collect();
    Closing {
        title: format!("mark {} as verified", names.join(", ")),
        commands: vec![kubectl.apply(&release_labels(marks))],
    }
}

/// Images of the profile's repositories that no kept revision and no release of this run uses.
fn unused_images(inputs: &Inputs, world: &World) -> Vec<String> {
    let mut tags: BTreeSet<&str> = inputs.tags.values().map(String::as_str).collect();
    let revisions = world.releases.iter().flat_map(|(_, _, revisions)| revisions);
    tags.extend(revisions.filter_map(|revision| revision.label(labels::IMAGE)));
    // With --only, the tags of the other images were not computed: say nothing about those.
    let known = |repository: &str| {
        inputs.tags.keys().any(|name| inputs.profile.images[name].repository == repository)
    };
    let unused = world.images.iter().filter(|name| {
        name.rsplit_once(':').is_some_and(|(repository, tag)| known(repository) && !tags.contains(tag))
    });
    unused.cloned().collect()
}

/// Versions of the profile's Secrets that are not the newest and that no kept revision refers to.
fn unused_versions(inputs: &Inputs, world: &World) -> Vec<String> {
    let revisions = world.releases.iter().flat_map(|(_, _, revisions)| revisions);
    let used: BTreeSet<&str> = revisions.filter_map(|revision| revision.label(labels::SECRETS)).collect();
    let sets = inputs.secret_names();
    let versions = world.secrets.iter().filter(|(set, _)| sets.contains(*set)).flat_map(|(_, versions)| {
        let newest = versions.newest().map(|version| version.name.as_str());
        versions.iter().filter(move |version| Some(version.name.as_str()) != newest)
    });
    versions
        .filter(|version| !used.contains(version.name.as_str()))
        .map(|version| version.name.clone())
        .collect()
}
