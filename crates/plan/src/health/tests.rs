//! Verdicts over objects as Kubernetes writes them, cut down to what is looked at.

use serde_json::{Value, json};

use super::*;

fn want(kind: WorkloadKind, name: &str) -> Workload {
    Workload { kind, namespace: "todo".into(), name: name.into(), replicas: 2, images: vec![] }
}

fn live(items: &[Value]) -> Live {
    Live::of(items.iter().cloned()).unwrap()
}

fn deployment_object(generation: i64, observed: i64, updated: i64, available: i64, total: i64) -> Value {
    json!({"kind": "Deployment", "metadata": {"name": "web", "namespace": "todo", "uid": "d", "generation": generation,
        "annotations": {"deployment.kubernetes.io/revision": "2", "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "todo"}},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": "a"}]}}},
        "status": {"observedGeneration": observed, "updatedReplicas": updated, "availableReplicas": available, "replicas": total}})
}

fn replica_set(uid: &str, revision: &str) -> Value {
    json!({"kind": "ReplicaSet", "metadata": {"name": uid, "namespace": "todo", "uid": uid, "ownerReferences": [{"uid": "d"}],
        "annotations": {"deployment.kubernetes.io/revision": revision}}})
}

fn pod(name: &str, owner: &str, status: &Value) -> Value {
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": "todo", "uid": name, "ownerReferences": [{"uid": owner}],
        "labels": {"controller-revision-hash": "old", "app.kubernetes.io/instance": "web"}},
        "spec": {"containers": [{"name": "app"}]}, "status": status})
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"containerStatuses": [{"name": "app", "ready": false, "restartCount": 3,
        "state": {"waiting": {"reason": reason, "message": message}}, "lastState": {"terminated": {"exitCode": 1}}}]})
}

fn verdict(items: &[Value]) -> Verdict {
    rolled_out(&want(WorkloadKind::Deployment, "web"), &live(items), None)
}

#[test]
fn an_absent_or_unseen_or_scaled_deployment_is_not_yet_ready() {
    assert_eq!(verdict(&[]), Verdict::not_yet("deployment web does not exist yet"));
    let unseen = verdict(&[deployment_object(3, 2, 2, 2, 2)]);
    assert_eq!(unseen, Verdict::not_yet("deployment web: Kubernetes has not seen the change yet"));
    let mut scaled = deployment_object(3, 3, 0, 0, 0);
    scaled["spec"]["replicas"] = json!(0);
    assert_eq!(verdict(&[scaled]), Verdict::not_yet("deployment web asks for 0 replicas instead of 2"));
}

#[test]
fn only_all_new_and_available_is_ready() {
    assert_eq!(verdict(&[deployment_object(3, 3, 2, 2, 2)]), Verdict::Ready);
    let old_left = verdict(&[deployment_object(3, 3, 2, 2, 3)]);
    assert_eq!(old_left, Verdict::not_yet("deployment web: 1 pod of the old revision still there"));
}

#[test]
fn doomed_pods_of_the_current_revision_are_broken() {
    let items = |owner: &str| {
        vec![
            deployment_object(3, 3, 1, 2, 3),
            replica_set("new", "2"),
            replica_set("old", "1"),
            pod("web-1", owner, &waiting("ImagePullBackOff", "Back-off pulling image \"a\"")),
        ]
    };
    let why = "pod web-1: container app ImagePullBackOff, last exit status 1: Back-off pulling image \"a\""
        .to_owned();
    assert_eq!(
        verdict(&items("new")),
        Verdict::Broken { code: Code::PodImage, why, pods: vec!["web-1".into()] }
    );
    assert!(
        matches!(verdict(&items("old")), Verdict::NotYet { .. }),
        "a pod of the earlier revision proves nothing"
    );
}

#[test]
fn a_dying_pod_a_first_pull_error_and_syncing_caches_are_not_doom() {
    let mut dying = pod("web-1", "new", &waiting("CrashLoopBackOff", ""));
    dying["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let harmless = [
        dying,
        pod("web-1", "new", &waiting("ErrImagePull", "x")),
        // A mirror that lags behind.
        pod(
            "web-1",
            "new",
            &waiting(
                "ErrImagePull",
                "rpc error: code = NotFound desc = failed to pull and unpack image \"r/a:2\": content at https://r/v2/a/blobs/x not found: not found",
            ),
        ),
        pod("web-1", "new", &waiting("CreateContainerConfigError", "failed to sync secret cache: timed out")),
    ];
    for pod in harmless {
        let verdict = verdict(&[deployment_object(3, 3, 1, 2, 3), replica_set("new", "2"), pod.clone()]);
        assert!(matches!(verdict, Verdict::NotYet { .. }), "{pod}: {verdict:?}");
    }
}

#[test]
fn an_image_that_the_registry_does_not_have_is_doom_at_once() {
    for said in [
        "rpc error: code = NotFound desc = failed to resolve reference \"r/a:2\": r/a:2: not found",
        "rpc error: code = NotFound desc = failed to pull and unpack image \"r/a:2\": failed to resolve reference \"r/a:2\": r/a:2: not found",
        "rpc error: code = Unknown desc = Error response from daemon: manifest for r/a:2 not found: manifest unknown: x",
    ] {
        let pod = pod("web-1", "new", &waiting("ErrImagePull", said));
        let verdict = verdict(&[deployment_object(3, 3, 1, 2, 3), replica_set("new", "2"), pod]);
        assert!(matches!(verdict, Verdict::Broken { code: Code::PodImage, .. }), "{verdict:?}");
    }
}

/// A pod of before the start, or one that this run made.
fn pod_made(name: &str, made: &str, status: &Value) -> Value {
    let mut pod = pod(name, "new", status);
    pod["metadata"]["creationTimestamp"] = json!(made);
    pod
}

const STARTED: &str = "2026-11-30T08:20:00Z";
const BEFORE: &str = "2026-11-30T08:19:59Z";

fn runs(since: &str, ready: &str) -> Value {
    json!({"conditions": [{"type": "Ready", "status": ready}], "containerStatuses": [{"name": "app",
        "ready": ready == "True", "restartCount": 1, "state": {"running": {"startedAt": since}}}]})
}

/// Of a Deployment whose status is still that of before: two of two are available.
fn after_start(pods: &[Value], bears: bool) -> Verdict {
    let objects = [deployment_object(3, 3, 2, 2, 2), replica_set("new", "2")];
    let mut live = live(&[&objects, pods].concat());
    let started = STARTED.parse().unwrap();
    live.was_restarted(started);
    rolled_out(&want(WorkloadKind::Deployment, "web"), &live, bears.then_some(started))
}

#[test]
fn after_a_start_of_the_cluster_only_pods_that_were_seen_since_prove_something() {
    let said = |proven: u32| {
        Verdict::not_yet(format!(
            "deployment web: {proven} of 2 pods were seen ready since the cluster was started"
        ))
    };
    let (old, new) = (runs(BEFORE, "True"), runs(STARTED, "True"));
    let of_before = |name: &str, status: &Value| pod_made(name, BEFORE, status);
    assert_eq!(after_start(&[], true), said(0), "a stream has not told yet");
    assert_eq!(after_start(&[of_before("web-1", &new), of_before("web-2", &old)], true), said(1));
    assert_eq!(
        after_start(&[of_before("web-1", &new), of_before("web-2", &runs(STARTED, "False"))], true),
        said(1),
        "the workload's status is of before"
    );
    assert_eq!(after_start(&[of_before("web-1", &new), of_before("web-2", &new)], true), Verdict::Ready);
    let made_since = pod_made("web-2", STARTED, &old);
    assert_eq!(after_start(&[of_before("web-1", &new), made_since], true), Verdict::Ready, "clocks differ");
}

#[test]
fn after_a_start_of_the_cluster_the_first_crashes_of_what_was_there_are_borne() {
    let crash = |made: &str, pause: &str, bears: bool| {
        let status =
            waiting("CrashLoopBackOff", &format!("back-off {pause} restarting failed container=app"));
        after_start(&[pod_made("web-1", made, &status)], bears)
    };
    for pause in ["10s", "20s", "40s"] {
        assert!(matches!(crash(BEFORE, pause, true), Verdict::NotYet { .. }), "{pause}");
    }
    let broken = [
        ("the fourth", crash(BEFORE, "1m20s", true)),
        ("the longest pause", crash(BEFORE, "5m0s", true)),
        ("a pod that this run made", crash(STARTED, "10s", true)),
        ("whether it is broken now", crash(BEFORE, "10s", false)),
    ];
    for (what, verdict) in broken {
        assert!(matches!(verdict, Verdict::Broken { code: Code::PodCrashLoop, .. }), "{what}: {verdict:?}");
    }
    let image = pod_made("web-1", BEFORE, &waiting("ImagePullBackOff", ""));
    let image = after_start(&[image], true);
    assert!(matches!(image, Verdict::Broken { code: Code::PodImage, .. }), "{image:?}");
}

#[test]
fn a_missed_progress_deadline_is_broken() {
    let mut object = deployment_object(3, 3, 1, 2, 3);
    object["status"]["conditions"] = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too slow"}]);
    let why = "deployment web: ProgressDeadlineExceeded: too slow".to_owned();
    assert_eq!(verdict(&[object]), Verdict::Broken { code: Code::ReleaseStalled, why, pods: vec![] });
}

#[test]
fn a_workload_whose_pods_were_not_seen_may_lack_sidecars() {
    let mut asking = deployment_object(3, 3, 2, 2, 2);
    asking["spec"]["template"]["metadata"] = json!({"annotations": {"dapr.io/enabled": "true"}});
    let with_sidecar = |name: &str| {
        let mut pod = pod(name, "new", &json!({}));
        pod["metadata"]["annotations"] = json!({"dapr.io/enabled": "true"});
        pod["spec"]["containers"] = json!([{"name": "app"}, {"name": "daprd"}]);
        pod
    };
    let seen = |pods: &[Value]| verdict(&[&[asking.clone(), replica_set("new", "2")], pods].concat());
    let why = "deployment web: 1 of 2 pods were seen with their Dapr sidecar".to_owned();
    assert_eq!(seen(&[with_sidecar("web-1")]), Verdict::NotYet { code: Code::PodSidecar, why });
    assert_eq!(seen(&[with_sidecar("web-1"), with_sidecar("web-2")]), Verdict::Ready);
}

#[test]
fn a_pod_without_its_sidecar_is_stale() {
    let mut bare = pod("web-1", "new", &json!({}));
    bare["metadata"]["annotations"] = json!({"dapr.io/enabled": "true"});
    let verdict = verdict(&[deployment_object(3, 3, 2, 2, 2), replica_set("new", "2"), bare]);
    let why = "pod web-1 came up without its Dapr sidecar".to_owned();
    assert_eq!(verdict, Verdict::Stale { code: Code::PodSidecar, why, pods: vec!["web-1".into()] });
}

#[test]
fn a_broken_pod_of_an_earlier_stateful_set_revision_is_stale() {
    let set = json!({"kind": "StatefulSet", "metadata": {"name": "web", "namespace": "todo", "uid": "s", "generation": 2},
        "spec": {"replicas": 2}, "status": {"observedGeneration": 2, "updateRevision": "new", "currentRevision": "new", "readyReplicas": 1}});
    let items = vec![set, pod("web-0", "s", &waiting("ImagePullBackOff", ""))];
    let verdict = rolled_out(&want(WorkloadKind::StatefulSet, "web"), &live(&items), None);
    assert!(matches!(&verdict, Verdict::Stale { pods, .. } if pods == &["web-0"]), "{verdict:?}");
    assert!(
        matches!(&verdict, Verdict::Stale { code: Code::PodImage, .. }),
        "what is wrong with it: {verdict:?}"
    );
}

#[test]
fn a_container_that_ran_out_of_memory_says_so_while_it_starts_again() {
    let status = json!({"containerStatuses": [{"name": "app", "ready": false, "started": true, "restartCount": 2,
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]});
    let verdict =
        verdict(&[deployment_object(3, 3, 2, 1, 2), replica_set("new", "2"), pod("web-1", "new", &status)]);
    let why = "deployment web: 1 of 2 pods are ready (pod web-1: container app is not ready, restarted 2 times, \
               killed: out of memory (exit 137))";
    assert_eq!(verdict, Verdict::NotYet { code: Code::PodOutOfMemory, why: why.into() });
}

#[test]
fn a_release_is_gone_when_its_pods_are() {
    let check = Check::Gone { release: "web".into(), namespace: "todo".into(), within_seconds: 1 };
    assert_eq!(judge(&check, &live(&[])), Some(Verdict::Ready));
    let verdict = judge(&check, &live(&[pod("web-1", "new", &json!({}))]));
    assert_eq!(
        verdict,
        Some(Verdict::NotYet {
            code: Code::ReleaseRemains,
            why: "still there of web: 0 workloads, 1 pod".into()
        })
    );
}
