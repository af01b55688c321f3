//! Contenders for one Lease, against the fake API server in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use fake_tool::api;
use fake_tool::state::State as World;
use http_body_util::BodyExt;
use serde_json::json;

use super::*;
use crate::cluster::{Body, Client};
use todoctl_plan::world::lease::{FORMAT, Holder, OpenRun};

/// A cluster in memory, and whether it answers.
#[derive(Default)]
struct Memory {
    world: Mutex<World>,
    is_away: std::sync::atomic::AtomicBool,
}

impl Memory {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    async fn answer(&self, request: http::Request<Body>) -> std::io::Result<http::Response<Body>> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(std::io::Error::other("away"));
        }
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        let request = api::Request {
            method: head.method.to_string(),
            path: head.uri.to_string(),
            body: String::from_utf8_lossy(&body).into_owned(),
            ..api::Request::default()
        };
        let answer = api::answer(&mut self.world(), &request);
        let response = http::Response::builder().status(answer.status);
        response.body(Body::from(answer.body.into_bytes())).map_err(std::io::Error::other)
    }
}

fn cluster() -> (Arc<Memory>, Connection) {
    let memory = Arc::new(Memory::default());
    memory.world().namespaces.insert("todo".to_owned());
    let answering = Arc::clone(&memory);
    let service = tower::service_fn(move |request| {
        let memory = Arc::clone(&answering);
        async move { memory.answer(request).await }
    });
    (memory, Connection::over(Client::new(service, "todo")))
}

fn holder(name: &str) -> Holder {
    Holder {
        identity: name.to_owned(),
        command: "up".to_owned(),
        who: format!("{name}@elsewhere"),
        url: None,
        since: Timestamp::UNIX_EPOCH,
        boot: String::new(),
        pid_namespace: String::new(),
        pid: 1,
        started: 1,
        lock: None,
    }
}

fn objects(holder: &Holder) -> Claimed {
    let open = OpenRun {
        format: FORMAT,
        run: holder.identity.clone(),
        command: "up".to_owned(),
        profile: "p".to_owned(),
        version: "0".to_owned(),
        who: holder.who.clone(),
        since: holder.since,
        has_content: false,
        steps: Vec::new(),
    };
    let lease = lease::object("todo", holder, &open, Timestamp::UNIX_EPOCH).unwrap();
    Claimed { namespace: None, content: None, lease }
}

async fn claimed(cluster: &Connection, name: &str) -> Option<Arc<Lock>> {
    let holder = holder(name);
    match claim(cluster, "todo", &holder, &objects(&holder), None).await.unwrap() {
        Claim::Held(lock) => Some(lock),
        Claim::Taken => None,
    }
}

/// Takes over what somebody has left, as a command that finds it does.
async fn inherited(cluster: &Connection, name: &str) -> Option<Arc<Lock>> {
    let seen = read(cluster, "todo").await.unwrap().filter(Lease::is_nobodys)?;
    take_over(cluster, "todo", &seen, &holder(name), None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_contenders_never_two_hold_it() {
    let (memory, cluster) = cluster();
    let inside = Arc::new(AtomicUsize::new(0));
    let held = Arc::new(AtomicUsize::new(0));
    let contenders = (0..50).map(|number| {
        let cluster = cluster.clone();
        let (inside, held) = (Arc::clone(&inside), Arc::clone(&held));
        tokio::spawn(async move {
            for attempt in 0..50 {
                let name = format!("{number}.{attempt}");
                let lock = match inherited(&cluster, &name).await {
                    Some(lock) => Some(lock),
                    None => claimed(&cluster, &name).await,
                };
                let Some(lock) = lock else { continue };
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two hold it");
                held.fetch_add(1, Ordering::SeqCst);
                lock.gate().await.unwrap();
                inside.fetch_sub(1, Ordering::SeqCst);
                // Every third run is stuck and leaves its work to the next.
                if number % 3 == 0 { lock.leave().await.unwrap() } else { lock.release().await.unwrap() }
            }
        })
    });
    for contender in contenders.collect::<Vec<_>>() {
        contender.await.unwrap();
    }
    assert!(held.load(Ordering::SeqCst) >= 50, "{held:?} of 2500 attempts");
    let left = memory.world().leases.len();
    assert!(left <= 1, "{left}");
}

#[tokio::test]
async fn a_holder_that_was_taken_over_learns_it_and_changes_nothing_more() {
    let (_memory, cluster) = cluster();
    let lock = claimed(&cluster, "first").await.unwrap();
    assert!(claimed(&cluster, "second").await.is_none());
    let seen = read(&cluster, "todo").await.unwrap().unwrap();
    let second = take_over(&cluster, "todo", &seen, &holder("second"), None).await.unwrap();
    assert!(second.is_some());
    let third = take_over(&cluster, "todo", &seen, &holder("third"), None).await.unwrap();
    assert!(third.is_none(), "of two takers one is first");
    lock.renew().await.unwrap();
    let why = lock.gate().await.unwrap_err();
    assert_eq!(why, "the lock was taken over by up of second@elsewhere since 1970-01-01T00:00:00Z");
    lock.release().await.unwrap();
    assert!(read(&cluster, "todo").await.unwrap().is_some(), "not the first's to remove");
}

#[tokio::test]
async fn a_holder_whose_lock_was_removed_by_hand_changes_nothing_more() {
    let (memory, cluster) = cluster();
    let lock = claimed(&cluster, "first").await.unwrap();
    memory.world().leases.clear();
    lock.renew().await.unwrap();
    assert_eq!(
        lock.gate().await.unwrap_err(),
        "the lock was removed by somebody else, or went with its namespace"
    );
}

#[tokio::test]
async fn an_old_renewal_is_renewed_before_a_change() {
    let (memory, cluster) = cluster();
    let lock = claimed(&cluster, "first").await.unwrap();
    let before = memory.world().leases[0]["metadata"]["resourceVersion"].clone();
    lock.gate().await.unwrap();
    assert_eq!(memory.world().leases[0]["metadata"]["resourceVersion"], before, "young enough");
    lock.state().renewed = Moment::before(FRESH);
    lock.gate().await.unwrap();
    assert_ne!(memory.world().leases[0]["metadata"]["resourceVersion"], before);
}

#[tokio::test]
async fn a_damaged_or_newer_lease_is_an_error_and_never_an_absence() {
    let (memory, cluster) = cluster();
    let _lock = claimed(&cluster, "first").await.unwrap();
    let cases = BTreeMap::from([
        ("{\"format\":1", "is not readable"),
        ("{\"format\":99,\"version\":\"9.0.0\"}", "was written by a newer todoctl, 9.0.0"),
    ]);
    for (text, want) in cases {
        memory.world().leases[0]["metadata"]["annotations"][todoctl_core::labels::OPEN_RUN] = json!(text);
        let error = read(&cluster, "todo").await.unwrap_err();
        assert!(error.contains(want), "{error}");
    }
}

#[tokio::test]
async fn a_lease_is_not_taken_when_what_must_be_there_before_it_is_refused() {
    let (memory, cluster) = cluster();
    let holder = holder("first");
    let content = todoctl_plan::tool::kubectl::run_content("todo", "r1", &json!({}), &[], &[]);
    let all = Claimed { content: Some(content), ..objects(&holder) };
    let Claim::Held(lock) = claim(&cluster, "todo", &holder, &all, None).await.unwrap() else {
        panic!("taken")
    };
    lock.release().await.unwrap();
    let refused = claim(&cluster, "todo", &holder, &all, None).await;
    assert!(refused.is_err_and(|why| why.contains("secrets \"todoctl-run-r1\" already exists")));
    assert!(memory.world().leases.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_local_file_stays_while_the_lease_names_this_process() {
    let (memory, cluster) = cluster();
    let folder = tempfile::tempdir().unwrap();
    let local = LocalLock::create(folder.path(), "a").unwrap();
    let path = local.path().to_owned();
    let holder = holder("a");
    let claim = claim(&cluster, "todo", &holder, &objects(&holder), Some(local)).await.unwrap();
    let Claim::Held(lock) = claim else { panic!("it was taken") };
    memory.is_away.store(true, Ordering::SeqCst);
    assert!(lock.leave().await.is_err() && lock.release().await.is_err());
    assert!(path.exists(), "the next run on this host could not tell that the holder is gone");
    memory.is_away.store(false, Ordering::SeqCst);
    lock.leave().await.unwrap();
    assert!(!path.exists());
}
