//! Owns which CRDs a chart brings beside its templates, and which version a chart has.
//! Refuses to read the rest of them: together they are longer than a chart.

use std::path::Path;

use serde::Deserialize;

/// The folder from which helm applies CRDs at the first installation, and never again (helm `pkg/action/install.go`).
pub const FOLDER: &str = "crds";

#[derive(Deserialize)]
struct Manifest {
    kind: String,
    metadata: Metadata,
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

/// Names of the CRDs of a chart folder, sorted; none when it brings none.
pub fn crds(project: &Path, chart: &Path) -> Result<Vec<String>, String> {
    let folder = project.join(chart).join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.extension().is_none_or(|ending| ending != "yaml" && ending != "yml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for document in serde_yaml::Deserializer::from_str(&text) {
            let manifest = Option::<Manifest>::deserialize(document)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            names.extend(
                manifest.filter(|one| one.kind == "CustomResourceDefinition").map(|one| one.metadata.name),
            );
        }
    }
    names.sort();
    Ok(names)
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
            "kind: CustomResourceDefinition\nmetadata: {name: a.x}\n---\nkind: Other\nmetadata: {name: o}\n",
        );
        write("readme.txt", ":");
        assert_eq!(crds(folder.path(), Path::new("chart")).unwrap(), ["a.x", "b.x"]);
        assert_eq!(crds(folder.path(), Path::new("other")).unwrap(), Vec::<String>::new());
        write("c.yaml", "kind: [");
        assert!(crds(folder.path(), Path::new("chart")).unwrap_err().contains("c.yaml"));
    }
}
