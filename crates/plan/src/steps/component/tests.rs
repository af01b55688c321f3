//! Worlds and what is decided of one object in them, the refusals first.

use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::world::components::Components;
use crate::world::{self, Access};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_project::dapr::testing;

const STORE: &str = "\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: statestore}
spec:
  type: state.postgresql
  version: v2
  metadata: [{name: connectionString, secretKeyRef: {name: dapr-secrets, key: database-url}}]
scopes: [backend]
";

fn inputs() -> Arc<Inputs> {
    Arc::new(Inputs::of_dapr(testing::read(STORE).unwrap()))
}

fn world(url: Option<&str>, live: &Value) -> World {
    let mut world = World::without_cluster("r1", String::new());
    world.cluster =
        world::Cluster::Running(Access { kubeconfig: "/k".into(), context: "sim".into(), node: "n".into() });
    world.given =
        url.map(|url| ("database-url".to_owned(), SecretString::from(url.to_owned()))).into_iter().collect();
    world.components = Components::of(live.as_array().unwrap()).unwrap();
    world
}

fn decide(inputs: &Arc<Inputs>, world: &World) -> Result<Decision, Diagnostic> {
    ComponentStep::new(inputs, &inputs.dapr.objects[0]).decide(world)
}

fn refused(world: &World) -> String {
    decide(&inputs(), world).unwrap_err().what
}

#[test]
fn values_that_end_the_sidecar_are_refused_and_not_shown() {
    assert_eq!(
        refused(&world(None, &json!([]))),
        "objects.yaml:7: component statestore refers to dapr-secrets, database-url, which has no value"
    );
    let error = decide(&inputs(), &world(Some("postgresql+asyncpg://u:CANARY@h/d"), &json!([]))).unwrap_err();
    assert_eq!(
        error.what,
        "objects.yaml:7: database-url is not a connection string that Dapr's PostgreSQL accepts \
         (postgres://… or host=…)"
    );
    assert!(!format!("{error:?}").contains("CANARY"));
    for good in ["postgres://u:p@h/d", "PostgreSQL://h/d", "host=h user=u"] {
        assert!(decide(&inputs(), &world(Some(good), &json!([]))).is_ok(), "{good}");
    }
}

#[test]
fn without_dapr_and_without_its_release_nothing_can_be_applied() {
    let mut inputs = Arc::unwrap_or_clone(inputs());
    inputs.only = ["backend".to_owned()].into();
    let mut world = world(Some("postgres://h/d"), &json!([]));
    world.components = Components::default();
    let error = decide(&Arc::new(inputs), &world).unwrap_err();
    assert_eq!(error.what, "component statestore needs Dapr, and Kubernetes does not know its kinds");
    assert!(decide(&self::inputs(), &world).is_ok(), "the release of Dapr brings them in the same run");
}

#[test]
fn an_object_of_another_profile_is_left_alone() {
    let live = json!([{"kind": "Component", "metadata": {"name": "statestore",
        "labels": {labels::PROFILE: "oke"}}, "spec": {}}]);
    assert_eq!(refused(&world(Some("postgres://h/d"), &live)), "component statestore belongs to profile oke");
}

#[test]
fn what_does_not_exist_is_made_and_deleted_again() {
    let decision = decide(&inputs(), &world(Some("postgres://h/d"), &json!([]))).unwrap();
    assert_eq!(decision.change, Change::Create { to: "state.postgresql v2".into() });
    let Undo::Commands { reversals, .. } = &decision.undo else { panic!("it is undone") };
    assert_eq!(
        reversals[..],
        [Reversal::Delete {
            kind: "components.dapr.io".into(),
            namespace: "todo".into(),
            names: vec!["statestore".into()]
        }]
    );
}

#[test]
fn a_foreign_object_is_replaced_with_a_note_and_comes_back() {
    let live = json!([{"kind": "Component", "metadata": {"name": "statestore", "uid": "1"},
        "spec": {"type": "state.redis", "version": "v1", "metadata": [{"name": "redisHost", "value": "r:1"}]}}]);
    let decision = decide(&inputs(), &world(Some("postgres://h/d"), &live)).unwrap();
    assert_eq!(
        decision.change,
        Change::Update {
            from: "state.redis v1".into(),
            to: "state.postgresql v2, other connectionString, redisHost, scopes".into()
        }
    );
    assert_eq!(
        decision.notes,
        ["component statestore is there already, made by someone else; it will be replaced"]
    );
    let Undo::Commands { reversals, .. } = &decision.undo else { panic!("it is undone") };
    let [Reversal::Restore { objects }] = &reversals[..] else { panic!("{reversals:?}") };
    assert_eq!(objects[0]["spec"], live[0]["spec"]);
}

#[test]
fn the_same_content_is_left_alone_and_another_secret_is_not() {
    let inputs = inputs();
    let empty = world(Some("postgres://h/d"), &json!([]));
    let live = json!([manifest(&inputs, &inputs.dapr.objects[0], &empty)]);
    let same = world(Some("postgres://h/d"), &live);
    assert_eq!(decide(&inputs, &same).unwrap().change, Change::None { why: "has this content".into() });
    let digest = scope_digest(&inputs, "backend", &same);
    let mut rotated = world(Some("postgres://h/d"), &live);
    rotated.seed = [1; 32];
    let change = decide(&inputs, &rotated).unwrap().change;
    assert_eq!(
        change,
        Change::Update {
            from: "state.postgresql v2".into(),
            to: "state.postgresql v2, other connectionString".into()
        }
    );
    assert_ne!(scope_digest(&inputs, "backend", &rotated), digest, "the sidecar of backend starts anew");
    assert_eq!(scope_digest(&inputs, "frontend", &rotated), scope_digest(&inputs, "frontend", &same));
}
