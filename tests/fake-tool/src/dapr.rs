//! Owns Dapr as Kubernetes shows it: CRDs that take a while, objects of their kinds, an injector that may be away.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Answer;
use crate::state::{ReplicaSet, State};

/// The group of Dapr's kinds.
const GROUP: &str = "dapr.io";

/// What there is of Dapr.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dapr {
    /// Names of the CRDs that exist.
    pub crds: BTreeSet<String>,
    /// Those of them that somebody else than helm wrote to.
    pub patched: BTreeSet<String>,
    /// Questions about CRDs that are still answered too early: 3 is "does not exist", 2 "not established", 1 "not served".
    pub crds_lag: u32,
    /// Objects, as Kubernetes stores them.
    pub objects: Vec<Value>,
    /// Pods that are sent to the injector before it answers.
    pub injector_lag: u32,
    /// What happens to new pods that ask for a sidecar.
    pub sidecars: Sidecars,
}

/// What happens to new pods that ask for a sidecar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sidecars {
    /// They get one.
    #[default]
    Injected,
    /// They get none; those that replace them do.
    MissingOnce,
    /// They get none.
    Missing,
    /// They get one, and none of the containers that serve components.
    Alone,
}

/// What pods say of the containers that serve components.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Containers {
    /// Whether the injector shall add them.
    pub asked: bool,
    /// Those that todoctl wants to see, separated by commas.
    pub wanted: String,
    /// Those that the chart places itself, before the sidecar: only where its value `extraEnv.PLACES` says so.
    pub placed: Vec<Value>,
}

impl Containers {
    /// As the values of a release say it.
    pub fn read(values: &Value) -> Self {
        let wanted =
            values.pointer("/podAnnotations/todoctl.dev~1component-containers").and_then(Value::as_str);
        let components = values.pointer("/dapr/components").and_then(Value::as_array);
        let knows = values.pointer("/extraEnv/PLACES").is_some();
        let placed = components.filter(|_| knows).cloned().unwrap_or_default();
        let asked = values.pointer("/dapr/annotations/inject-pluggable-components") == Some(&json!(true));
        Self { asked: asked && placed.is_empty(), placed, wanted: wanted.unwrap_or_default().to_owned() }
    }

    /// The annotations of a pod with a sidecar.
    pub fn annotations(&self, release: &str) -> Value {
        let mut all = json!({"dapr.io/enabled": "true", "dapr.io/app-id": release});
        if self.asked {
            all["dapr.io/inject-pluggable-components"] = json!("true");
        }
        if !self.wanted.is_empty() {
            all["todoctl.dev/component-containers"] = json!(self.wanted);
        }
        all
    }
}

/// What the injector adds to a pod of a replica set.
pub fn injected(state: &State, release: &str, set: &ReplicaSet) -> Vec<Value> {
    if !has_sidecar(set) {
        return Vec::new();
    }
    let mut all = vec![json!({"name": "daprd", "image": "daprd:1.18.1"})];
    if set.containers.asked && set.sidecar != Some(Sidecars::Alone) {
        let in_scope = |one: &&Value| {
            one["scopes"].as_array().is_none_or(|scopes| scopes.iter().any(|scope| *scope == *release))
        };
        let containers = state.dapr.objects.iter().filter(in_scope).filter_map(|one| {
            let text = one.pointer("/metadata/annotations/dapr.io~1component-container")?.as_str()?;
            serde_json::from_str::<Value>(text).ok()
        });
        all.extend(containers);
    }
    all
}

/// Whether pods of a replica set have a sidecar: what they met, and how often they were replaced.
pub fn has_sidecar(set: &ReplicaSet) -> bool {
    match set.sidecar {
        None | Some(Sidecars::Missing) => false,
        Some(Sidecars::Injected | Sidecars::Alone) => true,
        Some(Sidecars::MissingOnce) => set.replaced > 0,
    }
}

/// The CRDs of a chart, when helm installs it: those that exist are left as they are.
pub fn install_crds(state: &mut State, chart: &str) {
    let _ = apply_folder(state, &format!("{chart}/crds"));
}

/// `kubectl apply -f FOLDER`.
pub fn apply_folder(state: &mut State, folder: &str) -> Answer {
    let Ok(entries) = std::fs::read_dir(Path::new(folder)) else {
        return Answer::fail(1, format!("error: the path \"{folder}\" does not exist\n"));
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
        .filter_map(|text| text.lines().find_map(|line| line.strip_prefix("  name: ").map(str::to_owned)))
        .collect();
    names.sort();
    let said = names
        .iter()
        .map(|name| format!("customresourcedefinition.apiextensions.k8s.io/{name} serverside-applied\n"));
    let said: String = said.collect();
    state.dapr.crds.extend(names);
    state.tick();
    Answer::ok(said)
}

/// Whether a word names a resource of Dapr: `components.dapr.io`, also several with commas.
pub fn is_resource(words: &str) -> bool {
    words.split(',').all(|word| word.ends_with(&format!(".{GROUP}")))
}

/// Whether the API server serves a resource.
pub fn is_served(state: &State, resource: &str) -> bool {
    state.dapr.crds_lag == 0 && state.dapr.crds.contains(resource)
}

fn no_resource(resource: &str) -> Answer {
    let plural = resource.split('.').next().unwrap_or_default();
    Answer::fail(1, format!("error: the server doesn't have a resource type \"{plural}\"\n"))
}

fn resource_of(kind: &str) -> String {
    let plural = match kind {
        "Resiliency" => "resiliencies".to_owned(),
        other => format!("{}s", other.to_ascii_lowercase()),
    };
    format!("{plural}.{GROUP}")
}

/// Whether an object is of a resource.
pub fn is_of(object: &Value, resource: &str) -> bool {
    resource_of(object["kind"].as_str().unwrap_or_default()) == resource
}

/// `kubectl patch crd NAME …`: what the patch says does not matter here.
pub fn patch_crd(state: &mut State, name: &str) -> Answer {
    if !state.dapr.crds.contains(name) {
        return Answer::fail(
            1,
            format!("Error from server (NotFound): customresourcedefinitions \"{name}\" not found\n"),
        );
    }
    state.dapr.patched.insert(name.to_owned());
    Answer::ok(format!("customresourcedefinition.apiextensions.k8s.io/{name} patched\n"))
}

/// A CRD by name, when it exists. A round of questions about all of them counts as one, by the components'.
pub fn crd(state: &mut State, name: &str) -> Option<Value> {
    let lag = state.dapr.crds_lag;
    if lag > 1 && name.starts_with("components.") {
        state.dapr.crds_lag = lag - 1;
    }
    if lag > 2 || !state.dapr.crds.contains(name) {
        return None;
    }
    let established = if lag > 1 { "False" } else { "True" };
    Some(
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name},
        "status": {"conditions": [{"type": "Established", "status": established}]}}),
    )
}

/// The names of the resources that are served; nothing when the group is not known.
pub fn served(state: &mut State) -> Option<Vec<String>> {
    let lag = state.dapr.crds_lag;
    state.dapr.crds_lag = lag.saturating_sub(1);
    let plural = |name: &String| name.split('.').next().unwrap_or_default().to_owned();
    (lag == 0 && !state.dapr.crds.is_empty()).then(|| state.dapr.crds.iter().map(plural).collect())
}

/// Applies an object of Dapr, server side: fields of the same manager that are left out go away.
pub fn apply(state: &mut State, item: &Value) -> Result<String, String> {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name, place) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
    if !is_served(state, &resource_of(&kind)) {
        return Err(format!(
            "error: resource mapping not found for name: \"{name}\" namespace: \"{place}\" from \"STDIN\": \
             no matches for kind \"{kind}\" in version \"{}\"\nensure CRDs are installed first\n",
            text("/apiVersion")
        ));
    }
    if !state.namespaces.contains(&place) {
        return Err(format!("Error from server (NotFound): namespaces \"{place}\" not found\n"));
    }
    let clock = state.tick();
    let mut stored = item.clone();
    stored["metadata"]["uid"] = json!(format!("dapr-{clock}"));
    let position = position(state, &kind, &place, &name);
    if let Some(at) = position {
        let old = &state.dapr.objects[at];
        stored["metadata"]["uid"] = old["metadata"]["uid"].clone();
        for (label, value) in old["metadata"]["labels"].as_object().into_iter().flatten() {
            if !label.starts_with("todoctl.dev/") {
                stored["metadata"]["labels"][label] = value.clone();
            }
        }
        state.dapr.objects[at] = stored;
    } else {
        state.dapr.objects.push(stored);
    }
    Ok(format!("{}.dapr.io/{name} serverside-applied\n", kind.to_ascii_lowercase()))
}

/// Deletes objects of a resource.
pub fn delete(state: &mut State, resource: &str, place: &str, names: &[String], tolerant: bool) -> Answer {
    if !is_served(state, resource) {
        return no_resource(resource);
    }
    let mut said = String::new();
    for name in names {
        let kind = state.dapr.objects.iter().find_map(|one| {
            let kind = one["kind"].as_str()?;
            (resource_of(kind) == resource).then(|| kind.to_owned())
        });
        match kind.and_then(|kind| position(state, &kind, place, name)) {
            Some(at) => {
                state.dapr.objects.remove(at);
                state.tick();
                said.push_str(&format_line(resource, name, place));
            }
            None if tolerant => {}
            None => {
                return Answer::fail(
                    1,
                    format!("Error from server (NotFound): {resource} \"{name}\" not found\n"),
                );
            }
        }
    }
    Answer::ok(said)
}

fn format_line(resource: &str, name: &str, place: &str) -> String {
    format!("{resource} \"{name}\" deleted from {place} namespace\n")
}

fn position(state: &State, kind: &str, place: &str, name: &str) -> Option<usize> {
    state.dapr.objects.iter().position(|one| {
        one["kind"] == kind && one["metadata"]["namespace"] == place && one["metadata"]["name"] == name
    })
}

/// The injector sees a pod that is sent, or does not.
pub fn inject(state: &mut State, pod: &mut Value) {
    let lag = state.dapr.injector_lag;
    state.dapr.injector_lag = lag.saturating_sub(1);
    let installed = state.deployments.iter().any(|one| one.release == "dapr");
    let asks = pod["metadata"]["annotations"]["dapr.io/enabled"] == "true";
    if let Some(containers) =
        pod["spec"]["containers"].as_array_mut().filter(|_| asks && installed && lag == 0)
    {
        containers.push(json!({"name": "daprd", "image": "daprd:1.18.1"}));
    }
}

/// Replaces deleted pods: their replica set makes others.
pub fn replace_pods(state: &mut State, place: &str, names: &[String], now: u64) -> usize {
    let mut found = 0;
    for deployment in state.deployments.iter_mut().filter(|one| one.namespace == place) {
        let pods: Vec<(String, u64)> = crate::cluster::objects::pods(deployment, now)
            .into_iter()
            .map(|(name, set)| (name, set.uid))
            .collect();
        for set in &mut deployment.sets {
            let hit = pods.iter().filter(|(name, uid)| *uid == set.uid && names.contains(name)).count();
            set.replaced += u32::from(hit > 0);
            found += hit;
        }
    }
    found
}
