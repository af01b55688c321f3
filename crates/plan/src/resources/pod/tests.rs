//! What a pod asks for, case by case.

use serde_json::json;

use super::*;

fn read_with(spec: &Value, annotations: &Value) -> Result<Pod, String> {
    let spec = PodSpec::deserialize(spec).unwrap();
    Pod::read(&spec, &Labels::deserialize(annotations).unwrap(), &Dapr::default())
}

fn read(spec: &Value) -> Pod {
    read_with(spec, &json!({})).unwrap()
}

fn text(pod: &Pod) -> String {
    let limit = |part: Option<Quantity>, show: fn(Quantity) -> String| part.map_or("-".to_owned(), show);
    format!(
        "{} | limits {}, {}",
        pod.requests.text(),
        limit(pod.limits.cpu, Quantity::cpu),
        limit(pod.limits.memory, Quantity::memory)
    )
}

fn container(name: &str, cpu: &str, memory: &str) -> Value {
    json!({"name": name, "resources": {"requests": {"cpu": cpu, "memory": memory}}})
}

#[test]
fn what_is_no_quantity_is_an_error_that_does_not_repeat_it() {
    let spec = json!({"containers": [{"name": "app", "resources": {"limits": {"memory": "lots"}}}]});
    let error = read_with(&spec, &json!({})).unwrap_err();
    assert_eq!(
        error,
        "app, memory: not a quantity; write it as Kubernetes does, such as 500m, 2, 512Mi or 1.5Gi"
    );
    let annotations = json!({"dapr.io/enabled": "true", "dapr.io/sidecar-cpu-request": "few"});
    let error = read_with(&json!({}), &annotations).unwrap_err();
    assert!(error.starts_with("annotation, dapr.io/sidecar-cpu-request: not a quantity"), "{error}");
}

#[test]
fn containers_are_added_up_and_the_silent_are_named() {
    let spec = json!({"containers": [container("app", "100m", "64Mi"), container("two", "0.25", "64Mi"), {"name": "shy"}]});
    let pod = read(&spec);
    assert_eq!(text(&pod), "350m CPU and 128Mi memory | limits -, -");
    assert_eq!(pod.silent, ["shy"]);
}

#[test]
fn a_limit_without_a_request_is_the_request() {
    let spec = json!({"containers": [
        {"name": "app", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}, "requests": {"cpu": "200m"}}}]});
    assert_eq!(text(&read(&spec)), "200m CPU and 1Gi memory | limits 1, 1Gi");
}

#[test]
fn init_containers_count_only_where_they_need_more() {
    let table = [
        // Smaller than the containers together: nothing changes.
        (json!([container("i", "100m", "10Mi")]), "300m CPU and 64Mi memory"),
        // The largest of them, for each resource by itself.
        (json!([container("i", "1", "10Mi"), container("j", "10m", "1Gi")]), "1 CPU and 1Gi memory"),
    ];
    for (init, expected) in table {
        let spec = json!({"initContainers": init, "containers": [container("app", "300m", "64Mi")]});
        assert_eq!(read(&spec).requests.text(), expected);
    }
}

#[test]
fn a_native_sidecar_runs_beside_the_containers_and_the_later_init_containers() {
    let mut stays = container("stays", "100m", "100Mi");
    stays["restartPolicy"] = json!("Always");
    let app = container("app", "300m", "64Mi");
    let before = json!({"initContainers": [container("i", "1", "1Mi"), stays], "containers": [app]});
    assert_eq!(read(&before).requests.text(), "1 CPU and 164Mi memory");
    let after = json!({"initContainers": [stays, container("i", "1", "1Mi")], "containers": [app]});
    assert_eq!(read(&after).requests.text(), "1100m CPU and 164Mi memory");
}

#[test]
fn what_the_pod_says_of_itself_wins_and_its_overhead_comes_on_top() {
    let spec = json!({"containers": [container("app", "300m", "64Mi")], "overhead": {"cpu": "50m"},
        "resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": "1"}}});
    assert_eq!(text(&read(&spec)), "550m CPU and 64Mi memory | limits 1, -");
}

#[test]
fn the_sidecar_asks_for_what_its_annotations_say() {
    let spec = json!({"containers": [container("app", "100m", "64Mi")]});
    let with = |annotations: Value| {
        let pod = read_with(&spec, &annotations).unwrap();
        let sidecar = pod.sidecar.map_or("none".to_owned(), |one| one.requests.text());
        format!("{} | {sidecar} | {:?}", pod.requests.text(), pod.silent)
    };
    let table = [
        (json!({}), "100m CPU and 64Mi memory | none | []"),
        (json!({"dapr.io/enabled": "false"}), "100m CPU and 64Mi memory | none | []"),
        (json!({"dapr.io/enabled": "true"}), r#"100m CPU and 64Mi memory | 0 CPU and 0 memory | ["daprd"]"#),
        (
            json!({"dapr.io/enabled": "True", "dapr.io/sidecar-cpu-request": "50m", "dapr.io/sidecar-memory-limit": "128Mi"}),
            "150m CPU and 192Mi memory | 50m CPU and 128Mi memory | []",
        ),
    ];
    for (annotations, expected) in table {
        assert_eq!(with(annotations), expected);
    }
}

#[test]
fn a_native_daprd_is_there_before_every_init_container() {
    let spec = json!({"initContainers": [container("i", "1", "1Mi")], "containers": [container("app", "100m", "64Mi")]});
    let annotations = json!({"dapr.io/enabled": "true", "dapr.io/sidecar-cpu-request": "50m",
        "dapr.io/sidecar-memory-request": "32Mi", "dapr.io/enable-native-sidecar": "true"});
    let pod = read_with(&spec, &annotations).unwrap();
    assert_eq!(pod.requests.text(), "1050m CPU and 96Mi memory");
}
