//! Owns what a release is made from and whether it is that already: its values, its digest, its health.
//! The questions that a release's own step, the verification and the survey must answer alike.

use serde_json::{Map, Value, json};

use crate::health;
use crate::step::Verdict;
use crate::steps::release_context::owner;
use crate::steps::{component, history::number_after, secret};
use crate::tool::helm::{NO_LABEL, Upgrade};
use crate::world::World;
use crate::world::manifest::fingerprint;
use crate::world::releases::{ReleaseRef, Revision, installed};
use todoctl_core::labels;
use todoctl_core::workload::Workload;
use todoctl_project::digest;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::names::LABEL_LENGTH;

/// Annotation of pods with a sidecar: another value makes them start anew.
const SCOPE: &str = "todoctl.dev/dapr";
/// The chart value that names the Secret.
const SECRET_VALUE: &str = "existingSecret";
/// The chart value that lists what images are pulled with.
const PULL_VALUE: &str = "imagePullSecrets";

/// What `helm upgrade` is called with for a release.
pub fn upgrade(inputs: &Inputs, name: &str, world: &World) -> Upgrade {
    let spec = &inputs.profile.releases[name];
    let namespace = inputs.namespace(spec).to_owned();
    let newest = world.releases.newest(&namespace, name);
    Upgrade {
        release: name.to_owned(),
        uninstalled: newest.is_some_and(|newest| !newest.is_present()),
        namespace,
        chart: inputs.chart(name),
        values: spec.values.clone(),
        overlay: overlay(inputs, name, world),
        set: inputs.set.get(name).cloned().unwrap_or_default(),
        skip_crds: inputs.installs_dapr(name) && world.components.known,
    }
}

/// The values that todoctl adds: the profile's, the image it built, the version of the Secret, the sidecar.
fn overlay(inputs: &Inputs, name: &str, world: &World) -> Value {
    let spec = &inputs.profile.releases[name];
    let mut values = spec.set.clone();
    if let Some(image) = &spec.image {
        let entry = values.entry("image").or_insert_with(|| Value::Object(Map::new()));
        if let (Value::Object(entry), Some(tag)) = (entry, inputs.tags.get(image)) {
            entry.insert("repository".to_owned(), json!(inputs.image_repository(image)));
            entry.insert("tag".to_owned(), json!(tag));
        }
    }
    if let Some(set) = inputs.profile.pull_set(spec) {
        // Those that the profile names itself stay.
        let entry = values.entry(PULL_VALUE).or_insert_with(|| json!([]));
        if let Value::Array(names) = entry {
            names.push(json!({"name": secret::wanted(inputs, set, world).version}));
        }
    }
    if let Some(set) = &spec.secret {
        values.insert(SECRET_VALUE.to_owned(), json!(secret::wanted(inputs, set, world).version));
    }
    if spec.sidecar {
        let containers: Vec<(&str, Value)> = inputs
            .dapr
            .containers(name)
            .into_iter()
            .map(|one| (one.name.as_str(), one.spec(&component::image_of(inputs, &one.image))))
            .collect();
        sidecar(&mut values, name, &component::scope_digest(inputs, name, world), &containers);
    }
    Value::Object(values)
}

/// Adds what gives pods a sidecar with the release's name as app id, the containers that come with it, and what tells
/// which. A chart that does not know those leaves them to Dapr's injector.
fn sidecar(values: &mut Map<String, Value>, name: &str, digest: &str, containers: &[(&str, Value)]) {
    let mut put = |place: &str, entries: &[(&str, Value)]| {
        let map = values.entry(place).or_insert_with(|| Value::Object(Map::new()));
        for (key, value) in entries {
            if let Value::Object(map) = map {
                map.insert((*key).to_owned(), value.clone());
            }
        }
    };
    put("dapr", &[("enabled", json!(true)), ("appId", json!(name))]);
    put("podAnnotations", &[(SCOPE, json!(digest))]);
    if !containers.is_empty() {
        let (names, specs): (Vec<&str>, Vec<Value>) = containers.iter().cloned().unzip();
        put("dapr", &[("components", Value::Array(specs))]);
        put("podAnnotations", &[(labels::CONTAINERS, json!(names.join(",")))]);
    }
}

/// Digest of everything a release is made from, except the versions of its Secrets: those are random and have labels of
/// their own.
pub(super) fn digest_of(inputs: &Inputs, name: &str, upgrade: &Upgrade) -> String {
    let mut overlay = upgrade.overlay.clone();
    let spec = &inputs.profile.releases[name];
    if let Some(values) = overlay.as_object_mut() {
        if spec.secret.is_some() {
            values.remove(SECRET_VALUE);
        }
        if let (Some(_), Some(Value::Array(names))) =
            (inputs.profile.pull_set(spec), values.get_mut(PULL_VALUE))
        {
            names.pop();
        }
    }
    let overlay = overlay.to_string();
    let set = upgrade.set.join("\0");
    let chart = inputs.charts.get(name).map(String::as_str).unwrap_or_default();
    digest::combine(&[("chart", chart.as_bytes()), ("overlay", overlay.as_bytes()), ("set", set.as_bytes())])
}

/// The labels of the revision that an upgrade would make.
pub fn release_labels(inputs: &Inputs, name: &str, world: &World) -> Vec<(&'static str, String)> {
    let wanted = world.manifests.get(name).and_then(|manifests| manifests.wanted.as_ref()?.as_ref().ok());
    labels_of(inputs, name, world, wanted.map(Vec::as_slice).unwrap_or_default())
}

/// The same, with what its manifest asks for.
pub(super) fn labels_of(
    inputs: &Inputs,
    name: &str,
    world: &World,
    wanted: &[Workload],
) -> Vec<(&'static str, String)> {
    let spec = &inputs.profile.releases[name];
    let history = world.releases.history(inputs.namespace(spec), name);
    let mut labels = vec![
        (labels::DIGEST, digest_of(inputs, name, &upgrade(inputs, name, world))),
        (labels::REVISION, number_after(history).to_string()),
        (labels::LIVE, fingerprint(wanted)),
        (labels::PROFILE, inputs.name.clone()),
    ];
    if let Some(version) = inputs.versions.get(name) {
        labels.push((labels::CHART, version.clone()));
    }
    if let Some(tag) = spec.image.as_ref().and_then(|image| inputs.tags.get(image)) {
        labels.push((labels::IMAGE, tag.clone()));
    }
    labels.extend(component_tags(inputs, name).map(|tags| (labels::COMPONENTS, tags)));
    if let Some(set) = &spec.secret {
        labels.push((labels::SECRETS, secret::wanted(inputs, set, world).version));
    }
    if let Some(set) = inputs.profile.pull_set(spec) {
        labels.push((labels::PULL, secret::wanted(inputs, set, world).version));
    }
    // helm copies the labels of the revision before, so what is no longer so must be taken away.
    let before = installed(history);
    let is_left = |name: &&str| before.is_some_and(|before| before.label(name).is_some());
    let left =
        OPTIONAL.into_iter().filter(is_left).filter(|name| !labels.iter().any(|(given, _)| given == name));
    let left: Vec<_> = left.map(|name| (name, NO_LABEL.to_owned())).collect();
    labels.extend(left);
    labels
}

/// Labels that not every revision has.
const OPTIONAL: [&str; 5] = [labels::CHART, labels::IMAGE, labels::COMPONENTS, labels::SECRETS, labels::PULL];

/// The tags of the images that serve components in a release's pods, as many as a label holds.
fn component_tags(inputs: &Inputs, name: &str) -> Option<String> {
    let containers =
        if inputs.profile.releases[name].sidecar { inputs.dapr.containers(name) } else { Vec::new() };
    let tags = containers.into_iter().filter_map(|container| inputs.tags.get(&container.image));
    tags.cloned().reduce(|all, tag| if all.len() + tag.len() < LABEL_LENGTH { all + "." + &tag } else { all })
}

/// Whether a release has the wanted inputs and nothing that is live differs from them; one of another profile is what
/// that profile wants. Health is another question.
pub fn is_current(inputs: &Inputs, name: &str, world: &World) -> bool {
    let namespace = inputs.namespace(&inputs.profile.releases[name]);
    let Some(newest) = world.releases.newest(namespace, name) else {
        return false;
    };
    if owner(inputs, namespace, newest).is_some() {
        return newest.is_deployed();
    }
    let spec = &inputs.profile.releases[name];
    let version = |set: Option<&str>| set.map(|set| secret::wanted(inputs, set, world).version);
    let (secrets, pull) = (version(spec.secret.as_deref()), version(inputs.profile.pull_set(spec)));
    // A Dapr without its CRDs is to be repaired, whatever helm says of it.
    let whole = !inputs.installs_dapr(name) || world.components.known;
    whole
        && newest.is_deployed()
        && !is_drifted(newest, name, namespace, world)
        && newest.label(labels::SECRETS) == secrets.as_deref()
        && newest.label(labels::PULL) == pull.as_deref()
        && newest.label(labels::DIGEST) == Some(&digest_of(inputs, name, &upgrade(inputs, name, world)))
}

/// Whether a release needs neither a change nor a check nor a mark.
pub(super) fn is_settled(inputs: &Inputs, name: &str, world: &World) -> bool {
    let namespace = inputs.namespace(&inputs.profile.releases[name]);
    is_current(inputs, name, world)
        && world.releases.newest(namespace, name).is_some_and(Revision::is_verified)
        && health::of_release(name, namespace, &world.live) == Verdict::Ready
}

/// Whether somebody else changed a release since todoctl made its newest revision, or made that revision.
pub fn is_drifted(newest: &Revision, name: &str, namespace: &str, world: &World) -> bool {
    let live = world.live.release_workloads(name, namespace);
    !newest.is_ours() || newest.label(labels::LIVE) != Some(&fingerprint(&live))
}

/// The workloads of a revision's manifest, when what is live tells them: it is the newest, and what is live is what its
/// manifest was recorded to ask for. Else helm must be asked.
pub fn live_workloads_of(
    ReleaseRef { namespace, name }: ReleaseRef<'_>,
    revision: u32,
    world: &World,
) -> Option<Vec<Workload>> {
    let newest = world.releases.newest(namespace, name).filter(|newest| newest.number == revision)?;
    (!is_drifted(newest, name, namespace, world)).then(|| world.live.release_workloads(name, namespace))
}

/// Whether a release is doomed as it is now.
pub fn is_broken(name: &str, namespace: &str, world: &World) -> bool {
    matches!(health::of_release(name, namespace, &world.live), Verdict::Broken { .. })
}
