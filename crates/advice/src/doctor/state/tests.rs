//! Tests of what is judged of a cluster: worlds and the lines that are told of them.

use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::doctor::{State, told};
use todoctl_plan::world::releases::Revision;

fn world() -> World {
    World::without_cluster("r1", String::new())
}

#[test]
fn what_helm_left_behind_is_told_with_the_command_that_mends_it() {
    let releases = json!({"stuck": {"chart": "c", "order": 6}, "failed": {"chart": "c", "order": 7},
        "foreign": {"chart": "c", "order": 7}, "new": {"chart": "c", "order": 8}});
    let inputs = Inputs::of_releases(&releases);
    let mut world = world();
    for (name, number, status) in [
        ("stuck", 1, "deployed"),
        ("stuck", 2, "pending-upgrade"),
        ("failed", 1, "failed"),
        ("foreign", 3, "deployed"),
    ] {
        let revision = Revision { number, status: Status::from(status), ..Revision::default() };
        world.releases.insert("todo", name, revision);
    }
    insta::assert_snapshot!(told(&super::releases(&inputs, &world)), @r#"
    warning failed: revision 1 failed | todoctl up sim replaces it
    warning foreign: revision 3 was changed by someone else | todoctl verify says how; todoctl up sim puts it back
    ok new: not deployed yet
    failed stuck: release stuck is pending-upgrade (revision 2): another helm works on it, or one was killed | wait for it; if no helm runs any more: helm history stuck -n todo, then helm rollback stuck REVISION -n todo
    "#);
}

#[test]
fn a_missing_value_is_told_with_how_to_give_it_and_never_with_a_value() {
    let profile = json!({"cluster": {"sandbox": {}}, "releases": {"a": {"chart": "c", "order": 6, "secret": "set"}},
        "secrets": {"values": {"url": {"env": "DATABASE_URL", "description": "The database", "schemes": ["postgres"]},
            "made": {"generate": 32}}, "sets": {"set": {"url": "url", "made": "made"}}}});
    let mut inputs = (*Inputs::of_releases(&json!({}))).clone();
    inputs.profile = serde_json::from_value(profile).unwrap();
    inputs.only = ["a".to_owned()].into();
    let mut world = world();
    insta::assert_snapshot!(told(&secrets(&inputs, &world, Ok(()))), @"failed url: neither given nor in the cluster: The database (give it as DATABASE_URL) | Write a file with the line DATABASE_URL=... and pass it as `--env-file FILE`, export the same names, or run `todoctl up` in a terminal to be asked. Keep the file out of git.");
    insta::assert_snapshot!(told(&secrets(&inputs, &world, Err("the cluster does not run"))), @"not checked url: not given, and the cluster does not run: The database (give it as DATABASE_URL) | Write a file with the line DATABASE_URL=... and pass it as `--env-file FILE`, export the same names, or run `todoctl up` in a terminal to be asked. Keep the file out of git.");
    world.given.insert("url".to_owned(), SecretString::from("postgres://CANARY-12@h/d".to_owned()));
    let text = told(&secrets(&inputs, &world, Ok(())));
    insta::assert_snapshot!(text, @"ok secrets: 2 values complete and sound");
    assert!(!text.contains("CANARY"));
}

#[test]
fn dapr_that_is_not_there_yet_is_no_mistake() {
    let inputs = (*Inputs::of_releases(&json!({"dapr": {"chart": "c", "order": 4}}))).clone();
    let profile = todoctl_project::profile::Dapr {
        release: "dapr".into(),
        components: Vec::new(),
        pluggable: Vec::new(),
    };
    let inputs = Inputs {
        profile: todoctl_project::profile::Profile { dapr: Some(profile), ..inputs.profile },
        ..inputs
    };
    let mut world = world();
    let seen =
        DaprSeen { crds: Err("components.dapr.io is not established yet".into()), injector: Some(Ok(())) };
    assert_eq!(dapr(&inputs, &world, Some(&seen))[0].state, State::Ok);
    world.releases.insert(
        "todo",
        "dapr",
        Revision { number: 1, status: Status::Deployed, ..Revision::default() },
    );
    insta::assert_snapshot!(told(&dapr(&inputs, &world, Some(&seen))), @r#"
    failed CRDs: components.dapr.io is not established yet | todoctl up sim applies them
    ok injector: a new pod gets a sidecar
    "#);
}
