//! Records as the cluster has them: order, what this version cannot read, and what is gone.

use serde_json::{Value, json};

use super::*;
use crate::run_record::{Deployed, Ended, Ending};
use crate::world::releases::Status;

fn release(revision: u32, digest: &str) -> ReleaseAt {
    ReleaseAt {
        name: "backend".to_owned(),
        namespace: "todo".to_owned(),
        order: 6,
        revision,
        chart: None,
        digest: Some(digest.to_owned()),
        image: None,
        secret: Some("backend-secrets-1".to_owned()),
        pull: None,
    }
}

fn record(run: &str, started: &str) -> RunRecord {
    RunRecord {
        format: FORMAT,
        run: run.to_owned(),
        profile: "sandbox".to_owned(),
        helm: Some(4),
        todoctl: "0.1.0".to_owned(),
        changed: Vec::new(),
        set: Deployed { releases: vec![release(3, "d3")], ..Deployed::default() }.with_secrets(),
        ending: Some(Ending {
            command: "up".to_owned(),
            outcome: Ended::Deployed,
            cause: None,
            started: started.parse().unwrap(),
            seconds: 1.5,
            holder: "me".to_owned(),
            ci: None,
        }),
    }
}

fn revision(number: u32, digest: &str, secret: &str) -> Revision {
    let labels = [
        (labels::REVISION, number.to_string()),
        (labels::DIGEST, digest.to_owned()),
        (labels::SECRETS, secret.to_owned()),
    ];
    let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Revision { number, status: Status::Superseded, labels }
}

fn parsed(objects: &[Value]) -> Runs {
    Runs::of(objects.to_vec()).unwrap()
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let written = record("20260102-000000-aaaa", "2026-01-02T00:00:00Z");
    let runs = parsed(&[written.object("todo")]);
    assert_eq!(runs.readable().collect::<Vec<_>>(), [&written]);
    let secrets: Vec<&String> = runs.staying().flat_map(|record| &record.set.secrets).collect();
    assert_eq!(secrets, ["backend-secrets-1"]);
}

#[test]
fn the_newest_comes_first_also_within_a_second() {
    let objects = [
        record("20260102-000000-ffff", "2026-01-02T00:00:00.1Z").object("todo"),
        record("20260103-000000-0000", "2026-01-03T00:00:00Z").object("todo"),
        record("20260102-000000-0000", "2026-01-02T00:00:00.9Z").object("todo"),
    ];
    let order: Vec<String> = parsed(&objects).iter().map(|entry| entry.run.clone()).collect();
    assert_eq!(order, ["20260103-000000-0000", "20260102-000000-0000", "20260102-000000-ffff"]);
}

#[test]
fn what_this_version_cannot_read_is_kept_and_said() {
    let mut newer = record("20260103-000000-0000", "2026-01-03T00:00:00Z").object("todo");
    newer["data"][KEY] = json!(r#"{"format": 99}"#);
    let mut cut = record("20260102-000000-0000", "2026-01-02T00:00:00Z").object("todo");
    cut["data"][KEY] = json!(r#"{"format": 1, "run""#);
    let foreign = json!({"metadata": {"name": "x", "labels": {}}, "data": {}});
    let runs = parsed(&[newer, cut, foreign]);
    let whys: Vec<&str> = runs.iter().map(|entry| entry.record.as_ref().unwrap_err().as_str()).collect();
    assert_eq!(whys[0], "a newer todoctl wrote it");
    assert!(whys[1].starts_with("its record is not readable"), "{whys:?}");
    assert_eq!(whys.len(), 2, "what is no record is not listed");
    assert!(Runs::of(vec![json!({})]).is_err());
}

#[test]
fn one_more_record_makes_the_oldest_surplus() {
    let name = |at: usize| format!("202601{at:02}-000000-0000");
    let objects: Vec<Value> =
        (1..=KEPT).map(|at| record(&name(at), "2026-01-02T00:00:00Z").object("todo")).collect();
    assert_eq!(parsed(&objects).surplus(), [object_name(&name(1))]);
    assert!(parsed(&objects[1..]).surplus().is_empty());
}

#[test]
fn the_content_counts_and_not_the_number() {
    let wanted = release(3, "d3");
    let content = "backend-secrets-1";
    let find = |history: &[Revision]| revision_of(&wanted, history).map(|one| one.number);
    assert_eq!(find(&[revision(3, "d3", content), revision(4, "d4", content)]), Some(3));
    assert_eq!(find(&[revision(5, "d3", content), revision(6, "d4", content)]), Some(5), "a copy of it");
    assert_eq!(find(&[revision(3, "other", content)]), None, "the number was given again");
    assert_eq!(find(&[revision(3, "d3", "backend-secrets-2")]), None, "another secret");
    let mut foreign = revision(3, "d3", content);
    foreign.labels.insert(labels::REVISION.to_owned(), "2".to_owned());
    assert_eq!(find(&[foreign]), None, "labels that a foreign upgrade inherited");
}

#[test]
fn everything_that_is_gone_is_listed() {
    let mut wanted = record("20260102-000000-aaaa", "2026-01-02T00:00:00Z");
    wanted.set.objects = vec![crate::run_record::ObjectAt {
        kind: "Component".to_owned(),
        name: "pubsub".to_owned(),
        digest: "d".to_owned(),
        image: None,
    }];
    let nothing = BTreeSet::new();
    insta::assert_snapshot!(missing(&wanted, &Releases::default(), &nothing, &nothing).join("\n"), @r"
    revision 3 of backend is gone
    secret backend-secrets-1 is gone
    secret todoctl-run-20260102-000000-aaaa with the content of the components is gone
    ");
    let mut releases = Releases::default();
    releases.insert("todo", "backend", revision(3, "d3", "backend-secrets-1"));
    let secrets = ["backend-secrets-1"].into();
    assert!(missing(&wanted, &releases, &secrets, &["20260102-000000-aaaa"].into()).is_empty());
}
