//! Owns saving what shows a failure, before the rollback removes it: descriptions, logs, events and the changed part
//! of the manifest of the failing release, below `evidence/` in the run's folder. A read that fails is written down
//! instead of its answer.

mod diff;

use std::path::Path;

use serde::Deserialize;

use super::{Engine, Failure};
use crate::survey;
use todoctl_core::invocation::Invocation;
use todoctl_plan::event::{Cause, Event};
use todoctl_plan::kubernetes;
use todoctl_plan::plan::Plan;
use todoctl_plan::step::{Guard, Undo};
use todoctl_plan::tool::helm::Helm;

/// Lines of a log that are shown on the screen.
const LOG_LINES: usize = 10;
/// Warning events that are shown on the screen.
const EVENTS: usize = 5;

/// Saves the evidence of a failure and turns the failure into a cause.
pub(super) async fn gather(engine: &Engine, plan: &Plan, failure: Failure) -> Cause {
    let Failure { step, diagnostic, pods, releases, check, interrupted } = failure;
    let mut cause = Cause { step, diagnostic, interrupted };
    let Some(check) = &check else {
        return cause;
    };
    let releases = match releases.as_slice() {
        // A command that failed has changed no pod: its own output is the evidence.
        [] => match check.release() {
            Some(release) => vec![(release.name.to_owned(), release.namespace.to_owned())],
            None => return cause,
        },
        named => named.to_vec(),
    };
    let folder = engine.names.folder.join("evidence");
    let mut excerpt = Vec::new();
    for (release, namespace) in &releases {
        excerpt.extend(save(engine, &folder, release, namespace, pods.clone()).await);
    }
    let (release, namespace) = &releases[0];
    let undo = plan
        .steps
        .iter()
        .find(|step| Some(&step.step) == cause.step.as_ref())
        .map(|step| &step.decision.undo);
    if let Some(diff) = difference(engine, undo).await {
        write(engine, &folder, &format!("{release}.diff"), &diff);
    }
    cause.diagnostic.evidence.extend(excerpt.iter().cloned());
    if cause.diagnostic.fix.is_empty() {
        cause.diagnostic.fix = match cause.diagnostic.code.fix() {
            "" => {
                format!(
                    "see why: kubectl describe pods -n {namespace} -l app.kubernetes.io/instance={release}"
                )
            }
            usual => usual.to_owned(),
        };
    }
    engine.events.emit(Event::EvidenceSaved { folder, excerpt });
    cause
}

/// The pods named by the failure, else every pod that was described: what is watched need not be pods.
fn pods(named: Vec<String>, described: &str) -> Vec<String> {
    if !named.is_empty() {
        return named;
    }
    described
        .lines()
        .filter_map(|line| line.strip_prefix("Name:"))
        .map(|name| name.trim().to_owned())
        .collect()
}

async fn save(
    engine: &Engine,
    folder: &Path,
    release: &str,
    namespace: &str,
    named: Vec<String>,
) -> Vec<String> {
    let Some(kubectl) = engine.kubectl() else {
        return Vec::new();
    };
    if let Err(error) = std::fs::create_dir_all(folder) {
        engine.events.emit(Event::Warning {
            message: format!("cannot save evidence in {}: {error}", folder.display()),
        });
    }
    let (described, events) = tokio::join!(
        answer(engine, kubectl.describe_pods(namespace, release)),
        answer(engine, kubectl.events(namespace))
    );
    write(engine, folder, &format!("{release}-pods.txt"), &described);
    write(engine, folder, "events.json", &events);
    let pods = pods(named, &described);
    let mut excerpt = warnings(&events, &pods);
    for pod in pods.iter().take(3) {
        let (now, before) = tokio::join!(
            answer(engine, kubectl.logs(namespace, pod, false)),
            answer(engine, kubectl.logs(namespace, pod, true))
        );
        write(engine, folder, &format!("{pod}.log"), &now);
        write(engine, folder, &format!("{pod}-previous.log"), &before);
        if excerpt.len() <= EVENTS {
            let speaking = if is_log(&now) { &now } else { &before };
            excerpt.extend(last_lines(pod, speaking));
        }
    }
    excerpt
}

/// What the failing revision asks for that the one to return to did not.
async fn difference(engine: &Engine, undo: Option<&Undo>) -> Option<String> {
    let Some(Undo::Commands { guard: Guard::ReleaseChanged { revision, .. }, returns: Some(back), .. }) =
        undo
    else {
        return None;
    };
    // The manifest of a revision is read alike in every helm.
    let helm = Helm::new(0, engine.access.as_ref()?);
    let manifest = |number| answer(engine, helm.manifest(&back.release, &back.namespace, number));
    let (old, new) = tokio::join!(manifest(back.revision), manifest(revision + 1));
    Some(diff::of_manifests(&old, &new))
}

/// A tool's answer, or its complaint.
async fn answer(engine: &Engine, invocation: Invocation) -> String {
    match survey::call(&engine.runner, invocation).await {
        Ok(output) if output.is_success() => output.text(),
        Ok(output) => format!("(not available: {})", output.complaint()),
        Err(error) => format!("(not available: {error})"),
    }
}

fn write(engine: &Engine, folder: &Path, name: &str, text: &str) {
    if let Err(error) = std::fs::write(folder.join(name), engine.events.redact(text).as_bytes()) {
        engine.events.emit(Event::Warning { message: format!("cannot save {name}: {error}") });
    }
}

fn is_log(text: &str) -> bool {
    !text.trim().is_empty() && !text.starts_with("(not available")
}

fn last_lines(pod: &str, log: &str) -> Vec<String> {
    if !is_log(log) {
        return Vec::new();
    }
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(LOG_LINES);
    let mut shown = vec![format!("last log lines of {pod}:")];
    // kubectl's prefix is `[pod/NAME/CONTAINER] `; the pod is named above.
    shown.extend(
        lines[from..]
            .iter()
            .map(|line| format!("  {}", line.split_once("] ").map_or(*line, |(_, rest)| rest))),
    );
    shown
}

/// The newest warnings about some pods.
fn warnings(events: &str, pods: &[String]) -> Vec<String> {
    let events = kubernetes::list(events.as_bytes()).unwrap_or_default();
    let mut found: Vec<(String, String)> = events
        .into_iter()
        .filter_map(|event| kubernetes::Event::deserialize(event).ok())
        .filter(|event| event.kind == "Warning" && pods.contains(&event.involved_object.name))
        .map(|event| {
            let count = event.count.unwrap_or(1);
            (event.last_timestamp, format!("event: {count}x {}: {}", event.reason, event.message))
        })
        .collect();
    found.sort();
    found.dedup_by(|a, b| a.1 == b.1);
    let from = found.len().saturating_sub(EVENTS);
    found.split_off(from).into_iter().map(|(_, line)| line).collect()
}
