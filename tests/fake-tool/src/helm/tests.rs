//! The state machine, against what helm 3.21 and 4.2 do.

use super::*;
use crate::state::{Behaviour, KUBECONFIG};

struct Bench {
    state: State,
    chart: tempfile::TempDir,
}

impl Bench {
    fn new(version: &str) -> Self {
        let chart = tempfile::tempdir().unwrap();
        std::fs::write(chart.path().join("Chart.yaml"), "").unwrap();
        let mut state = State { helm: version.to_owned(), ..State::default() };
        state.namespaces.insert("todo".to_owned());
        Self { state, chart }
    }

    fn call(&mut self, line: &str, stdin: &str) -> Answer {
        let chart = self.chart.path().display().to_string();
        let args = line.split(' ').map(|word| word.replace("CHART", &chart)).collect();
        let call = Call { args, stdin: stdin.to_owned(), kubeconfig: Some(KUBECONFIG.to_owned()), now: 0 };
        run(&mut self.state, &call)
    }

    fn up(&mut self, tag: &str, flags: &str) -> Answer {
        let values = json!({"image": {"repository": "a", "tag": tag}}).to_string();
        self.call(
            &format!("upgrade --install backend CHART -n todo --reset-values --values -{flags}"),
            &values,
        )
    }

    fn statuses(&self) -> Vec<(u32, &str)> {
        self.state.revisions.iter().map(|one| (one.number, one.status.as_str())).collect()
    }
}

#[test]
fn pods_that_fail_leave_a_revision_deployed() {
    let mut bench = Bench::new("v4.2.4");
    assert_eq!(bench.up("1", "").exit, 0);
    bench.state.images.insert("a:2".to_owned(), Behaviour::Crash);
    assert_eq!(bench.up("2", "").exit, 0);
    assert_eq!(bench.statuses(), [(1, "superseded"), (2, "deployed")]);
}

#[test]
fn labels_are_inherited_by_upgrades_and_follow_a_rollback() {
    let mut bench = Bench::new("v4.2.4");
    bench.up("1", " --labels who=one,digest=1");
    bench.up("2", " --labels digest=2");
    assert_eq!(bench.state.revisions[1].labels, parse_labels("who=one,digest=2"));
    assert_eq!(bench.call("rollback backend 1 -n todo", "").exit, 0);
    assert_eq!(bench.state.revisions[2].labels["digest"], "1");
    assert_eq!(bench.state.revisions[2].values["image"]["tag"], "1");
    assert_eq!(bench.statuses(), [(1, "superseded"), (2, "superseded"), (3, "deployed")]);
}

#[test]
fn an_upgrade_without_values_takes_the_old_ones() {
    let mut bench = Bench::new("v4.2.4");
    bench.up("7", "");
    bench.call("upgrade backend CHART -n todo", "");
    assert_eq!(bench.state.revisions[1].values["image"]["tag"], "7");
}

#[test]
fn a_scaled_deployment_conflicts_in_helm_4_and_traps_its_rollback() {
    let mut bench = Bench::new("v4.2.4");
    bench.up("1", "");
    cluster::scale(&mut bench.state, "todo", "backend", 5).unwrap();
    let failed = bench.up("2", "");
    assert!(failed.stderr.starts_with("Error: UPGRADE FAILED: conflict occurred"), "{}", failed.stderr);
    assert_eq!(bench.statuses(), [(1, "deployed"), (2, "failed")]);
    assert_eq!(bench.call("rollback backend 1 -n todo", "").exit, 1);
    assert_eq!(bench.statuses(), [(1, "superseded"), (2, "failed"), (3, "failed")]);
    assert_eq!(bench.call("rollback backend 1 -n todo --force-conflicts", "").exit, 0);
    assert_eq!(cluster::find(&bench.state, "todo", "backend").unwrap().replicas, 2);
}

#[test]
fn helm_3_knows_no_conflicts_and_an_old_one_no_labels() {
    let mut bench = Bench::new("v3.21.4");
    bench.up("1", "");
    cluster::scale(&mut bench.state, "todo", "backend", 5).unwrap();
    assert_eq!(bench.up("2", " --force-conflicts").stderr, "Error: unknown flag: --force-conflicts\n");
    assert_eq!(bench.up("2", "").exit, 0);
    assert_eq!(Bench::new("v3.12.0").up("1", " --labels a=b").stderr, "Error: unknown flag: --labels\n");
}

#[test]
fn helm_4_goes_on_as_helm_3_began_and_then_cannot_force_conflicts() {
    let mut bench = Bench::new("v3.21.4");
    bench.up("1", "");
    "v4.2.4".clone_into(&mut bench.state.helm);
    cluster::scale(&mut bench.state, "todo", "backend", 5).unwrap();
    assert_eq!(bench.up("2", "").exit, 0, "client-side apply knows no conflicts");
    assert!(bench.up("3", " --force-conflicts").stderr.contains("serverSideApply disabled"));
    assert_eq!(bench.up("3", " --server-side=true --force-conflicts").exit, 0);
    assert!(bench.state.revisions.last().unwrap().server_side);
}

#[test]
fn unfinished_releases_refuse_an_upgrade_and_accept_a_rollback() {
    let mut bench = Bench::new("v4.2.4");
    bench.up("1", "");
    bench.up("2", "");
    "pending-upgrade".clone_into(&mut bench.state.revisions[1].status);
    assert!(bench.up("3", "").stderr.contains("another operation (install/upgrade/rollback) is in progress"));
    assert_eq!(bench.call("rollback backend 1 -n todo", "").exit, 0);
    assert_eq!(bench.call("rollback backend 9 -n todo", "").stderr, "Error: release has no 9 version\n");
}

#[test]
fn an_uninstalled_release_with_history_comes_back() {
    let mut bench = Bench::new("v4.2.4");
    bench.up("1", "");
    bench.call("uninstall backend -n todo --keep-history", "");
    assert!(bench.state.deployments.is_empty());
    assert_eq!(bench.call("rollback backend 1 -n todo", "").exit, 0);
    assert_eq!(bench.statuses(), [(1, "uninstalled"), (2, "deployed")]);
    assert_eq!(bench.state.deployments.len(), 1);
    bench.call("uninstall backend -n todo", "");
    assert!(bench.state.revisions.is_empty());
    assert_eq!(bench.call("uninstall backend -n todo", "").exit, 1);
    assert_eq!(bench.call("uninstall backend -n todo --ignore-not-found", "").exit, 0);
}

#[test]
fn ten_revisions_uninstalled_come_back_by_install_alone() {
    let mut bench = Bench::new("v4.2.4");
    for tag in 1..=10 {
        bench.up(&tag.to_string(), "");
    }
    bench.call("uninstall backend -n todo --keep-history", "");
    assert!(bench.up("11", "").stderr.contains("has no deployed releases"));
    assert_eq!(bench.call("install --replace backend CHART -n todo", "").exit, 0);
    assert_eq!(bench.statuses().last(), Some(&(11, "deployed")));
}

#[test]
fn pruning_keeps_the_deployed_revision() {
    let mut bench = Bench::new("v4.2.4");
    for tag in ["1", "2", "3", "4"] {
        bench.up(tag, " --history-max 2");
    }
    assert_eq!(bench.statuses(), [(3, "superseded"), (4, "deployed")]);
}

#[test]
fn a_cluster_that_does_not_run_cannot_be_reached() {
    let mut bench = Bench::new("v4.2.4");
    "stopped".clone_into(&mut bench.state.sandbox);
    assert!(bench.up("1", "").stderr.contains("Kubernetes cluster unreachable"));
    assert_eq!(bench.call("version --template x", "").stdout, "v4.2.4");
}
