//! Contenders for one Lease, against the fake kubectl in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use fake_tool::state::{KUBECONFIG, State as Cluster};
use fake_tool::{Call, kubectl};
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::runner::{Heard, LineSink, Runner, StreamGuard};
use todoctl_core::invocation::{Invocation, Output, RunError, Stdin};
use todoctl_plan::world::Access;
use todoctl_plan::world::lease::{self, FORMAT, Holder, OpenRun};

/// A cluster in memory.
#[derive(Default)]
struct Memory(Mutex<Cluster>);

impl Runner for Memory {
    fn run(&self, invocation: &Invocation) -> Result<Output, RunError> {
        let stdin = match &invocation.stdin {
            Stdin::None => String::new(),
            Stdin::Public(text) => text.clone(),
            Stdin::Secret(text) => text.expose_secret().to_owned(),
        };
        let args = invocation.args.clone();
        let call = Call { args, stdin, kubeconfig: Some(KUBECONFIG.to_owned()), ..Call::default() };
        let answer = kubectl::run(&mut self.0.lock().unwrap(), &call);
        Ok(Output {
            status: Some(answer.exit),
            stdout: answer.stdout.into_bytes(),
            stderr: answer.stderr,
            ..Output::default()
        })
    }

    fn run_logged(
        &self,
        invocation: &Invocation,
        _log: &str,
        _heard: Option<Heard<'_>>,
    ) -> Result<Output, RunError> {
        self.run(invocation)
    }

    fn lines(&self, _invocation: &Invocation, _sink: LineSink) -> Result<StreamGuard, RunError> {
        Ok(StreamGuard::new(|| {}))
    }
}

fn cluster() -> (Arc<Memory>, SharedRunner, Kubectl) {
    let memory = Arc::new(Memory::default());
    memory.0.lock().unwrap().namespaces.insert("todo".to_owned());
    let access = Access { kubeconfig: "/k".into(), context: "c".into(), node: String::new() };
    (Arc::clone(&memory), memory, Kubectl::new(&access))
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

fn objects(holder: &Holder) -> Vec<serde_json::Value> {
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
    vec![lease::object("todo", holder, &open, Timestamp::UNIX_EPOCH).unwrap()]
}

async fn claimed(runner: &SharedRunner, kubectl: &Kubectl, name: &str) -> Option<Arc<Lock>> {
    let holder = holder(name);
    match claim((runner, kubectl), "todo", &holder, &objects(&holder), None).await.unwrap() {
        Claim::Held(lock) => Some(lock),
        Claim::Taken => None,
    }
}

/// Takes over what somebody has left, as a command that finds it does.
async fn inherited(runner: &SharedRunner, kubectl: &Kubectl, name: &str) -> Option<Arc<Lock>> {
    let seen = read(runner, kubectl, "todo").await.unwrap().filter(Lease::is_nobodys)?;
    take_over((runner, kubectl), "todo", &seen, &holder(name), None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_contenders_never_two_hold_it() {
    let (memory, runner, kubectl) = cluster();
    let inside = Arc::new(AtomicUsize::new(0));
    let held = Arc::new(AtomicUsize::new(0));
    let contenders = (0..50).map(|number| {
        let (runner, kubectl) = (SharedRunner::clone(&runner), kubectl.clone());
        let (inside, held) = (Arc::clone(&inside), Arc::clone(&held));
        tokio::spawn(async move {
            for attempt in 0..50 {
                let name = format!("{number}.{attempt}");
                let lock = match inherited(&runner, &kubectl, &name).await {
                    Some(lock) => Some(lock),
                    None => claimed(&runner, &kubectl, &name).await,
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
    let left = memory.0.lock().unwrap().leases.len();
    assert!(left <= 1, "{left}");
}

#[tokio::test]
async fn a_holder_that_was_taken_over_learns_it_and_changes_nothing_more() {
    let (_memory, runner, kubectl) = cluster();
    let lock = claimed(&runner, &kubectl, "first").await.unwrap();
    assert!(claimed(&runner, &kubectl, "second").await.is_none());
    let seen = read(&runner, &kubectl, "todo").await.unwrap().unwrap();
    let second = take_over((&runner, &kubectl), "todo", &seen, &holder("second"), None).await.unwrap();
    assert!(second.is_some());
    let third = take_over((&runner, &kubectl), "todo", &seen, &holder("third"), None).await.unwrap();
    assert!(third.is_none(), "of two takers one is first");
    lock.renew().await.unwrap();
    let why = lock.gate().await.unwrap_err();
    assert_eq!(why, "the lock was taken over by up of second@elsewhere since 1970-01-01T00:00:00Z");
    lock.release().await.unwrap();
    assert!(read(&runner, &kubectl, "todo").await.unwrap().is_some(), "not the first's to remove");
}

#[tokio::test]
async fn a_holder_whose_lock_was_removed_by_hand_changes_nothing_more() {
    let (memory, runner, kubectl) = cluster();
    let lock = claimed(&runner, &kubectl, "first").await.unwrap();
    memory.0.lock().unwrap().leases.clear();
    lock.renew().await.unwrap();
    assert_eq!(lock.gate().await.unwrap_err(), "the lock was removed by somebody else");
}

#[tokio::test]
async fn an_old_renewal_is_renewed_before_a_change() {
    let (memory, runner, kubectl) = cluster();
    let lock = claimed(&runner, &kubectl, "first").await.unwrap();
    let before = memory.0.lock().unwrap().leases[0]["metadata"]["resourceVersion"].clone();
    lock.gate().await.unwrap();
    assert_eq!(memory.0.lock().unwrap().leases[0]["metadata"]["resourceVersion"], before, "young enough");
    lock.state().renewed = Moment::before(FRESH);
    lock.gate().await.unwrap();
    assert_ne!(memory.0.lock().unwrap().leases[0]["metadata"]["resourceVersion"], before);
}

#[tokio::test]
async fn a_damaged_or_newer_lease_is_an_error_and_never_an_absence() {
    let (memory, runner, kubectl) = cluster();
    let _lock = claimed(&runner, &kubectl, "first").await.unwrap();
    let cases = BTreeMap::from([
        ("{\"format\":1", "is not readable"),
        ("{\"format\":99,\"version\":\"9.0.0\"}", "was written by a newer todoctl, 9.0.0"),
    ]);
    for (text, want) in cases {
        memory.0.lock().unwrap().leases[0]["metadata"]["annotations"][todoctl_core::labels::OPEN_RUN] =
            json!(text);
        let error = read(&runner, &kubectl, "todo").await.unwrap_err();
        assert!(error.contains(want), "{error}");
    }
}

#[tokio::test]
async fn a_lease_is_not_taken_when_what_must_be_there_before_it_is_refused() {
    let (memory, runner, kubectl) = cluster();
    let holder = holder("first");
    let content = todoctl_plan::tool::kubectl::run_content("todo", "r1", &json!({}), &[], &[]);
    let mut all = vec![content];
    all.extend(objects(&holder));
    let Claim::Held(lock) = claim((&runner, &kubectl), "todo", &holder, &all, None).await.unwrap() else {
        panic!("taken")
    };
    lock.release().await.unwrap();
    let refused = claim((&runner, &kubectl), "todo", &holder, &all, None).await;
    assert!(refused.is_err_and(|why| why.contains("secrets \"todoctl-run-r1\" already exists")));
    assert!(memory.0.lock().unwrap().leases.is_empty());
}

#[tokio::test]
async fn the_local_file_stays_while_the_lease_names_this_process() {
    let (memory, runner, kubectl) = cluster();
    let folder = tempfile::tempdir().unwrap();
    let local = LocalLock::create(folder.path(), "a").unwrap();
    let path = local.path().to_owned();
    let holder = holder("a");
    let claim = claim((&runner, &kubectl), "todo", &holder, &objects(&holder), Some(local)).await.unwrap();
    let Claim::Held(lock) = claim else { panic!("it was taken") };
    let running = std::mem::replace(&mut memory.0.lock().unwrap().sandbox, "stopped".to_owned());
    assert!(lock.leave().await.is_err() && lock.release().await.is_err());
    assert!(path.exists(), "the next run on this host could not tell that the holder is gone");
    memory.0.lock().unwrap().sandbox = running;
    lock.leave().await.unwrap();
    assert!(!path.exists());
}
