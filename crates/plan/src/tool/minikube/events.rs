//! Owns what `minikube … --output=json` says: `CloudEvents`, one per line, all on standard output, also when it fails.
//! Facts: minikube v1.38.1, `pkg/minikube/out/register`, `pkg/minikube/reason`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::exit::{Left, advice};
use crate::tool::dialect::Said;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::Output;
use todoctl_core::text;

/// What all its types of events begin with.
const PREFIX: &str = "io.k8s.sigs.minikube.";
/// Progress of a download is told in steps of so many per cent.
const STEP: f64 = 10.0;

/// One event; all values of its data are text.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: BTreeMap<String, String>,
}

impl Event {
    fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    fn kind(&self) -> &str {
        self.kind.strip_prefix(PREFIX).unwrap_or_default()
    }

    /// A value; empty counts as absent.
    fn get(&self, name: &str) -> Option<&str> {
        self.data.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn message(&self) -> Option<String> {
        self.get("message").map(text::clean_line)
    }
}

/// What one line says.
pub(in crate::tool) fn read(line: &str) -> Said {
    let Some(event) = Event::parse(line) else { return Said::Nothing };
    match event.kind() {
        "step" => event.message().map_or(Said::Nothing, |message| {
            let message = message.trim_end_matches([' ', '.']);
            Said::Progress(match (event.get("currentstep"), event.get("totalsteps")) {
                (Some(now), Some(all)) => format!("{message} ({now}/{all})"),
                _ => message.to_owned(),
            })
        }),
        "download" => event
            .get("artifact")
            .map_or(Said::Nothing, |what| Said::Progress(format!("downloading {}", text::clean_line(what)))),
        "download.progress" => downloaded(&event).map_or(Said::Nothing, Said::Progress),
        "warning" => {
            event.message().map_or(Said::Nothing, |message| Said::Warning(format!("minikube: {message}")))
        }
        // Information repeats what was asked for; an error ends the command and is told as its complaint.
        _ => Said::Nothing,
    }
}

fn downloaded(event: &Event) -> Option<String> {
    let share: f64 = event.get("progress")?.parse().ok()?;
    let percent = (share * 100.0 / STEP).floor() * STEP;
    Some(format!("downloading {}: {percent:.0} %", text::clean_line(event.get("artifact")?)))
}

/// The messages of the errors in a text.
pub(super) fn errors(text: &str) -> Vec<String> {
    let events = text.lines().filter_map(Event::parse).filter(|event| event.kind() == "error");
    events.filter_map(|event| event.message()).collect()
}

/// Why it failed: its last error event, with the warnings before it, and what to do. Nothing when it told no error.
pub(in crate::tool) fn complaint(output: &Output, profile: &str) -> Option<Diagnostic> {
    let events: Vec<Event> = output.stderr.lines().filter_map(Event::parse).collect();
    let error = events.iter().rev().find(|event| event.kind() == "error")?;
    let message = error.get("message")?;
    let name = error.get("name");
    let headline = text::clean_line(message.lines().next().unwrap_or_default());
    let headline = headline.trim_end_matches(['.', ':']);
    let headline = match name {
        Some(name) => format!("{headline} ({name}, exit status {})", output.status_text()),
        None => format!("{headline} (exit status {})", output.status_text()),
    };
    let warnings = events.iter().filter(|event| event.kind() == "warning");
    let mut evidence: Vec<String> =
        warnings.filter_map(Event::message).map(|warning| format!("warning: {warning}")).collect();
    evidence.extend(message.lines().skip(1).map(text::clean_line).filter(|line| !line.is_empty()));
    evidence.extend(error.get("url").map(|url| format!("documentation: {}", text::clean_line(url))));
    let fix = hint(error, output.status, profile);
    Some(Diagnostic::new(Code::CommandFailed, headline, fix).because(evidence))
}

/// Our advice for the exit status, minikube's own for the reason, and what a failed start has left.
fn hint(error: &Event, status: Option<i32>, profile: &str) -> String {
    let (ours, left) = advice(status, error.get("name"));
    let own = error.get("advice").and_then(filled);
    let mut parts: Vec<String> = Vec::new();
    parts.extend(ours.map(str::to_owned));
    parts.extend(own.map(|own| format!("minikube says: {own}")));
    let delete = format!("todoctl down {profile} --delete-cluster");
    parts.extend(match left {
        Left::Nothing => None,
        Left::Half => Some(format!(
            "a half-made cluster may be left: todoctl up {profile} goes on with it, {delete} removes it"
        )),
        Left::Foreign => Some(format!("or remove the cluster that is there: {delete}")),
    });
    parts.join("; ")
}

/// minikube's advice on one line. In JSON its placeholders (`{{.advised}}`) are not filled in, and cannot be by us.
fn filled(advice: &str) -> Option<String> {
    let mut text = text::clean_line(&advice.lines().map(str::trim).collect::<Vec<_>>().join(" "));
    while let Some((before, rest)) = text.split_once("{{") {
        let after = rest.split_once("}}").map_or("", |(_, after)| after);
        text = format!("{before}...{after}");
    }
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the real one writes it.
    fn event(kind: &str, data: &serde_json::Value) -> String {
        let (source, id) = ("https://minikube.sigs.k8s.io/", "1f0a");
        let kind = format!("io.k8s.sigs.minikube.{kind}");
        let of = "application/json";
        serde_json::json!({
            "specversion": "1.0", "id": id, "source": source, "type": kind, "datacontenttype": of, "data": data
        })
        .to_string()
    }

    fn said(kind: &str, data: &serde_json::Value) -> Said {
        read(&event(kind, data))
    }

    #[test]
    fn steps_and_downloads_are_progress_and_warnings_are_told() {
        let progress = |text: &str| Said::Progress(text.to_owned());
        let step = serde_json::json!({
            "currentstep": "8", "totalsteps": "19", "name": "Creating Container",
            "message": "Creating docker container (CPUs=6, Memory=12288MB) ..."
        });
        assert_eq!(
            said("step", &step),
            progress("Creating docker container (CPUs=6, Memory=12288MB) (8/19)")
        );
        let download =
            serde_json::json!({"artifact": "kubelet.sha256", "currentstep": "5", "totalsteps": "19"});
        assert_eq!(said("download", &download), progress("downloading kubelet.sha256"));
        let share = |share: &str| {
            said("download.progress", &serde_json::json!({"artifact": "preload.tar.lz4", "progress": share}))
        };
        assert_eq!(share("0.4791"), progress("downloading preload.tar.lz4: 40 %"));
        assert_eq!(share("1"), progress("downloading preload.tar.lz4: 100 %"));
        let warning =
            serde_json::json!({"message": "Failing to connect to https://registry.k8s.io/\u{1b}[0m"});
        assert_eq!(
            said("warning", &warning),
            Said::Warning("minikube: Failing to connect to https://registry.k8s.io/".to_owned())
        );
        assert_eq!(said("info", &serde_json::json!({"message": "MINIKUBE_HOME=/x"})), Said::Nothing);
        assert_eq!(read("not an event"), Said::Nothing);
        assert_eq!(read("{\"type\": 3}"), Said::Nothing);
    }

    fn complaint_of(status: i32, error: &serde_json::Value) -> Diagnostic {
        let warning = serde_json::json!({"message": "The 'none' driver does not respect the --memory flag"});
        let stderr = format!("a cut off line\n{}\n{}\n", event("warning", &warning), event("error", error));
        let output = Output { status: Some(status), stderr, ..Output::default() };
        complaint(&output, "local").unwrap()
    }

    #[test]
    fn an_error_is_told_with_its_advice() {
        let memory = serde_json::json!({
            "exitcode": "10", "name": "RSRC_OVER_ALLOC_MEM", "issues": "", "url": "",
            "advice": "Start minikube with less memory allocated: 'minikube start --memory={{.advised}}mb'",
            "message": "Requested memory allocation 64000MB is more than your system limit 24105MB."
        });
        insta::assert_debug_snapshot!(complaint_of(10, &memory));
        let docker = serde_json::json!({
            "exitcode": "63", "name": "PROVIDER_DOCKER_NOT_RUNNING", "advice": "Start the Docker service",
            "message": "\"docker version\" failed:\nCannot connect to the Docker daemon",
            "url": "https://minikube.sigs.k8s.io/docs/drivers/docker/", "issues": ""
        });
        insta::assert_debug_snapshot!(complaint_of(63, &docker));
        let init = serde_json::json!({
            "exitcode": "80", "name": "GUEST_START", "advice": "", "url": "", "issues": "",
            "message": "failed to start node: wait: sudo /bin/bash -c kubeadm init: exit status 1\nstdout:\n\n[init] x"
        });
        insta::assert_debug_snapshot!(complaint_of(80, &init));
    }

    #[test]
    fn without_an_error_event_there_is_no_complaint_of_this_form() {
        let output = Output { status: Some(1), stderr: "panic: x\n".to_owned(), ..Output::default() };
        assert_eq!(complaint(&output, "local"), None);
    }
}
