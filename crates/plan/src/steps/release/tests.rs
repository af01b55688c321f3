//! World to decision, for one release: the commands, the notes and the undo of each state it may be in.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::step::Undo;
use crate::steps::content::digest_of;
use crate::tool::reversal::Reverser;
use crate::world;
use crate::world::live::Live;
use crate::world::releases::Status;
use todoctl_core::workload::WorkloadKind;

const REFERENCE: &str = "app:1";

fn inputs(values: &Value) -> Arc<Inputs> {
    Inputs::of_releases(&json!({"web": {"chart": "charts/web", "order": 6, "set": values}}))
}

fn workload(replicas: u32) -> Workload {
    Workload {
        kind: WorkloadKind::Deployment,
        namespace: "todo".into(),
        name: "web".into(),
        replicas,
        images: vec![REFERENCE.into()],
    }
}

/// A healthy Deployment of the release, with this many replicas.
fn live(replicas: u32, available: u32) -> Live {
    let object = json!({"kind": "Deployment", "metadata": {"name": "web", "namespace": "todo", "uid": "d", "generation": 1,
        "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "todo"}},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"image": REFERENCE}]}}},
        "status": {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "availableReplicas": available}});
    Live::of([object]).unwrap()
}

fn world(inputs: &Inputs, revisions: &[(u32, &str, Made)], live: Live) -> World {
    let mut world = World::without_cluster("r1", String::new());
    world.cluster =
        world::Cluster::Running(Access { kubeconfig: "/k".into(), context: "sim".into(), node: "n".into() });
    world.live = live;
    let digest = digest_of(inputs, "web", &upgrade(inputs, "web", &world));
    for (number, status, made) in revisions {
        let mut labels = BTreeMap::from([
            (labels::DIGEST.to_owned(), digest.clone()),
            (labels::LIVE.to_owned(), fingerprint(&[workload(2)])),
        ]);
        let written_for = if *made == Made::ByOthers { number - 1 } else { *number };
        labels.insert(labels::REVISION.to_owned(), written_for.to_string());
        if *made != Made::Unverified {
            labels.insert(labels::VERIFIED.to_owned(), written_for.to_string());
        }
        world.releases.insert(
            "todo",
            "web",
            Revision { number: *number, status: Status::from(*status), labels },
        );
    }
    let target = (!revisions.is_empty()).then(|| vec![workload(2)]);
    world.manifests.insert(
        "web".into(),
        Manifests { wanted: Some(Ok(vec![workload(2)])), target, ..Manifests::default() },
    );
    world
}

/// How a revision came to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    Verified,
    Unverified,
    ByOthers,
}

/// A decision in a few lines.
fn told(inputs: &Arc<Inputs>, world: &World) -> String {
    let decision = match ReleaseStep::new(inputs, "web").decide(world) {
        Ok(decision) => decision,
        Err(error) => return format!("error: {error}\nevidence: {:?}\nhint: {}", error.evidence, error.fix),
    };
    let mut lines = vec![match &decision.change {
        Change::None { why } => format!("none: {why}"),
        Change::Create { to } => format!("create: {to}"),
        Change::Update { from, to } => format!("update: {from} -> {to}"),
        Change::Remove { from } => format!("remove: {from}"),
    }];
    let short = |command: &Invocation| {
        let force = if command.args.iter().any(|arg| arg == "--force-conflicts") { " (force)" } else { "" };
        let words: Vec<&str> = command
            .args
            .iter()
            .map(String::as_str)
            .take_while(|arg| !arg.starts_with("--n"))
            .filter(|arg| !arg.starts_with("--i"))
            .collect();
        format!("{}{force}", words.join(" "))
    };
    lines.extend(decision.apply.iter().map(|command| format!("apply: {}", short(command))));
    lines.extend(decision.notes.iter().map(|note| format!("note: {note}")));
    lines.push(format!("checks: {}", decision.checks.len()));
    let reverser = Reverser::new(world.helm_major, world.cluster.access().unwrap());
    lines.push(match &decision.undo {
        Undo::Nothing { reason, .. } => format!("undo: nothing, {reason}"),
        Undo::Commands { checks, returns, .. } => format!(
            "undo: {}; {} checks; returns {:?}",
            reverser.undo(&decision.undo).iter().map(short).collect::<Vec<_>>().join(", "),
            checks.len(),
            returns.as_ref().map(|one| (one.revision, one.verified))
        ),
    });
    lines.join("\n")
}

#[test]
fn the_same_inputs_verified_and_healthy_change_nothing() {
    let inputs = inputs(&json!({}));
    let world = world(&inputs, &[(3, "deployed", Made::Verified)], live(2, 2));
    insta::assert_snapshot!(told(&inputs, &world), @r"
    none: revision 3 is current
    checks: 0
    undo: nothing, nothing was changed
    ");
}

#[test]
fn the_same_inputs_not_yet_ready_are_waited_for_and_not_upgraded() {
    let inputs = inputs(&json!({}));
    let world = world(&inputs, &[(3, "deployed", Made::Verified)], live(2, 1));
    insta::assert_snapshot!(told(&inputs, &world), @r"
    none: revision 3 is current
    checks: 1
    undo: nothing, nothing was changed
    ");
}

#[test]
fn an_absent_release_is_created_and_its_undo_is_an_uninstall() {
    let inputs = inputs(&json!({}));
    let world = world(&inputs, &[], Live::default());
    insta::assert_snapshot!(told(&inputs, &world), @r"
    create: revision 1
    apply: upgrade web charts/web
    checks: 1
    undo: uninstall web; 1 checks; returns None
    ");
}

#[test]
fn other_inputs_are_an_upgrade_that_goes_back_to_the_current_revision() {
    let old = inputs(&json!({}));
    let world =
        world(&old, &[(2, "superseded", Made::Verified), (3, "deployed", Made::Verified)], live(2, 2));
    insta::assert_snapshot!(told(&inputs(&json!({"a": 1})), &world), @r"
    update: revision 3 -> revision 4, other chart or values
    apply: upgrade web charts/web
    checks: 1
    undo: rollback web 3 (force); 1 checks; returns Some((3, true))
    ");
}

#[test]
fn a_release_that_somebody_scaled_is_upgraded_by_force() {
    let inputs = inputs(&json!({}));
    let world = world(&inputs, &[(3, "deployed", Made::Verified)], live(0, 0));
    insta::assert_snapshot!(told(&inputs, &world), @r"
    update: revision 3 -> revision 4
    apply: upgrade web charts/web (force)
    note: changed by someone else: deployment web has 0 replicas instead of 2
    checks: 1
    undo: rollback web 3 (force); 1 checks; returns Some((3, true))
    ");
}

#[test]
fn a_foreign_upgrade_is_named_and_replaced_and_comes_back_if_that_fails() {
    let inputs = inputs(&json!({}));
    let world =
        world(&inputs, &[(3, "superseded", Made::Verified), (4, "deployed", Made::ByOthers)], live(2, 2));
    insta::assert_snapshot!(told(&inputs, &world), @r"
    update: revision 4 -> revision 5
    apply: upgrade web charts/web (force)
    note: revision 4 was made by someone else; it will be replaced
    checks: 1
    undo: rollback web 4 (force); 1 checks; returns Some((4, false))
    ");
}

#[test]
fn a_failed_revision_is_never_the_target_of_an_undo() {
    let old = inputs(&json!({}));
    let world =
        world(&old, &[(3, "superseded", Made::Verified), (4, "failed", Made::Unverified)], live(2, 2));
    insta::assert_snapshot!(told(&inputs(&json!({"a": 1})), &world), @r"
    update: revision 4 (failed) -> revision 5, other chart or values
    apply: upgrade web charts/web
    checks: 1
    undo: rollback web 3 (force); 1 checks; returns Some((3, true))
    ");
}

#[test]
fn a_revision_that_never_worked_comes_back_unproven_and_that_is_said() {
    let old = inputs(&json!({}));
    let world = world(&old, &[(1, "failed", Made::Unverified)], live(2, 2));
    insta::assert_snapshot!(told(&inputs(&json!({"a": 1})), &world), @r"
    update: revision 1 (failed) -> revision 2, other chart or values
    apply: upgrade web charts/web
    note: if this fails, revision 1 comes back although it was never verified
    checks: 1
    undo: rollback web 1 (force); 0 checks; returns Some((1, false))
    ");
}

#[test]
fn a_release_that_helm_is_still_working_on_is_refused_with_the_way_out() {
    let old = inputs(&json!({}));
    let world = world(
        &old,
        &[(3, "superseded", Made::Verified), (4, "pending-upgrade", Made::Unverified)],
        live(2, 2),
    );
    insta::assert_snapshot!(told(&inputs(&json!({"a": 1})), &world), @r"
    error: release web is pending-upgrade (revision 4): another helm works on it, or one was killed
    evidence: []
    hint: wait for it; if no helm runs any more: helm rollback web 3 -n todo
    ");
}

#[test]
fn a_chart_that_does_not_render_is_refused() {
    let inputs = inputs(&json!({}));
    let mut world = world(&inputs, &[], Live::default());
    world
        .manifests
        .insert("web".into(), Manifests { wanted: Some(Err("parse error".into())), ..Manifests::default() });
    insta::assert_snapshot!(told(&inputs, &world), @r#"
    error: chart charts/web does not render for release web
    evidence: ["parse error"]
    hint: mend the chart or its values; the message above names the file and the line
    "#);
}
