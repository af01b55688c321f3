//! Owns holding the shipped profiles against the files that they name: everything is there, and is what it should be.
//! Refuses to start a program; what the profiles make of a cluster is in the scenarios `shipped-*`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use todoctl::chart::Fetched;
use todoctl::dapr;
use todoctl::inputs::Inputs;
use todoctl::profile::{self, Chart, Cluster, Loaded, Variables};

/// The project with Dapr's chart in its place, which a build of the sandbox makes.
fn project() -> TempDir {
    let (folder, source) = (tempfile::tempdir().unwrap(), Path::new(env!("CARGO_MANIFEST_DIR")));
    std::fs::create_dir_all(folder.path().join("sandbox/charts/dapr")).unwrap();
    let manifest = folder.path().join("sandbox/charts/dapr/Chart.yaml");
    std::fs::write(manifest, "name: dapr\nversion: 1.18.1\n").unwrap();
    let names = [
        "profiles",
        "charts",
        "dapr",
        "redpanda",
        "sample",
        "scripts",
        "Cargo.toml",
        "Cargo.lock",
        "sandbox/charts/redpanda",
    ];
    for name in names {
        std::os::unix::fs::symlink(source.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "OKE_CLUSTER_ID" => "ocid1.cluster.oc1.iad.x",
        "OCI_REGION" => "us-ashburn-1",
        "OCIR_SERVER" => "iad.ocir.io",
        "OCIR_NAMESPACE" => "tenancy",
        _ => return None,
    };
    Some(value.to_owned())
}

fn load(project: &Path, name: &str) -> Loaded {
    profile::load(project, name, Variables::From(&environment)).unwrap_or_else(|error| panic!("{error}"))
}

/// Everything that a run of a profile reads from the disk; charts of repositories are stood for.
fn inputs(project: &Path, name: &str) -> Inputs {
    let loaded = load(project, name);
    let dapr = dapr::load(&loaded).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut fetched = BTreeMap::new();
    for (release, spec) in &loaded.profile.releases {
        if let Chart::Repository(chart) = &spec.chart {
            let folder = project.join("fetched").join(&chart.name);
            std::fs::create_dir_all(&folder).unwrap();
            let manifest = format!("name: {}\nversion: {}\n", chart.name, chart.version);
            std::fs::write(folder.join("Chart.yaml"), manifest).unwrap();
            fetched.insert(release.clone(), Fetched { folder, digest: format!("sha256:{release}") });
        }
    }
    Inputs::resolve(loaded, dapr, fetched, BTreeMap::new(), None)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn yaml(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

const PROFILES: [&str; 3] = ["local", "oke", "sandbox"];

#[test]
fn every_file_of_every_profile_is_read() {
    let folder = project();
    for name in PROFILES {
        let inputs = inputs(folder.path(), name);
        assert_eq!(inputs.charts.len(), inputs.profile.releases.len(), "{name}");
        assert_eq!(inputs.tags.len(), 5, "{name}: an image for each service");
        let notes: Vec<&String> = inputs.dapr.objects.iter().flat_map(|object| &object.notes).collect();
        assert!(notes.is_empty(), "{name}: {notes:?}");
        for release in inputs.profile.releases.values() {
            for file in &release.values {
                assert!(yaml(&folder.path().join(file)).is_object(), "{name}: {}", file.display());
            }
        }
    }
}

#[test]
fn no_component_is_forgotten() {
    let folder = project();
    let named: BTreeSet<PathBuf> = PROFILES
        .iter()
        .flat_map(|name| load(folder.path(), name).profile.dapr.expect("Dapr").components)
        .collect();
    let there = std::fs::read_dir(folder.path().join("dapr/components")).unwrap();
    let there = there.map(|entry| Path::new("dapr/components").join(entry.unwrap().file_name())).collect();
    assert_eq!(named, there);
}

#[test]
fn without_the_environment_a_profile_is_still_readable() {
    let folder = project();
    for name in PROFILES {
        let loaded = profile::load(folder.path(), name, Variables::AsWritten).unwrap();
        dapr::load(&loaded).unwrap();
    }
    let error = profile::load(folder.path(), "oke", Variables::From(&|_| None)).unwrap_err();
    assert!(error.to_string().contains("OKE_CLUSTER_ID"), "{error}");
}

#[test]
fn the_profiles_differ_in_what_they_should() {
    let folder = project();
    let shown = |name: &str| {
        let inputs = inputs(folder.path(), name);
        let profile = &inputs.profile;
        let cluster = match profile.cluster {
            Cluster::Minikube(_) => "minikube",
            Cluster::Sandbox(_) => "sandbox",
            Cluster::Oke(_) => "oke",
            Cluster::Context(_) => "context",
        };
        let releases: BTreeMap<&str, Value> = inputs
            .releases()
            .map(|(name, release)| {
                let values: Vec<&PathBuf> = release.values.iter().collect();
                (name, json!({"chart": release.chart.to_string(), "values": values, "needs": release.needs}))
            })
            .collect();
        let components: Vec<String> =
            inputs.dapr.objects.iter().map(|one| format!("{} {}", one.kind, one.name)).collect();
        json!({
            "cluster": cluster, "image": inputs.image_repository("backend"), "releases": releases,
            "components": components, "checks": profile.checks.len(), "secrets": profile.secrets.sets.keys().collect::<Vec<_>>(),
        })
    };
    let all: BTreeMap<&str, Value> = PROFILES.into_iter().map(|name| (name, shown(name))).collect();
    insta::assert_json_snapshot!(all);
}
