//! The ledger against a sidecar that runs in this process.

use super::*;
use crate::testing::{FakeSidecar, event};

async fn ledger() -> (FakeSidecar, Ledger) {
    let fake = FakeSidecar::start().await;
    let ledger = Ledger::new(fake.client());
    (fake, ledger)
}

fn entry(number: i64, key: &str) -> Entry {
    Entry::of(&event(Kind::Created, number, key), None)
}

#[tokio::test]
async fn without_the_state_store_nothing_is_kept_and_it_is_said() {
    let (fake, ledger) = ledger().await;
    fake.life().down = true;
    assert_eq!(ledger.keep(&entry(1, "milk")).await, Err("connection refused".to_owned()));
    assert_eq!(ledger.find("milk").await, Err("connection refused".to_owned()));
    fake.life().down = false;
    assert_eq!(ledger.find("milk").await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_second_delivery_is_recognised() {
    let (_fake, ledger) = ledger().await;
    let milk = entry(1, "milk");
    assert_eq!(ledger.keep(&milk).await, Ok(true));
    assert_eq!(ledger.keep(&milk).await, Ok(false));
    assert_eq!(ledger.find("milk").await, Ok(vec![milk]));
}

#[tokio::test]
async fn a_failure_between_the_documents_is_mended_by_the_next_delivery() {
    let (fake, ledger) = ledger().await;
    let milk = entry(1, "milk");
    ledger.keep(&milk).await.unwrap();
    fake.life().state.remove(LATEST);
    assert_eq!(ledger.keep(&milk).await, Ok(true));
    assert_eq!(ledger.find("").await, Ok(vec![milk]));
}

#[tokio::test]
async fn a_conflict_loses_nothing() {
    let (fake, ledger) = ledger().await;
    fake.life().conflicts = ATTEMPTS - 1;
    assert_eq!(ledger.keep(&entry(1, "milk")).await, Ok(true));
    fake.life().conflicts = ATTEMPTS;
    let problem = ledger.keep(&entry(2, "bread")).await.unwrap_err();
    assert_eq!(problem, "'task-bread' was changed by others 5 times in a row");
}

#[tokio::test]
async fn two_first_writers_both_stay() {
    let (fake, ledger) = ledger().await;
    let theirs = entry(1, "milk");
    fake.life().overtaken_by = vec![serde_json::to_value([&theirs]).unwrap()];
    let ours = entry(1, "milk");
    assert_eq!(ledger.keep(&ours).await, Ok(true));
    let stored: Vec<Entry> = serde_json::from_value(fake.life().state["task-milk"].0.clone()).unwrap();
    assert_eq!(stored, [theirs, ours]);
}

#[tokio::test]
async fn replicas_answer_alike() {
    let (fake, ledger) = ledger().await;
    let other = Ledger::new(fake.client());
    ledger.keep(&entry(1, "milk")).await.unwrap();
    other.keep(&entry(2, "bread")).await.unwrap();
    assert_eq!(ledger.find("").await, other.find("").await);
    assert_eq!(ledger.find("bread").await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_documents_are_bounded_and_a_whole_name_finds_what_is_old() {
    let (fake, ledger) = ledger().await;
    for number in 0..=i64::try_from(OF_ALL).unwrap() {
        ledger.keep(&entry(number, &format!("task{number}"))).await.unwrap();
    }
    assert_eq!(ledger.find("").await.unwrap().len(), OF_ALL);
    assert_eq!(ledger.find("task0").await.unwrap()[0].task.id, 0);
    // Part of a name finds the latest only; so does a text that can be no name.
    assert_eq!(ledger.find("ask0").await, Ok(Vec::new()));
    assert_eq!(ledger.find("../task0").await, Ok(Vec::new()));
    assert_eq!(ledger.find("buy m").await.unwrap().len(), OF_ALL);
    assert_eq!(fake.life().state.len(), OF_ALL + 2);
}
