//! Owns which CRDs a chart brings beside its templates, and which version a chart has.
//! Refuses to keep the rest of them: together they are longer than a chart.

use std::path::Path;

use serde::Deserialize;

/// The folder from which helm applies CRDs at the first installation, and never again (helm `pkg/action/install.go`).
pub const FOLDER: &str = "crds";

/// A CRD of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crd {
    /// Its name: `components.dapr.io`.
    pub name: String,
    /// Whether a Service of the release converts between its versions. The chart cannot know the namespace of that
    /// Service: Dapr's says `replaceme`, and its operator writes the right one when it starts (dapr/dapr v1.18.1,
    /// `charts/dapr/crds/subscription.yaml`, `pkg/operator/operator.go`).
    pub converted: bool,
}

#[derive(Deserialize)]
struct Manifest {
    kind: String,
    metadata: Metadata,
    #[serde(default)]
    spec: serde_yaml::Value,
}

impl Manifest {
    fn is_converted(&self) -> bool {
        let way = ["conversion", "webhook", "clientConfig", "service", "namespace"];
        way.iter().try_fold(&self.spec, |value, key| value.get(key)).is_some()
    }
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
struct Chart {
    #[serde(default)]
    version: String,
}

/// The CRDs of a chart folder, by name; none when it brings none.
pub fn crds(project: &Path, chart: &Path) -> Result<Vec<Crd>, String> {
    let folder = project.join(chart).join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut crds = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.extension().is_none_or(|ending| ending != "yaml" && ending != "yml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for document in serde_yaml::Deserializer::from_str(&text) {
            let manifest = Option::<Manifest>::deserialize(document)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let crd = manifest.filter(|one| one.kind == "CustomResourceDefinition");
            crds.extend(crd.map(|one| Crd { converted: one.is_converted(), name: one.metadata.name }));
        }
    }
    crds.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(crds)
}

/// Version of a chart; empty when it says none.
pub(super) fn version(project: &Path, chart: &Path) -> String {
    let text = std::fs::read_to_string(project.join(chart).join("Chart.yaml")).unwrap_or_default();
    serde_yaml::from_str::<Chart>(&text).map(|chart| chart.version).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crds_are_named_and_a_chart_without_any_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let crds_folder = folder.path().join("chart/crds");
        std::fs::create_dir_all(&crds_folder).unwrap();
        let write = |name: &str, text: &str| std::fs::write(crds_folder.join(name), text).unwrap();
        write("b.yaml", "---\nkind: CustomResourceDefinition\nmetadata: {name: b.x}\nspec: {a: 1}\n---\n");
        write(
            "a.yaml",
            "kind: CustomResourceDefinition\nmetadata: {name: a.x}\nspec: {conversion: {webhook: {clientConfig: {service: \
             {namespace: replaceme}}}}}\n---\nkind: Other\nmetadata: {name: o}\n",
        );
        write("readme.txt", ":");
        let crd = |name: &str, converted| Crd { name: name.to_owned(), converted };
        assert_eq!(crds(folder.path(), Path::new("chart")).unwrap(), [crd("a.x", true), crd("b.x", false)]);
        assert_eq!(crds(folder.path(), Path::new("other")).unwrap(), []);
        write("c.yaml", "kind: [");
        assert!(crds(folder.path(), Path::new("chart")).unwrap_err().contains("c.yaml"));
    }
}
