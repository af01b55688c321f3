//! Owns the question whether there is room: what to ask of which nodes, for `up` and for `budget`.

use todoctl_advice::capacity::{self, Had, ReleaseDemand};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_plan::resources::{Demand, Nodes, Running};
use todoctl_plan::world::World;
use todoctl_project::inputs::Inputs;

/// Refuses a deployment whose new pods would find no node. Says nothing while the nodes are not known.
pub(super) fn check(inputs: &Inputs, world: &World) -> Result<(), Diagnostic> {
    let Some(nodes) = world.nodes.as_ref().filter(|nodes| !nodes.is_empty()) else {
        return Ok(());
    };
    let demands = world.manifests.iter().map(|(name, manifests)| (name.as_str(), manifests.demand.clone()));
    let asked = asked(inputs, demands);
    let verdict = capacity::judge(&asked, &had(inputs, world, nodes, &asked, &[]));
    match verdict.refusal(&inputs.name) {
        None => Ok(()),
        Some(refusal) => Err(refusal.unchanged()),
    }
}

/// What releases ask for, in the documented order.
pub(super) fn asked<'a>(
    inputs: &Inputs,
    demands: impl Iterator<Item = (&'a str, Demand)>,
) -> Vec<ReleaseDemand> {
    let mut asked: Vec<ReleaseDemand> = demands
        .map(|(name, demand)| {
            let optional = inputs.profile.releases[name].optional;
            ReleaseDemand { release: name.to_owned(), optional, demand }
        })
        .collect();
    asked.sort_by_key(|one| (inputs.profile.releases[&one.release].order(), one.release.clone()));
    asked
}

/// What is left on the nodes for releases, when their own pods, and those of the releases that leave, are not counted.
pub(super) fn had(
    inputs: &Inputs,
    world: &World,
    nodes: &Nodes,
    asked: &[ReleaseDemand],
    leave: &[String],
) -> Had {
    let live = asked.iter().map(|one| one.release.as_str()).chain(leave.iter().map(String::as_str));
    let mut selectors: Vec<_> = live
        .flat_map(|name| {
            let release = inputs.profile.releases.get(name);
            let namespace = release.map_or(inputs.profile.namespace.as_str(), |one| inputs.namespace(one));
            world.live.release_selectors(name, namespace)
        })
        .collect();
    let wanted = asked.iter().flat_map(|one| &one.demand.workloads);
    selectors.extend(wanted.map(|one| (one.namespace.clone(), one.selector.clone())));
    let goes = |pod: &Running| selectors.iter().any(|(namespace, labels)| pod.is_of(namespace, labels));
    Had::of(&inputs.profile, nodes.rooms(goes))
}
