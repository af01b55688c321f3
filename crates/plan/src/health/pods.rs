//! Owns the judgement of single pods: doomed, without its sidecar, not ready and why.
//!
//! Doomed are states that waiting does not heal. Not doomed: the first `ErrImagePull`, unless the registry says that it
//! has no such image, one restart of the Dapr sidecar, `CreateContainerConfigError` while the kubelet's caches sync, the first crashes after a start of the cluster
//! (`restart`).

use jiff::Timestamp;

use super::{names, restart};
use crate::kubernetes::{ContainerStatus, Object};
use crate::step::Verdict;
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

/// What the kubelet says of the first failure to pull; it tries again after 10 s, and says `ImagePullBackOff` until then.
const PULL_FAILED: &str = "ErrImagePull";
/// How its message tells that the registry answered, and has no such image: as containerd words it (`core/remotes/docker`,
/// where a blob that is missing is told otherwise), and as Docker does (distribution `registry/api/errcode`).
const NO_SUCH_IMAGE: [&str; 2] = ["code = NotFound desc = failed to resolve reference", "manifest unknown"];
/// containerd 1 and 2 say first what they wanted to do.
const UNPACKED: [&str; 2] =
    ["code = NotFound desc = failed to pull and unpack image", "failed to resolve reference"];

/// What the kubelet says of a container that used more memory than it may.
const OUT_OF_MEMORY: &str = "OOMKilled";

/// `Broken` when a pod is doomed. After a start of the cluster, what may heal of it is borne.
pub(super) fn doomed(pods: &[&Object], started: Option<Timestamp>) -> Option<Verdict> {
    let reasons: Vec<(&Object, Reason)> =
        pods.iter().filter_map(|pod| Some((*pod, doom(pod, started)?))).collect();
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

fn doom(pod: &Object, started: Option<Timestamp>) -> Option<Reason> {
    pod.container_statuses().find_map(|container| {
        let name = &container.name;
        if container.state.terminated.reason == OUT_OF_MEMORY {
            let why = format!("container {name} was killed: out of memory");
            return Some(Reason { code: Code::PodOutOfMemory, why });
        }
        let reason = container.state.waiting.reason.as_str();
        let message = &container.state.waiting.message;
        let says = |said: &&str| message.contains(*said);
        let is_absent =
            reason == PULL_FAILED && (NO_SUCH_IMAGE.iter().any(&says) || UNPACKED.iter().all(says));
        if !is_absent && !DOOMED.contains(&reason) {
            return None;
        }
        let syncing = reason == "CreateContainerConfigError" && message.contains("failed to sync");
        let crash = reason == "CrashLoopBackOff";
        let borne = started.is_some_and(|started| restart::may_heal(pod, container, started));
        let heals = crash && (borne || (name == "daprd" && container.restart_count <= 1));
        (!syncing && !heals).then(|| Reason {
            code: code_of(reason),
            why: format!("container {name} {reason}{}{}", exit(container), colon(message)),
        })
    })
}

/// `NotYet` when pods must have a Dapr sidecar and not all of them are known: a workload can be available before its
/// pods were seen, and then nothing was said about their sidecars.
pub(super) fn all_seen(name: &str, workload: &Object, pods: &[&Object]) -> Option<Verdict> {
    let asks = workload.spec.template.metadata.annotations.text("dapr.io/enabled") == Some("true");
    let want = workload.replicas();
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
    let annotation = |name: &str| pod.metadata.annotations.text(name);
    if annotation("dapr.io/enabled") != Some("true") {
        return None;
    }
    let has = |name: &str| pod.pod().has_container(name);
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
    let container = pod.container_statuses().find(|one| one.ready == Some(false))?;
    let (name, waiting) = (&container.name, &container.state.waiting);
    if !waiting.reason.is_empty() {
        let why =
            format!("container {name} {}{}{}", waiting.reason, exit(container), colon(&waiting.message));
        return Some(Reason { code: code_of(&waiting.reason), why });
    }
    let restarted = match container.restart_count {
        0 => String::new(),
        1 => format!(", restarted once{}", exit(container)),
        times => format!(", restarted {times} times{}", exit(container)),
    };
    let probe =
        if container.started == Some(true) { "is not ready" } else { "has not passed its startup probe" };
    let code = if is_out_of_memory(container) { Code::PodOutOfMemory } else { Code::ReleaseNotReady };
    Some(Reason { code, why: format!("container {name} {probe}{restarted}") })
}

fn condition<'a>(pod: &'a Object, kind: &str) -> Option<&'a str> {
    let failed = pod.status.conditions.iter().find(|one| one.is(kind, "False"))?;
    Some(&failed.message)
}

fn exit(container: &ContainerStatus) -> String {
    match container.last_state.terminated.exit_code {
        Some(code) if is_out_of_memory(container) => format!(", killed: out of memory (exit {code})"),
        Some(code) => format!(", last exit status {code}"),
        None => String::new(),
    }
}

/// Whether it ended the last time because it used more memory than it may.
fn is_out_of_memory(container: &ContainerStatus) -> bool {
    container.last_state.terminated.reason == OUT_OF_MEMORY
}

fn colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}
