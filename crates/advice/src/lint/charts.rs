//! Owns what this project demands of a chart beyond helm's own lint: a library that is the linked one, values files that
//! a profile uses, no secrets in values; and of the pods it makes: an image with a tag, resources, probes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Fault;
use super::leaks::could_be_real;
use todoctl_core::yaml::{self, Node, Seg};
use todoctl_plan::kubernetes::{Container, Object, Requirements};

fn fault(file: impl Into<PathBuf>, line: Option<usize>, message: String, fix: &str) -> Fault {
    Fault { file: file.into(), line, rule: "chart", message, fix: fix.to_owned() }
}

/// Looks at the folder of a chart, relative to the project. `used` are the values files that profiles name.
pub fn folder(project: &Path, chart: &Path, used: &BTreeSet<PathBuf>) -> Vec<Fault> {
    let mut found = library(project, chart);
    for name in names(&project.join(chart)) {
        let file = chart.join(&name);
        if !(name.starts_with("values") && is_yaml(&name)) {
            continue;
        }
        if name != "values.yaml" && !used.contains(&file) {
            let fix = "name it in `values` of a release, or remove it";
            found.push(fault(file.clone(), None, "no profile uses it".to_owned(), fix));
        }
        if let Ok(text) = std::fs::read_to_string(project.join(&file)) {
            found.extend(secrets(&file, &text));
        }
    }
    found
}

/// helm takes an archive in `charts/` before a link of the same chart, and a link that leads nowhere not at all.
fn library(project: &Path, chart: &Path) -> Vec<Fault> {
    let place = chart.join("charts");
    let mut found = Vec::new();
    for name in names(&project.join(&place)) {
        let file = place.join(&name);
        if Path::new(&name).extension().is_some_and(|ending| ending == "tgz") {
            let message = "helm takes this archive instead of the linked library".to_owned();
            let fix = format!("rm {}; helm dependency build made it, and nothing needs it", file.display());
            found.push(fault(file, None, message, &fix));
        } else if !project.join(&file).exists() {
            let fix = "make it again: ln -s ../../service, in the chart's folder charts/";
            found.push(fault(file, None, "the link leads nowhere".to_owned(), fix));
        }
    }
    found
}

/// Texts under `secrets` of a values file that could be secrets: settings such as `HS256` are shorter.
fn secrets(file: &Path, text: &str) -> Vec<Fault> {
    let Ok(documents) = yaml::documents(0, text) else { return Vec::new() };
    let mut found = Vec::new();
    for document in &documents {
        if let Some(node) = document.get("secrets") {
            filled(file, node, &mut vec!["secrets".to_owned()], &mut found);
        }
    }
    found
}

fn filled(file: &Path, node: &Node, path: &mut Vec<String>, found: &mut Vec<Fault>) {
    for key in node.keys() {
        let Some(inside) = node.get(key) else { continue };
        path.push(key.to_owned());
        if matches!(inside.to_value(), Value::String(text) if could_be_real(&text)) {
            let (line, _) = node.value_place(&[Seg::from(key)]).position();
            let message = format!("{} holds a value", path.join("."));
            let fix = "leave it empty: secrets are given to todoctl, or by `existingSecret`";
            found.push(fault(file, Some(line), message, fix));
        } else {
            filled(file, inside, path, found);
        }
        path.pop();
    }
}

/// Looks at what the chart of a release makes. `chart` is its folder. Profiles that make the same give the same faults.
pub fn objects(chart: &Path, release: &str, objects: &[Value]) -> Vec<Fault> {
    let mut found = Vec::new();
    for object in objects.iter().filter_map(Object::of) {
        let (kind, name) = (&object.kind, &object.metadata.name);
        if !["Deployment", "StatefulSet", "DaemonSet"].contains(&kind.as_str()) {
            continue;
        }
        for container in &object.pod().containers {
            let Container { name: told, image, .. } = container;
            let place = format!("release {release}, {kind} {name}, container {told}");
            let mut add = |message: String, fix| {
                found.push(fault(chart.join("values.yaml"), None, format!("{place}: {message}"), fix));
            };
            if !has_tag(image) {
                let fix = "give a tag that says the version: a rollback cannot bring `latest` back";
                add(format!("image {image} has no tag of its own"), fix);
            }
            let missing = missing(container);
            if !missing.is_empty() {
                let fix =
                    "set them in the values: a node is filled by requests, and a rollout is judged by probes";
                add(format!("has no {}", missing.join(", no ")), fix);
            }
        }
    }
    found
}

fn has_tag(image: &str) -> bool {
    let tag = image.rsplit('/').next().unwrap_or_default().split_once(':').map(|(_, tag)| tag);
    image.contains('@') || tag.is_some_and(|tag| tag != "latest")
}

/// What a container must have and does not.
fn missing(container: &Container) -> Vec<&'static str> {
    let Requirements { requests, limits } = &container.resources;
    let demanded = [
        ("CPU request", requests.contains_key("cpu")),
        ("memory request", requests.contains_key("memory")),
        ("memory limit", limits.contains_key("memory")),
        ("readiness probe", container.readiness_probe.is_some()),
        ("liveness probe", container.liveness_probe.is_some()),
    ];
    demanded.into_iter().filter(|(_, there)| !there).map(|(what, _)| what).collect()
}

/// Reads what `helm lint` said of a chart: its errors and warnings.
pub fn helm(chart: &Path, said: &str) -> Vec<Fault> {
    let line = |line: &str| {
        let rest = line.trim().strip_prefix("[ERROR] ").or_else(|| line.trim().strip_prefix("[WARNING] "))?;
        let (place, message) = rest.split_once(": ").unwrap_or(("", rest));
        let file = if place.is_empty() || place.contains(' ') { chart.to_owned() } else { chart.join(place) };
        Some(fault(
            file,
            None,
            format!("helm lint: {message}"),
            "helm's message names the template and its line",
        ))
    };
    said.lines().filter_map(line).collect()
}

/// Names in a folder, sorted; none when it cannot be read.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
    names.sort();
    names
}

fn is_yaml(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(found: &[Fault]) -> String {
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_archive_a_dead_link_an_unused_file_and_a_secret_are_found() {
        let project = tempfile::tempdir().unwrap();
        let chart = project.path().join("charts/a");
        std::fs::create_dir_all(chart.join("charts")).unwrap();
        std::fs::write(chart.join("charts/service-1.0.0.tgz"), "").unwrap();
        std::os::unix::fs::symlink("../../nowhere", chart.join("charts/service")).unwrap();
        std::fs::write(
            chart.join("values.yaml"),
            "secrets:\n  url: \"\"\n  deep:\n    key: n0tAnExmpl3\n  algorithm: HS256\nb: c\n",
        )
        .unwrap();
        std::fs::write(chart.join("values-old.yaml"), "a: 1\n").unwrap();
        std::fs::write(chart.join("values-local.yaml"), "a: 1\n").unwrap();
        let used = ["charts/a/values-local.yaml".into()].into();
        let found = told(&folder(project.path(), Path::new("charts/a"), &used));
        assert!(!found.contains("n0tAn"));
        insta::assert_snapshot!(found, @r#"
        charts/a/charts/service: chart: the link leads nowhere
        charts/a/charts/service-1.0.0.tgz: chart: helm takes this archive instead of the linked library
        charts/a/values-old.yaml: chart: no profile uses it
        charts/a/values.yaml:4: chart: secrets.deep.key holds a value
        "#);
    }

    #[test]
    fn a_container_needs_a_tag_resources_and_probes() {
        let pod = |container: Value| json!({"kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": {"spec": {"containers": [container]}}}});
        let bare = pod(json!({"name": "c", "image": "registry:5000/app"}));
        insta::assert_snapshot!(told(&objects(Path::new("charts/a"), "a", &[bare])), @r#"
        charts/a/values.yaml: chart: release a, Deployment d, container c: image registry:5000/app has no tag of its own
        charts/a/values.yaml: chart: release a, Deployment d, container c: has no CPU request, no memory request, no memory limit, no readiness probe, no liveness probe
        "#);
        let whole = pod(json!({"name": "c", "image": "app:1", "readinessProbe": {}, "livenessProbe": {},
            "resources": {"requests": {"cpu": "1", "memory": "1"}, "limits": {"memory": "1"}}}));
        assert!(objects(Path::new("charts/a"), "a", &[whole]).is_empty());
    }

    #[test]
    fn helms_errors_keep_their_place() {
        let said = "==> Linting charts/a\n[INFO] Chart.yaml: icon is recommended\n[ERROR] templates/: a: b\n\nError: 1 chart(s) linted, 1 chart(s) failed\n";
        assert_eq!(told(&helm(Path::new("charts/a"), said)), "charts/a/templates/: chart: helm lint: a: b");
    }
}
