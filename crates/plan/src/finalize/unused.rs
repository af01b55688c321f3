//! Owns what nothing refers to any more: images and versions of Secrets. Pure.

use std::collections::BTreeSet;

use crate::references;
use crate::world::World;
use crate::world::components::LiveObject;
use crate::world::releases::Revision;
use todoctl_core::labels;
use todoctl_project::inputs::Inputs;

/// Images of the profile's repositories that no kept revision, no Dapr object that can come back and no release of this
/// run uses.
pub(super) fn images(inputs: &Inputs, world: &World) -> Vec<String> {
    let mut tags: BTreeSet<&str> = inputs.tags.values().map(String::as_str).collect();
    let revisions = world.releases.iter().flat_map(|(_, _, revisions)| revisions);
    tags.extend(revisions.flat_map(|revision| {
        let components = revision.label(labels::COMPONENTS).into_iter().flat_map(|tags| tags.split('.'));
        revision.label(labels::IMAGE).into_iter().chain(components)
    }));
    let served = served(world);
    // With --only, the tags of the other images were not computed: say nothing about those. Nor about those that Dapr
    // objects of earlier runs may name, when not all of these are known.
    let known = |repository: &str| {
        let named = |name: &str| inputs.image_repository(name).as_deref() == Some(repository);
        inputs.tags.keys().any(|name| named(name))
            && (served.is_some() || !inputs.container_images().any(named))
    };
    let unused = world.images.iter().flatten().filter(|name| {
        name.rsplit_once(':').is_some_and(|(repository, tag)| known(repository) && !tags.contains(tag))
            && !served.as_ref().is_some_and(|served| served.contains(*name))
    });
    unused.cloned().collect()
}

/// The images of containers that serve Dapr objects, as they are and as a return to an earlier run would bring them;
/// nothing when not every record of a run could be read.
fn served(world: &World) -> Option<BTreeSet<String>> {
    let runs = world.runs.as_ref()?;
    if runs.iter().any(|entry| entry.record.is_err()) {
        return None;
    }
    let then =
        runs.staying().flat_map(|record| &record.set.objects).filter_map(|object| object.image.clone());
    Some(world.components.iter().filter_map(LiveObject::image).chain(then).collect())
}

/// Versions of the profile's Secrets that are not the newest and that nothing can return to any more.
pub(super) fn versions(inputs: &Inputs, world: &World) -> Vec<String> {
    let references = references::of(world);
    let sets = inputs.secret_names();
    let versions = world.secrets.iter().filter(|(set, _)| sets.contains(*set)).flat_map(|(_, versions)| {
        let newest = versions.newest().map(|version| version.name.as_str());
        versions.iter().filter(move |version| Some(version.name.as_str()) != newest)
    });
    versions
        .filter(|version| references.is_unused(&version.name))
        .map(|version| version.name.clone())
        .collect()
}

/// Every version of a Secret that none of these revisions refers to.
pub(super) fn after_removal<'a>(world: &World, stays: impl Iterator<Item = &'a Revision>) -> Vec<String> {
    let used: BTreeSet<&str> = stays
        .flat_map(|revision| [labels::SECRETS, labels::PULL].map(|label| revision.label(label)))
        .flatten()
        .collect();
    let versions = world.secrets.values().flat_map(|versions| versions.iter().map(|version| &version.name));
    versions.filter(|name| !used.contains(name.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::world::releases::Status;
    use crate::world::runs::Runs;

    fn world(labels: &[(&str, &str)]) -> World {
        let mut world = World::without_cluster("run", String::new());
        let labels = labels.iter().map(|(name, tag)| ((*name).to_owned(), (*tag).to_owned())).collect();
        world.releases.insert("todo", "backend", Revision { number: 1, status: Status::Deployed, labels });
        world.runs = Some(Runs::of(Vec::new()).unwrap());
        world.images = Some(
            ["todo/backend:a", "todo/backend:b", "todo/own:c", "todo/own:d", "todo/own:e"]
                .map(str::to_owned)
                .into(),
        );
        world
    }

    #[test]
    fn what_a_revision_names_stays() {
        let mut inputs =
            Arc::unwrap_or_clone(Inputs::of_releases(&json!({"backend": {"chart": "c", "order": 6}})));
        inputs.profile.images =
            serde_json::from_value(json!({"backend": {"repository": "todo/backend", "context": "b"},
                "own": {"repository": "todo/own", "context": "o"}}))
            .unwrap();
        inputs.tags =
            [("backend", "b"), ("own", "e")].map(|(name, tag)| (name.to_owned(), tag.to_owned())).into();
        let unused = |labels: &[(&str, &str)]| images(&inputs, &world(labels));
        assert_eq!(unused(&[]), ["todo/backend:a", "todo/own:c", "todo/own:d"]);
        assert_eq!(unused(&[(labels::COMPONENTS, "c.d")]), ["todo/backend:a"]);
        assert_eq!(unused(&[(labels::IMAGE, "a"), (labels::COMPONENTS, "d")]), ["todo/own:c"]);
    }
}
