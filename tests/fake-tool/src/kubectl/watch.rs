//! Owns the stream of `kubectl get KIND --watch --output-watch-events -o json`: everything that exists, then what
//! changes, until somebody ends it. It follows the state file, which other processes replace.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::read::kind;
use super::{namespace, parse};
use crate::Call;
use crate::cluster::objects;
use crate::state::{Behaviour, State};
use crate::store::Store;

/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// A stream that nobody ends must not outlive its test.
const LONGEST: Duration = Duration::from_mins(2);

/// Whether a call is a stream.
pub fn is_watch(args: &[String]) -> bool {
    args.iter().any(|arg| arg == "--watch")
}

/// Streams until the reader or the parent is gone.
pub fn watch(store: &Store, call: &Call) -> io::Result<i32> {
    let argv = match parse(&store.load()?, call) {
        Ok(argv) => argv,
        Err(answer) => {
            io::stderr().write_all(answer.stderr.as_bytes())?;
            return Ok(answer.exit);
        }
    };
    let (kind, place) = (kind(argv.word(1)), namespace(&argv));
    let parent = std::os::unix::process::parent_id();
    let start = SystemTime::now();
    let (mut text, mut known) = (String::new(), BTreeMap::new());
    let mut moving = true;
    while std::os::unix::process::parent_id() == parent && start.elapsed().unwrap_or_default() < LONGEST {
        let now = store.text()?;
        if moving || now != text {
            let state: State = serde_json::from_str(&now).map_err(io::Error::other)?;
            text = now;
            moving = has_slow(&state);
            let current = of_kind(&state, kind, place);
            if tell(&known, &current).is_err() {
                return Ok(0);
            }
            known = current;
        }
        std::thread::sleep(LOOK);
    }
    Ok(0)
}

/// Whether time alone may change something.
fn has_slow(state: &State) -> bool {
    state.deployments.iter().flat_map(|one| &one.sets).any(|set| matches!(set.behaviour, Behaviour::Slow(_)))
}

fn of_kind(state: &State, kind: &str, place: Option<&str>) -> BTreeMap<String, Value> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let all = objects::objects(state, u64::try_from(now).unwrap_or_default()).into_iter();
    let ours = all
        .filter(|one| one["kind"] == kind && place.is_none_or(|name| one["metadata"]["namespace"] == name));
    ours.map(|one| (one["metadata"]["name"].as_str().unwrap_or_default().to_owned(), one)).collect()
}

fn tell(known: &BTreeMap<String, Value>, current: &BTreeMap<String, Value>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for event in events(known, current) {
        writeln!(out, "{event}")?;
    }
    out.flush()
}

pub(super) fn events(known: &BTreeMap<String, Value>, current: &BTreeMap<String, Value>) -> Vec<Value> {
    let changed = current.iter().filter_map(|(name, object)| match known.get(name) {
        None => Some(json!({"type": "ADDED", "object": object})),
        Some(old) if old != object => Some(json!({"type": "MODIFIED", "object": object})),
        Some(_) => None,
    });
    let gone = known.iter().filter(|(name, _)| !current.contains_key(*name));
    changed.chain(gone.map(|(_, object)| json!({"type": "DELETED", "object": object}))).collect()
}
