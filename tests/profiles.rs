//! Owns holding the shipped profiles against the files that they name: everything is there, is what it should be,
//! and makes a plan. Refuses to start a program: charts are not rendered, and those of repositories are stood for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use todoctl_plan::plan::Plan;
use todoctl_plan::provider::{self, Provider};
use todoctl_plan::world::{Access, Cluster, Manifests, World};
use todoctl_plan::{builder, steps};
use todoctl_project::chart::Fetched;
use todoctl_project::dapr;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::{self, Chart, Loaded, Variables};

/// The project with Dapr's chart in its place, which a build of the sandbox makes.
fn project() -> TempDir {
    let (folder, source) = (tempfile::tempdir().expect("a folder"), Path::new(env!("CARGO_MANIFEST_DIR")));
    std::fs::create_dir_all(folder.path().join("sandbox/charts/dapr")).expect("a folder");
    let manifest = folder.path().join("sandbox/charts/dapr/Chart.yaml");
    std::fs::write(manifest, "name: dapr\nversion: 1.18.1\n").expect("a file");
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
        std::os::unix::fs::symlink(source.join(name), folder.path().join(name)).expect("a link");
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
            std::fs::create_dir_all(&folder).expect("a folder");
            let manifest = format!("name: {}\nversion: {}\n", chart.name, chart.version);
            std::fs::write(folder.join("Chart.yaml"), manifest).expect("a file");
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
        let served = inputs.dapr.objects.iter().filter(|object| object.container.is_some()).count();
        assert_eq!(
            inputs.tags.len(),
            5 + served,
            "{name}: an image for each service, and for what serves a component"
        );
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
            profile::Cluster::Minikube(_) => "minikube",
            profile::Cluster::Sandbox(_) => "sandbox",
            profile::Cluster::Oke(_) => "oke",
            profile::Cluster::Context(_) => "context",
            profile::Cluster::InCluster(_) => "in-cluster",
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

/// The plan of a profile for an empty cluster, with every secret given: titles, and commands without their input.
fn plan(project: &Path, name: &str) -> Vec<String> {
    let inputs = Arc::new(inputs(project, name));
    let mut world = World::without_cluster("20260101-000000-0000", String::new());
    let access = Access { kubeconfig: "/k".into(), context: "demo".into(), node: "10.0.0.2".into() };
    world.cluster = Cluster::Running(access);
    world.helm_major = 4;
    world.images = Some(BTreeSet::new());
    for (value, spec) in &inputs.profile.secrets.values {
        let text = match spec.schemes.first() {
            Some(scheme) => format!("{scheme}://h.example.com/d"),
            None => "long enough for a key of any kind".to_owned(),
        };
        world.given.insert(value.clone(), text.into());
    }
    for release in inputs.profile.releases.keys() {
        let manifests = Manifests { wanted: Some(Ok(Vec::new())), ..Manifests::default() };
        world.manifests.insert(release.clone(), manifests);
    }
    let provider: Arc<dyn Provider> = Arc::from(provider::of(name, &inputs.profile.cluster));
    let steps = steps::deployment(&inputs, &provider, &builder::of(&inputs.profile), &world);
    let plan = Plan::decide(name, &steps, &world).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
    let mut lines = Vec::new();
    for step in &plan.steps {
        lines.push(format!("{} {}", step.order, step.title));
        lines.extend(step.decision.apply.iter().map(|command| format!("    {}", command.line())));
    }
    let shown = lines.join("\n").replace(&project.display().to_string(), "[PROJECT]");
    shown.lines().map(str::to_owned).collect()
}

#[test]
fn every_profile_makes_a_plan() {
    let folder = project();
    let random = regex::Regex::new(r"\b(secrets|ocir)-[0-9a-f]{8}\b|:[0-9a-f]{12}\b|[0-9a-f]{12,}").unwrap();
    for name in PROFILES {
        let text = plan(folder.path(), name).join("\n");
        let text = random.replace_all(&text, "[…]").into_owned();
        insta::with_settings!({snapshot_suffix => name}, { insta::assert_snapshot!(text) });
    }
}
