//! Pages of a node of two cores: one that is too small, one that is enough.

use serde_json::{Value, json};

use super::*;
use todoctl_advice::capacity::{Had, ReleaseDemand, judge};
use todoctl_plan::resources::{Demand, Nodes};
use todoctl_project::dapr::Dapr;
use todoctl_project::profile::Capacity;

fn deployment(name: &str, replicas: u32, cpu: &str, memory: &str, annotations: &Value) -> Value {
    json!({"kind": "Deployment", "metadata": {"name": format!("{name}-deployment")}, "spec": {"replicas": replicas,
        "template": {"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": name,
            "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": "500m", "memory": "512Mi"}}}]}}}})
}

fn asked(release: &str, optional: bool, objects: &[Value]) -> ReleaseDemand {
    let demand = Demand::read(objects, "todo", &Dapr::default()).unwrap();
    ReleaseDemand { release: release.to_owned(), optional, demand }
}

/// The shape of the whole application, on OKE.
fn application() -> Vec<ReleaseDemand> {
    let sidecar = json!({"dapr.io/enabled": "true", "dapr.io/sidecar-cpu-request": "50m",
        "dapr.io/sidecar-memory-request": "128Mi", "dapr.io/sidecar-memory-limit": "256Mi"});
    let silent = json!({"dapr.io/enabled": "true"});
    let claim =
        json!({"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "16Gi"}}}});
    let mut scheduler = deployment("scheduler", 3, "50m", "64Mi", &Value::Null);
    scheduler["kind"] = json!("StatefulSet");
    scheduler["spec"]["volumeClaimTemplates"] = json!([claim]);
    let mut job = deployment("setup", 1, "10m", "16Mi", &Value::Null);
    job["kind"] = json!("Job");
    let balancer = json!({"kind": "Service", "metadata": {"name": "frontend-service"}, "spec": {"type": "LoadBalancer"}});
    vec![
        asked("dapr", false, &[deployment("operator", 1, "100m", "330Mi", &Value::Null), scheduler, job]),
        asked("backend", false, &[deployment("backend", 2, "300m", "256Mi", &sidecar)]),
        asked("audit", true, &[deployment("audit", 1, "150m", "128Mi", &sidecar)]),
        asked("recurring", true, &[deployment("recurring", 1, "50m", "128Mi", &silent)]),
        asked("frontend", false, &[deployment("frontend", 1, "400m", "256Mi", &Value::Null), balancer]),
    ]
}

fn had(cpu: &str, memory: &str, nodes: u16) -> Had {
    let capacity =
        Capacity { cpu: cpu.into(), memory: memory.into(), nodes, storage: None, load_balancers: None };
    let rooms = Nodes::promised(&capacity).unwrap().rooms(|_| false);
    Had { rooms, ..Had::default() }
}

fn page(asked: &[ReleaseDemand], had: &Had) -> (String, Value) {
    let verdict = judge(asked, had);
    let page = Page {
        profile: "oke",
        verdict: &verdict,
        source: "Free: `capacity` of the profile, because cluster oke does not exist yet.",
        smallest_volume: had.smallest_volume,
    };
    (text(&page, Look::PLAIN), json(&page))
}

#[test]
fn too_much_cpu_names_what_can_be_left_out() {
    insta::assert_snapshot!(page(&application(), &had("1430m", "9Gi", 1)).0);
}

#[test]
fn when_nothing_that_can_be_left_out_is_enough_that_is_said() {
    insta::assert_snapshot!(page(&application(), &had("500m", "512Mi", 1)).0);
    let unmarked = page(&application()[..2], &had("500m", "9Gi", 1)).0;
    insta::assert_snapshot!(unmarked.split_once("hint: ").unwrap().1);
}

#[test]
fn a_pod_needs_its_room_on_one_node() {
    let (text, _) = page(&application(), &had("380m", "3Gi", 5));
    assert!(!text.contains("too much"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn volumes_and_load_balancers_are_held_against_what_the_profile_says() {
    let limits = Had {
        storage: "100Gi".parse().ok(),
        load_balancers: Some(0),
        smallest_volume: Quantity::units(50 << 30),
        ..had("4", "9Gi", 1)
    };
    insta::assert_snapshot!(page(&application(), &limits).0);
}

#[test]
fn enough_says_what_stays_free_and_programs_get_exact_figures() {
    let (text, json) = page(&application()[2..], &had("2", "2Gi", 1));
    insta::assert_snapshot!(text);
    insta::assert_json_snapshot!(json);
}
