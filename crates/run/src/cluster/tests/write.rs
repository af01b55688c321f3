//! What todoctl writes for itself, and what it asks about the API server itself, over answers that are written down.

use serde_json::json;

use super::scripted;
use todoctl_plan::bookkeeping::{How, Write};
use todoctl_plan::look::{Look, resource};
use todoctl_plan::world::lease;

#[tokio::test]
async fn own_objects_are_changed_conditionally_and_only_their_metadata_comes_back() {
    let versioned = |version: &str| (200, json!({"metadata": {"resourceVersion": version}}));
    let (cluster, asked) = scripted(vec![versioned("7"), versioned("8"), (200, json!({"kind": "Status"}))]);
    let look = lease::look("todo");
    assert_eq!(cluster.create(&look, &json!({"kind": "Lease"})).await.unwrap(), "7");
    assert_eq!(cluster.patch(&look, lease::NAME, &json!([])).await.unwrap(), "8");
    cluster.delete(&look, lease::NAME, Some("8")).await.unwrap();
    let leases = "/apis/coordination.k8s.io/v1/namespaces/todo/leases";
    let form = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    assert_eq!(
        *asked.lock().unwrap(),
        [
            format!("POST {leases} application/json {form} {{\"kind\":\"Lease\"}}"),
            format!("PATCH {leases}/todoctl application/json-patch+json {form} []"),
            format!(
                "DELETE {leases}/todoctl application/json {form} {}",
                json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"resourceVersion": "8"}})
            ),
        ]
    );
}

#[tokio::test]
async fn the_books_are_written_by_patches_and_what_is_gone_may_be_removed_again() {
    let done = (200, json!({"metadata": {"resourceVersion": "1"}}));
    let gone = json!({"kind": "Status", "code": 404, "reason": "NotFound", "message": "x", "details": {"name": "r0"}});
    let (cluster, asked) = scripted(vec![done.clone(), done, (404, gone)]);
    let write =
        |how| Write { look: Look::all(resource::CONFIG_MAPS).within("todo"), name: "r0".to_owned(), how };
    for how in [How::Merged(json!({"a": 1})), How::Applied(json!({"b": 2})), How::Removed] {
        cluster.write(&write(how)).await.unwrap();
    }
    let place = "/api/v1/namespaces/todo/configmaps/r0";
    let form = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    assert_eq!(
        *asked.lock().unwrap(),
        [
            format!("PATCH {place}?fieldManager=todoctl application/merge-patch+json {form} {{\"a\":1}}"),
            format!(
                "PATCH {place}?fieldManager=todoctl&force=true application/apply-patch+yaml {form} {{\"b\":2}}"
            ),
            format!(
                "DELETE {place} application/json {form} {{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\"}}"
            ),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_is_sent_again_only_when_the_server_has_not_begun_it() {
    let busy = |code: u16| (code, json!({"kind": "Status", "code": code, "message": "busy", "reason": "X"}));
    let (cluster, asked) = scripted(vec![busy(429), (200, json!({"metadata": {"resourceVersion": "1"}}))]);
    cluster.create(&lease::look("todo"), &json!({})).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 2);
    for code in [500, 503, 504] {
        let (cluster, asked) = scripted(vec![busy(code)]);
        cluster.create(&lease::look("todo"), &json!({})).await.unwrap_err();
        assert_eq!(asked.lock().unwrap().len(), 1, "{code}");
    }
    let exists =
        (409, json!({"kind": "Status", "code": 409, "reason": "AlreadyExists", "message": "it exists"}));
    let (cluster, _) = scripted(vec![exists]);
    assert!(cluster.create(&lease::look("todo"), &json!({})).await.unwrap_err().already_exists());
}

#[tokio::test]
async fn what_a_group_serves_is_told_and_an_unknown_group_serves_nothing() {
    let group = json!({"kind": "APIGroup", "versions": [{"groupVersion": "dapr.io/v1alpha1"}]});
    let list = json!({"kind": "APIResourceList", "resources": [{"name": "components"}, {"name": "components/status"}]});
    let absent = (404, json!("404 page not found"));
    let (cluster, asked) = scripted(vec![(200, group), (200, list), absent]);
    let served: Vec<String> = cluster.served("dapr.io").await.unwrap().into_iter().collect();
    assert_eq!(served, ["components.dapr.io", "components/status.dapr.io"]);
    assert!(cluster.served("other.io").await.unwrap().is_empty());
    assert_eq!(
        *asked.lock().unwrap(),
        ["/apis/dapr.io", "/apis/dapr.io/v1alpha1", "/apis/other.io"]
            .map(|path| format!("{path} application/json"))
    );
}
