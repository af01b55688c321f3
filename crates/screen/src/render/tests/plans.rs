//! Plans made by hand in, whole pages out.

use super::*;
use todoctl_core::invocation::{Invocation, Tool};
use todoctl_plan::plan::{Closing, Plan, PlannedStep};
use todoctl_plan::step::{Change, Decision, Guard, Lane, Reversal, StepId, Undo};

fn step(id: &str, order: u8, change: Change, apply: Vec<Invocation>) -> PlannedStep {
    let (kind, name) = id.split_once('/').unwrap();
    let reason = "nothing refers to it".to_owned();
    let undo = Undo::Nothing { reason, stays: None };
    let decision = Decision { change, apply, undo, ..Decision::none("") };
    let title = format!("{kind} {name}");
    PlannedStep {
        step: StepId::of(kind, name),
        title,
        order,
        needs: Vec::new(),
        lane: Lane::Cluster,
        decision,
        undo: Vec::new(),
    }
}

fn none(why: &str) -> Change {
    Change::None { why: why.to_owned() }
}

fn create(to: &str) -> Change {
    Change::Create { to: to.to_owned() }
}

fn command(tool: Tool, args: &str) -> Invocation {
    Invocation::new(tool, args.split(' '))
}

fn release() -> PlannedStep {
    let upgrade = command(Tool::Helm, "upgrade --install backend charts/backend -n todo -f -").input(
        "{\n  \"image\": {\"tag\": \"3f2a81c04b6d\"},\n  \"existingSecret\": \"backend-secrets-9f3k\"\n}",
    );
    let update = Change::Update {
        from: "revision 4, image 1f0c9a7be2d4".to_owned(),
        to: "revision 5, image 3f2a81c04b6d, secret backend-secrets-9f3k".to_owned(),
    };
    let mut release = step("release/backend", 6, update, vec![upgrade]);
    let note = "changed by someone else: deployment backend asks for 5 replicas instead of 2";
    release.decision.notes = vec![note.to_owned()];
    release.decision.undo = Undo::Commands {
        reversals: vec![Reversal::Release {
            release: "backend".to_owned(),
            namespace: "todo".to_owned(),
            to: Some(4),
            keep_history: true,
        }],
        follows: Vec::new(),
        guard: Guard::Always,
        checks: Vec::new(),
        returns: None,
        stays: None,
    };
    release.undo = vec![command(Tool::Helm, "rollback backend 4 -n todo")];
    release
}

fn plan() -> Plan {
    let image = "sandbox.local/todo/backend:3f2a81c04b6d";
    let build = format!("image build -t {image} -f sample/Dockerfile sample/backend");
    let build = command(Tool::Project("sandbox/sandbox".into()), &build);
    let secret = "{\"data\":\"CANARY-51d2\"}".to_owned();
    let secret = command(Tool::Kubectl, "create -n todo -f -").secret_input(secret.into());
    let removal = Change::Remove { from: "revision 2".to_owned() };
    let uninstall = command(Tool::Helm, "uninstall audit -n todo --keep-history");
    let label = command(Tool::Kubectl, "label secret sh.helm.release.v1.backend.v5");
    Plan {
        profile: "sandbox".to_owned(),
        cluster: Some("todoctl-sandbox".to_owned()),
        known_after_start: false,
        steps: vec![
            step("namespace/todo", 1, none("namespace todo is there"), Vec::new()),
            step("image/backend", 2, create(image), vec![build]),
            step("image/frontend", 2, none("sandbox.local/todo/frontend:77aa03c1d9e5 is there"), Vec::new()),
            step("secret/backend-secrets", 3, create("backend-secrets-9f3k"), vec![secret]),
            release(),
            step("release/audit", 7, removal, vec![uninstall]),
            step("release/frontend", 8, none("revision 3 is current"), Vec::new()),
        ],
        content: Vec::new(),
        closing: vec![Closing::new("mark revision 5 of backend as verified".to_owned(), vec![label])],
    }
}

#[test]
fn a_plan_for_people() {
    insta::assert_snapshot!("plan", plan::text(&plan(), false));
    insta::assert_snapshot!("plan-verbose", plan::text(&plan(), true));
}

#[test]
fn a_plan_for_programs() {
    insta::assert_snapshot!("plan-json", serde_json::to_string_pretty(&plan::json(&plan())).unwrap());
}

#[test]
fn a_plan_without_changes_says_so() {
    let mut plan = plan();
    plan.steps.retain(|step| step.decision.change.is_none());
    plan.closing.clear();
    insta::assert_snapshot!("plan-empty", plan::text(&plan, false));
}

#[test]
fn a_plan_for_a_cluster_that_is_down_says_what_is_not_known() {
    let mut plan = plan();
    plan.steps.retain(|step| step.decision.change.is_none());
    plan.closing.clear();
    (plan.cluster, plan.known_after_start) = (None, true);
    let start = command(Tool::Project("sandbox/sandbox".into()), "start");
    plan.steps.insert(0, step("cluster/sandbox", 1, create("running"), vec![start]));
    insta::assert_snapshot!("plan-cluster-down", plan::text(&plan, false));
}

#[test]
fn a_plan_shows_no_secret_and_obeys_no_foreign_text() {
    let mut plan = plan();
    plan.steps[0].decision.notes.push("\u{1b}]52;c;ZXZpbA==\u{7}\n::error::x \u{202e}".to_owned());
    plan.closing[0].commands[0].args.push("\u{1b}[2J".to_owned());
    let verbose = plan::text(&plan, true);
    let json = plan::json(&plan).to_string();
    for text in [&verbose, &json] {
        assert!(!text.contains("CANARY"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
    assert!(!verbose.contains('\u{202e}') && !verbose.contains("52;c"), "{verbose}");
    assert!(!verbose.lines().any(|line| line.trim_start().starts_with("::")), "{verbose}");
}

#[test]
fn the_commands_of_a_plan_are_those_of_its_steps() {
    let json = plan::json(&plan());
    let lines: Vec<String> = plan().commands().map(Invocation::line).collect();
    assert_eq!(json["commands"], serde_json::json!(lines));
    let text = plan::text(&plan(), false);
    assert!(lines.iter().all(|line| text.contains(&format!("$ {line}\n"))), "{text}");
}
