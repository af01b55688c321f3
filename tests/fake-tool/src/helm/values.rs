//! Owns values: the JSON on standard input and `--set`, and what the chart makes of them.

use serde_json::{Value, json};

use crate::argv::Argv;
use crate::cluster::{self, Wanted};
use crate::dapr::Containers;
use crate::state::{Behaviour, State, hash};

/// The values of a call; `None` when it gives none at all.
pub fn given(argv: &Argv, stdin: &str) -> Result<Option<Value>, String> {
    let mut values = json!({});
    for file in argv.values("--values").iter().chain(argv.values("-f")) {
        if file == "-" {
            values = serde_json::from_str(stdin)
                .map_err(|error| format!("Error: error parsing values: {error}\n"))?;
        } else if !std::path::Path::new(file).is_file() {
            return Err(format!("Error: open {file}: no such file or directory\n"));
        }
    }
    for set in argv.values("--set").iter().flat_map(|set| set.split(',')) {
        let (path, value) = set
            .split_once('=')
            .ok_or_else(|| format!("Error: failed parsing --set data: key \"{set}\" has no value\n"))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        put(&mut values, path, value);
    }
    let none =
        argv.values("--values").is_empty() && argv.values("-f").is_empty() && argv.values("--set").is_empty();
    Ok((!none).then_some(values))
}

fn put(values: &mut Value, path: &str, value: Value) {
    let mut place = values;
    for key in path.split('.') {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[key];
    }
    *place = value;
}

/// What the chart renders for a release.
pub fn wanted(state: &State, namespace: &str, release: &str, values: &Value) -> Wanted {
    let text = |pointer: &str| values.pointer(pointer).and_then(Value::as_str);
    let replicas = values.get("replicaCount").and_then(Value::as_u64).unwrap_or(2);
    let image = match (text("/image/repository"), text("/image/tag")) {
        (None, None) => format!("{release}:1.0.0"),
        (repository, tag) => format!("{}:{}", repository.unwrap_or(release), tag.unwrap_or("1.0.0")),
    };
    let built = state.images.get(&image).cloned();
    let named = text("/extraEnv/BEHAVIOUR").and_then(|text| Behaviour::parse(text).ok());
    let local = image.starts_with("sandbox.local/");
    let behaviour = match (built, named) {
        (None, _) if local => Behaviour::NoImage,
        (_, Some(named)) => named,
        (built, None) => built.unwrap_or_default(),
    };
    let mut template = values.clone();
    if let Some(template) = template.as_object_mut() {
        template.remove("replicaCount");
    }
    Wanted {
        namespace: namespace.to_owned(),
        release: release.to_owned(),
        replicas: u32::try_from(replicas).unwrap_or(u32::MAX),
        hash: hash(&format!("{template}{image}")),
        image,
        behaviour,
        sidecar: values.pointer("/dapr/enabled") == Some(&Value::Bool(true)),
        containers: Containers::read(values),
        resources: values.get("resources").cloned().unwrap_or_default(),
    }
}

/// The manifest as helm prints it.
pub fn manifest(chart: &str, wanted: &Wanted) -> String {
    let Wanted { namespace, release, replicas, image, resources, .. } = wanted;
    let labels = cluster::objects::labels(release);
    let annotations = if wanted.sidecar { wanted.containers.annotations(release) } else { json!({}) };
    let placed = if wanted.sidecar { json!(wanted.containers.placed) } else { json!([]) };
    format!(
        "---\n# Source: {chart}/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: {release}-service\n  namespace: {namespace}\n\
         ---\n# Source: {chart}/templates/deployment.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {release}-deployment\n  \
         namespace: {namespace}\nspec:\n  replicas: {replicas}\n  selector:\n    matchLabels: {labels}\n  template:\n    metadata:\n      annotations: {annotations}\n      labels: {labels}\n    \
         spec:\n      initContainers: {placed}\n      containers:\n        - name: {release}\n          image: \"{image}\"\n          resources: {resources}\n"
    )
}
