//! Owns saving what shows a failure, before the rollback removes it: descriptions, logs, events and the changed part
//! of the manifest of the failing release, below `evidence/` in the run's folder. A read that fails is written down
//! instead of its answer.

mod diff;

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::future::join_all;
use serde::Deserialize;

use super::{Engine, Failure};
use crate::cluster::{Connection, Refusal};
use crate::survey;
use todoctl_core::invocation::Invocation;
use todoctl_plan::event::{Cause, Event};
use todoctl_plan::kubernetes::Object;
use todoctl_plan::look::LogLook;
use todoctl_plan::plan::Plan;
use todoctl_plan::step::{Guard, Undo};
use todoctl_plan::tool::helm::Helm;
use todoctl_plan::world::releases::ReleaseRef;
use todoctl_plan::{description, kubernetes, look};

/// Lines of a log that are shown on the screen.
const LOG_LINES: usize = 10;
/// Lines of a log that are saved.
const SAVED_LINES: u32 = 200;
/// Pods whose logs are saved.
const PODS: usize = 3;
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
        let release = ReleaseRef { namespace, name: release };
        excerpt.extend(save(engine, &folder, release, &pods).await);
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
            // What is rolled back is not there to be described.
            "" if engine.rollback => {
                format!("see why: {}", folder.join(format!("{release}-pods.txt")).display())
            }
            "" => format!(
                "see why: kubectl describe pods -n {namespace} -l app.kubernetes.io/instance={release}"
            ),
            usual => usual.to_owned(),
        };
    }
    engine.events.emit(Event::EvidenceSaved { folder, excerpt });
    cause
}

/// What is known of the pods of a release, and what a person sees of it at once.
async fn save(engine: &Engine, folder: &Path, release: ReleaseRef<'_>, wanted: &[String]) -> Vec<String> {
    let Some(cluster) = &engine.cluster else {
        return Vec::new();
    };
    if let Err(error) = std::fs::create_dir_all(folder) {
        engine.events.emit(Event::Warning {
            message: format!("cannot save evidence in {}: {error}", folder.display()),
        });
    }
    let look = look::events(release.namespace);
    let (live, told) = tokio::join!(survey::pods(cluster, release.namespace), cluster.objects(&look));
    let (saved, told) = match told {
        Ok(told) => (serde_json::json!({ "items": told }).to_string(), told),
        Err(refusal) => (unavailable(&refusal), Vec::new()),
    };
    write(engine, folder, "events.json", &saved);
    let told: Vec<kubernetes::Event> =
        told.into_iter().filter_map(|event| kubernetes::Event::deserialize(event).ok()).collect();
    let file = format!("{}-pods.txt", release.name);
    let live = match live {
        Ok(live) => live,
        Err(error) => {
            write(engine, folder, &file, &unavailable(&error));
            return warnings(&told, wanted);
        }
    };
    let own: BTreeSet<&str> =
        live.release_pods(release).iter().map(|pod| pod.metadata.name.as_str()).collect();
    // What a failure names is meant, however it belongs to the release.
    let is_meant = |pod: &&Object| own.contains(&*pod.metadata.name) || wanted.contains(&pod.metadata.name);
    let pods: Vec<Object> = live.of_kind("Pod", release.namespace).filter(is_meant).cloned().collect();
    write(engine, folder, &file, &description::of_pods(&pods, &told));
    // Where the failure names none, every one: what is watched need not be pods.
    let meant: Vec<&Object> =
        pods.iter().filter(|pod| wanted.is_empty() || wanted.contains(&pod.metadata.name)).collect();
    let names: Vec<String> = meant.iter().map(|pod| pod.metadata.name.clone()).collect();
    // Of one that is gone there are still events.
    let mut excerpt = warnings(&told, if wanted.is_empty() { &names } else { wanted });
    for pod in meant.into_iter().take(PODS) {
        let said = save_logs(engine, cluster, folder, pod).await;
        if excerpt.len() <= EVENTS {
            excerpt.extend(said);
        }
    }
    excerpt
}

/// What each container of a pod says, and said before it was started again. Gives the end of what the one says that is
/// most likely to show what is wrong.
async fn save_logs(engine: &Engine, cluster: &Connection, folder: &Path, pod: &Object) -> Vec<String> {
    let name = &pod.metadata.name;
    let (suspects, likely) = description::suspects(pod);
    let look = |container: &str, previous| LogLook {
        namespace: pod.metadata.namespace.clone(),
        pod: name.clone(),
        container: container.to_owned(),
        tail: Some(SAVED_LINES),
        previous,
    };
    let logs = join_all(suspects.iter().map(|one| {
        let (now, before) = (look(&one.name, false), look(&one.name, true));
        async move {
            let before =
                async { if one.restart_count > 0 { Some(cluster.log(&before).await) } else { None } };
            tokio::join!(cluster.log(&now), before)
        }
    }))
    .await;
    let (mut all_now, mut all_before, mut shown) = (String::new(), String::new(), Vec::new());
    for (at, (container, (now, before))) in suspects.iter().zip(logs).enumerate() {
        all_now += &section(&container.name, &now);
        all_before += &before.as_ref().map(|before| section(&container.name, before)).unwrap_or_default();
        let spoken = [Some(now), before].into_iter().flatten().flatten().find(|said| !said.trim().is_empty());
        if let Some(said) = spoken.filter(|_| shown.is_empty() && at < likely) {
            let container = (suspects.len() > 1).then_some(container.name.as_str());
            shown = last_lines(name, container, &said);
        }
    }
    write(engine, folder, &format!("{name}.log"), &all_now);
    if !all_before.is_empty() {
        write(engine, folder, &format!("{name}-previous.log"), &all_before);
    }
    shown
}

/// What one container says, each line with its name.
fn section(container: &str, said: &Result<String, Refusal>) -> String {
    let lines = |text: &str| {
        let named: Vec<String> = text.lines().map(|line| format!("[{container}] {line}\n")).collect();
        named.concat()
    };
    said.as_ref().map_or_else(|refusal| lines(&unavailable(refusal)), |said| lines(said))
}

fn unavailable(why: &dyn std::fmt::Display) -> String {
    format!("(not available: {why})")
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

fn last_lines(pod: &str, container: Option<&str>, log: &str) -> Vec<String> {
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(LOG_LINES);
    let place = container.map(|container| format!(", container {container}")).unwrap_or_default();
    let title = format!("last log lines of {pod}{place}:");
    std::iter::once(title).chain(lines[from..].iter().map(|line| format!("  {line}"))).collect()
}

/// The newest warnings about some pods.
fn warnings(events: &[kubernetes::Event], pods: &[String]) -> Vec<String> {
    let ours =
        events.iter().filter(|event| event.kind == "Warning" && pods.contains(&event.involved_object.name));
    let mut found: Vec<(&str, String)> = ours
        .map(|event| (event.when(), format!("event: {}x {}: {}", event.times(), event.reason, event.message)))
        .collect();
    found.sort();
    found.dedup_by(|a, b| a.1 == b.1);
    let from = found.len().saturating_sub(EVENTS);
    found.split_off(from).into_iter().map(|(_, line)| line).collect()
}
