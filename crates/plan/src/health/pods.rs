//! Owns the judgement of single pods: doomed, without its sidecar, not ready and why.
//!
//! Doomed are states that waiting does not heal. Not doomed: the first `ErrImagePull`, one restart of the Dapr
//! sidecar, `CreateContainerConfigError` while the kubelet's caches sync.

use serde_json::Value;

use super::names;
use crate::step::Verdict;
use crate::world::live::Object;
use todoctl_core::diagnostic::Code;
use todoctl_core::labels;

/// Waiting reasons that do not heal by themselves.
const DOOMED: [&str; 7] = [
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

/// `Broken` when a pod is doomed.
pub(super) fn doomed(pods: &[&Object]) -> Option<Verdict> {
    let reasons: Vec<(&Object, Reason)> = pods.iter().filter_map(|pod| Some((*pod, doom(pod)?))).collect();
    let (pod, Reason { code, why }) = reasons.first()?;
    let broken: Vec<&Object> = reasons.iter().map(|(pod, _)| *pod).collect();
    let why = format!("pod {}: {why}", pod.metadata.name);
    Some(Verdict::Broken { code: *code, why, pods: names(&broken) })
}

/// Why a pod is not as it should be.
struct Reason {
    code: Code,
    why: String,
}

/// The code of what the kubelet says of a container that waits.
fn code_of(waiting: &str) -> Code {
    match waiting {
        "CrashLoopBackOff" => Code::PodCrashLoop,
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => Code::PodImage,
        "CreateContainerConfigError" => Code::PodConfig,
        "CreateContainerError" | "RunContainerError" => Code::PodCreate,
        _ => Code::ReleaseNotReady,
    }
}

fn doom(pod: &Object) -> Option<Reason> {
    containers(pod).find_map(|container| {
        let name = text(container, "/name");
        if text(container, "/state/terminated/reason") == "OOMKilled" {
            let why = format!("container {name} was killed: out of memory");
            return Some(Reason { code: Code::PodOutOfMemory, why });
        }
        let reason = text(container, "/state/waiting/reason");
        if !DOOMED.contains(&reason) {
            return None;
        }
        let message = text(container, "/state/waiting/message");
        let restarts = container.get("restartCount").and_then(Value::as_i64).unwrap_or(0);
        let syncing = reason == "CreateContainerConfigError" && message.contains("failed to sync");
        let sidecar = name == "daprd" && reason == "CrashLoopBackOff" && restarts <= 1;
        (!syncing && !sidecar).then(|| Reason {
            code: code_of(reason),
            why: format!("container {name} {reason}{}{}", exit(container), colon(message)),
        })
    })
}

/// `NotYet` when pods must have a Dapr sidecar and not all of them are known: a workload can be available before its
/// pods were seen, and then nothing was said about their sidecars.
pub(super) fn all_seen(name: &str, workload: &Object, pods: &[&Object]) -> Option<Verdict> {
    let asks = text(&workload.spec, "/template/metadata/annotations/dapr.io~1enabled") == "true";
    let want = workload.spec.get("replicas").and_then(Value::as_u64).unwrap_or(1);
    (asks && (pods.len() as u64) < want).then(|| Verdict::NotYet {
        code: Code::PodSidecar,
        why: format!("{name}: {} of {want} pods were seen with their Dapr sidecar", pods.len()),
    })
}

/// `Stale` when a pod should have a Dapr sidecar, or a container beside it, and has none: the injector sees new pods
/// only.
pub(super) fn without_sidecar(pods: &[&Object]) -> Option<Verdict> {
    let stale: Vec<(&Object, String)> = pods.iter().filter_map(|pod| Some((*pod, lack(pod)?))).collect();
    let (first, what) = stale.first()?;
    let why = format!("pod {} came up without {what}", first.metadata.name);
    let stale: Vec<&Object> = stale.iter().map(|(pod, _)| *pod).collect();
    Some(Verdict::Stale { code: Code::PodSidecar, why, pods: names(&stale) })
}

/// What the injector should have added to a pod and has not.
fn lack(pod: &Object) -> Option<String> {
    let annotation = |name: &str| pod.metadata.annotations.get(name).map(String::as_str);
    if annotation("dapr.io/enabled") != Some("true") {
        return None;
    }
    let has = |name: &str| {
        let fields = ["containers", "initContainers"].into_iter();
        let mut containers = fields.filter_map(|field| pod.spec.get(field)?.as_array()).flatten();
        containers.any(|one| text(one, "/name") == name)
    };
    if !has("daprd") {
        return Some("its Dapr sidecar".to_owned());
    }
    let wanted = annotation(labels::CONTAINERS).unwrap_or_default().split(',');
    let missing = wanted.filter(|name| !name.is_empty()).find(|name| !has(name))?;
    Some(format!("the container {missing}, which serves a Dapr component"))
}

/// `NotYet`, with the reason of the first pod that is not ready added to a sentence.
pub(super) fn not_ready(sentence: String, pods: &[&Object]) -> Verdict {
    match pods.iter().find_map(|pod| Some((pod, unready(pod)?))) {
        None => Verdict::not_yet(sentence),
        Some((pod, Reason { code, why })) => {
            Verdict::NotYet { code, why: format!("{sentence} (pod {}: {why})", pod.metadata.name) }
        }
    }
}

fn unready(pod: &Object) -> Option<Reason> {
    if let Some(condition) = condition(pod, "PodScheduled") {
        let why = format!("cannot be scheduled: {condition}");
        return Some(Reason { code: Code::PodUnschedulable, why });
    }
    let container = containers(pod).find(|one| one.get("ready").and_then(Value::as_bool) == Some(false))?;
    let name = text(container, "/name");
    let waiting = text(container, "/state/waiting/reason");
    if !waiting.is_empty() {
        let why = format!("container {name} {waiting}{}", colon(text(container, "/state/waiting/message")));
        return Some(Reason { code: code_of(waiting), why });
    }
    let restarts = container.get("restartCount").and_then(Value::as_i64).unwrap_or(0);
    let restarted =
        if restarts > 0 { format!(", restarted {restarts} times{}", exit(container)) } else { String::new() };
    let started = container.get("started").and_then(Value::as_bool) == Some(true);
    let probe = if started { "is not ready" } else { "has not passed its startup probe" };
    let code = if is_out_of_memory(container) { Code::PodOutOfMemory } else { Code::ReleaseNotReady };
    Some(Reason { code, why: format!("container {name} {probe}{restarted}") })
}

fn condition(pod: &Object, kind: &str) -> Option<String> {
    let conditions = pod.status.get("conditions")?.as_array()?;
    let failed =
        conditions.iter().find(|one| text(one, "/type") == kind && text(one, "/status") == "False")?;
    Some(text(failed, "/message").to_owned())
}

fn containers(pod: &Object) -> impl Iterator<Item = &Value> {
    let fields = ["initContainerStatuses", "containerStatuses"];
    fields.into_iter().filter_map(|field| pod.status.get(field)?.as_array()).flatten()
}

fn exit(container: &Value) -> String {
    match container.pointer("/lastState/terminated/exitCode").and_then(Value::as_i64) {
        Some(code) if is_out_of_memory(container) => format!(", killed: out of memory (exit {code})"),
        Some(code) => format!(", last exit status {code}"),
        None => String::new(),
    }
}

/// Whether it ended the last time because it used more memory than it may.
fn is_out_of_memory(container: &Value) -> bool {
    text(container, "/lastState/terminated/reason") == "OOMKilled"
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}
