//! The states of a Minikube cluster, in answers as the real one gives them.

use super::*;

const RUNNING: &str = r#"{"Name":"minikube","Host":"Running","Kubelet":"Running","APIServer":"Running","Kubeconfig":"Configured","Worker":false}"#;

fn minikube() -> Minikube {
    serde_yaml::from_str("{cpus: 2, memory-mb: 4096, driver: none}").unwrap()
}

fn answer(status: i32, text: &str) -> Output {
    Output { status: Some(status), stdout: text.as_bytes().to_vec(), ..Output::default() }
}

fn profiles(cpus: u32, version: &str) -> String {
    format!(
        r#"{{"invalid":[],"valid":[{{"Name":"minikube","Status":"OK","Config":{{"Name":"minikube","Memory":4096,"CPUs":{cpus},"DiskSize":20000,"Driver":"none","KubernetesConfig":{{"KubernetesVersion":"{version}","ContainerRuntime":"containerd"}},"Nodes":[{{"Name":"","IP":"10.246.0.2","Port":8443,"ControlPlane":true,"Worker":true}}]}},"Active":false,"ActiveKubeContext":true}}]}}"#
    )
}

fn found(status: &Output, profiles: &str) -> Result<Found, String> {
    let provider = MinikubeProvider { profile: "local".to_owned(), minikube: minikube() };
    provider.found(&[status.clone(), answer(0, profiles)])
}

fn state(status: &Output, profiles: &str) -> String {
    match found(status, profiles).unwrap().cluster {
        ClusterState::Running(reach) => format!("runs at {}", reach.node),
        ClusterState::Down(down) => down.state,
    }
}

#[test]
fn every_state_has_its_words() {
    let known = profiles(2, "v1.34.4");
    let with = |from: &str, to: &str| RUNNING.replace(from, to);
    let stopped = with("Running", "Stopped").replace("Configured", "Stopped");
    let paused =
        with(r#"Kubelet":"Running","APIServer":"Running"#, r#"Kubelet":"Stopped","APIServer":"Paused"#);
    let lost = with(r#""Configured""#, r#""Misconfigured""#);
    let dead = with(r#"APIServer":"Running"#, r#"APIServer":"Stopped"#);
    let gone = with("Running", "Nonexistent").replace("Configured", "Nonexistent");
    let several = format!(
        r#"[{RUNNING},{{"Name":"minikube-m02","Host":"Stopped","Kubelet":"Stopped","APIServer":"Irrelevant","Kubeconfig":"Irrelevant","Worker":true}}]"#
    );
    let events = format!("{{\"type\":\"io.k8s.sigs.minikube.info\",\"data\":{{}}}}\n{RUNNING}");
    for (exit, status, words) in [
        (0, RUNNING, "runs at 10.246.0.2"),
        (0, &events, "runs at 10.246.0.2"),
        (7, &stopped, "is stopped"),
        (2, &paused, "is paused"),
        (4, &lost, "runs, but the kubeconfig does not lead to it"),
        (2, &dead, "runs in part: machine running, kubelet running, API server stopped"),
        (7, &gone, "is half-made: its machine does not exist"),
        (7, &several, "is stopped"),
        (7, "[]", "is half-made: it has no node"),
    ] {
        assert_eq!(state(&answer(exit, status), &known), words, "{status}");
    }
}

#[test]
fn no_profile_is_told_by_the_exit_status_alone() {
    let events =
        r#"{"type":"io.k8s.sigs.minikube.info","data":{"message":"Profile \"minikube\" not found."}}"#;
    let none = r#"{"invalid":[],"valid":[]}"#;
    assert_eq!(state(&answer(NO_PROFILE, events), none), "does not exist");
    let cut = r#"{"invalid":[{"Name":"minikube","Status":"","Config":null}],"valid":[]}"#;
    assert_eq!(state(&answer(NO_PROFILE, events), cut), "does not exist (a start was cut off)");
}

#[test]
fn a_failed_read_is_no_absence() {
    let error =
        r#"{"type":"io.k8s.sigs.minikube.error","data":{"message":"list profiles: permission denied"}}"#;
    assert_eq!(
        found(&answer(NO_PROFILE, ""), error).unwrap_err(),
        "minikube's list of profiles cannot be read (missing field `valid` at line 1 column 91):\n\
         list profiles: permission denied"
    );
    let unknown = found(&answer(0, "…"), &profiles(2, "v1.34.4")).unwrap_err();
    assert!(unknown.starts_with("its status cannot be read (expected value"), "{unknown}");
    let broken = r#"{"type":"io.k8s.sigs.minikube.error","data":{"message":"Error getting cluster config"}}"#;
    let invalid = r#"{"invalid":[{"Name":"minikube"}],"valid":[]}"#;
    let unfit = found(&answer(38, broken), invalid).unwrap().unfit.unwrap();
    assert_eq!(unfit.what, "cluster minikube is half-made: minikube cannot use its files");
    assert_eq!(unfit.evidence, ["Error getting cluster config"]);
}

#[test]
fn a_cluster_that_was_made_otherwise_is_not_fit() {
    assert_eq!(found(&answer(0, RUNNING), &profiles(2, "v1.34.4")).unwrap().unfit, None);
    let other = profiles(6, "v1.33.1").replace("4096", "12288").replace(r#""none""#, r#""docker""#);
    insta::assert_debug_snapshot!(
        found(&answer(0, RUNNING), &other.replace("containerd", "crio")).unwrap().unfit
    );
}
