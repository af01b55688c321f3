//! Rows and findings over a small profile, and that no value is in either.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use todoctl_core::labels;
use todoctl_plan::world::releases::{Revision, Status};
use todoctl_plan::world::secrets;

const CANARY: &str = "CANARY-4471";

fn inputs() -> Arc<Inputs> {
    let inputs =
        Inputs::of_releases(&json!({"backend": {"chart": "c", "order": 6, "secret": "backend-secrets"}}));
    let mut inputs = Arc::unwrap_or_clone(inputs);
    inputs.profile.secrets = serde_json::from_value(json!({
        "values": {"auth": {"min-length": 20}, "url": {"env": "URL"}, "dapr": {"from": "url", "form": "postgres"},
            "nowhere": {"optional": true}},
        "sets": {"backend-secrets": {"auth": "auth", "url": "url", "dapr": "dapr"}, "other-secrets": {"auth": "auth"}},
    }))
    .unwrap();
    Arc::new(inputs)
}

fn version(set: &str, suffix: &str, created: &str, values: &[(&str, &str)]) -> Value {
    let data: serde_json::Map<String, Value> =
        values.iter().map(|(key, value)| ((*key).to_owned(), json!(STANDARD.encode(value)))).collect();
    json!({"metadata": {"name": format!("{set}-{suffix}"), "creationTimestamp": created,
        "labels": {labels::SECRET: set}}, "data": data})
}

fn world(versions: &[Value], revisions: &[(u32, &str)]) -> World {
    let mut world = World::without_cluster("run", String::new());
    world.secrets = secrets::of(versions.to_vec()).unwrap();
    for (number, version) in revisions {
        let labels = [(labels::SECRETS.to_owned(), (*version).to_owned())].into();
        let revision = Revision { number: *number, status: Status::Superseded, labels };
        world.releases.insert("todo", "backend", revision);
    }
    world
}

#[test]
fn rows_say_what_uses_a_version_and_how_old_it_is() {
    let versions = [
        version("backend-secrets", "a", "2026-01-01T00:00:00Z", &[("auth", CANARY)]),
        version("backend-secrets", "b", "2026-01-02T00:00:00Z", &[("auth", CANARY)]),
        version("backend-secrets", "c", "2026-01-02T23:00:00Z", &[("auth", CANARY), ("url", CANARY)]),
    ];
    let world =
        world(&versions, &[(1, "backend-secrets-a"), (2, "backend-secrets-a"), (4, "backend-secrets-a")]);
    let rows = rows(&inputs(), &world);
    let now = "2026-01-03T00:00:00Z".parse().unwrap();
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.version.as_deref().unwrap_or("-"), row.age(now), row.keys.join(","), row.users()))
        .collect();
    let expected = [
        ("backend-secrets-c", "1h", "auth,url", "the next up"),
        ("backend-secrets-b", "1d", "auth", "nothing"),
        ("backend-secrets-a", "2d", "auth", "backend 1-2, 4"),
        ("-", "-", "auth", "nothing yet"),
    ];
    let expected = expected.map(|(a, b, c, d)| (a, b.to_owned(), c.to_owned(), d.to_owned()));
    assert_eq!(seen, expected);
    assert!(!format!("{rows:?}{}", serde_json::to_string(&rows).unwrap()).contains("CANARY"));
}

#[test]
fn findings_name_what_is_wrong_and_no_value() {
    let versions = [
        version("backend-secrets", "a", "2026-01-01T00:00:00Z", &[("auth", CANARY)]),
        version("backend-secrets", "b", "2026-01-02T00:00:00Z", &[("auth", CANARY)]),
        version("other-secrets", "a", "2026-01-02T00:00:00Z", &[("auth", "CANARY of twenty characters")]),
    ];
    let found = findings(&inputs(), &world(&versions, &[]));
    let lines: Vec<String> =
        found.iter().map(|one| format!("{} {}: {}", one.kind, one.name, one.message)).collect();
    assert_eq!(
        lines,
        [
            "missing url: is neither given nor in the cluster",
            "malformed auth: in backend-secrets-b, key auth: 11 characters, at least 20 are needed",
            "apart auth: is not the same in backend-secrets-b and other-secrets-a; the next up makes it so",
            "unused nowhere: is a value of no set in `secrets.sets`",
            "unused other-secrets: is named by no release and no component",
            "unused backend-secrets-a: is referred to by nothing; the next up that changes something removes it",
        ]
    );
    assert!(!lines.join("").contains("CANARY"));
}

#[test]
fn a_kept_url_from_which_nothing_can_be_derived_is_found() {
    let long = "x".repeat(20);
    let values = [("auth", long.as_str()), ("url", "mysql://CANARY")];
    let found = findings(&inputs(), &world(&[version("backend-secrets", "a", "", &values)], &[]));
    assert_eq!(
        found[0].message,
        "in backend-secrets-a, key url: dapr cannot be derived from it: it is not a URL of PostgreSQL: postgresql://, \
         postgres:// or postgresql+DRIVER://"
    );
    assert_eq!(found[0].kind, "malformed");
}
