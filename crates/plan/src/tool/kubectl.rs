//! Owns kubectl's flags. Objects travel as JSON on standard input; secrets only there.

mod config;
mod content;
mod lease;
mod look;
mod refusal;

pub use config::minified;
pub use content::{content_after, content_before, content_name, run_content};
pub use look::{Right, client_version, parse_refused, parse_versions};
pub use refusal::lacks_resource;

use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;

use crate::plan::Mark;
use crate::world::Access;
use crate::world::leftovers::Sort;
use todoctl_core::invocation::{Invocation, Tool};
use todoctl_core::labels;

/// Limit of a single request to the API server, so that a dead one is noticed.
const REQUEST: &str = "--request-timeout=20s";

/// kubectl, talking to a known cluster.
#[derive(Debug, Clone)]
pub struct Kubectl {
    context: String,
}

impl Kubectl {
    /// For a cluster.
    pub fn new(access: &Access) -> Self {
        Self { context: access.context.clone() }
    }

    fn invocation<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Invocation {
        let mut all: Vec<String> = args.into_iter().map(str::to_owned).collect();
        all.extend(["--context".to_owned(), self.context.clone()]);
        Invocation::new(Tool::Kubectl, all)
    }

    /// Some CRDs by name. Fails when one does not exist.
    pub fn crds(&self, names: &[String]) -> Invocation {
        let mut args = vec!["get", "customresourcedefinitions"];
        args.extend(names.iter().map(String::as_str));
        args.extend(["-o", "json", REQUEST]);
        self.invocation(args)
    }

    /// The names of everything that the API server serves, one in a line, `plural.group`. By default kubectl
    /// asks anew, and remembers the answer for the commands after this one (kubectl `pkg/cmd/apiresources`).
    pub fn served(&self) -> Invocation {
        self.invocation(["api-resources", "-o", "name", REQUEST])
    }

    /// What the API server, with its webhooks, would make of an object; nothing is made.
    pub fn would_create(&self, object: &serde_json::Value) -> Invocation {
        self.invocation(["create", "--dry-run=server", "-o", "json", "-f", "-", REQUEST])
            .input(object.to_string())
    }

    /// Applies public objects, server side.
    pub fn apply(&self, objects: &serde_json::Value) -> Invocation {
        self.apply_args().input(objects.to_string())
    }

    /// Applies objects that hold secrets, server side: a client-side apply would copy them into an annotation
    /// (kubectl pkg/util/apply.go).
    pub fn apply_secret(&self, objects: SecretString) -> Invocation {
        self.apply_args().secret_input(objects)
    }

    /// Applies the manifests of a folder, server side.
    pub fn apply_folder(&self, folder: &Path) -> Invocation {
        self.apply_from(&folder.display().to_string())
    }

    /// Names the namespace of the Service that converts between the versions of a CRD.
    pub fn convert_in(&self, crd: &str, namespace: &str) -> Invocation {
        let path = "/spec/conversion/webhook/clientConfig/service/namespace";
        let change = json!([{"op": "replace", "path": path, "value": namespace}]).to_string();
        self.invocation([
            "patch",
            "crd",
            crd,
            "--type=json",
            "-p",
            &change,
            "--field-manager=todoctl",
            REQUEST,
        ])
    }

    fn apply_args(&self) -> Invocation {
        self.apply_from("-")
    }

    fn apply_from(&self, source: &str) -> Invocation {
        self.invocation([
            "apply",
            "--server-side",
            "--field-manager=todoctl",
            "--force-conflicts",
            "-f",
            source,
            REQUEST,
        ])
    }

    /// Deletes objects of a kind; harmless when they do not exist. Does not wait for finalizers.
    pub fn delete(&self, namespace: &str, kind: &str, names: &[String]) -> Invocation {
        let mut args = vec!["delete", kind, "-n", namespace, "--ignore-not-found", "--wait=false", REQUEST];
        args.extend(names.iter().map(String::as_str));
        self.invocation(args)
    }

    /// The command with which a person would remove what stays. Records of runs go by their label.
    pub fn removal(&self, sort: &Sort, names: &[String]) -> Invocation {
        let mut args = vec!["delete", sort.kind];
        if !sort.namespace.is_empty() {
            args.extend(["-n", &sort.namespace]);
        }
        if sort.is_record() {
            args.extend(["-l", labels::RUN]);
        } else {
            args.extend(names.iter().map(String::as_str));
        }
        self.invocation(args)
    }

    /// Deletes a namespace with everything in it, and waits until it is gone.
    pub fn delete_namespace(&self, namespace: &str) -> Invocation {
        self.invocation(["delete", "namespace", namespace, "--ignore-not-found", "--timeout=120s"])
            .timeout(Duration::from_mins(3))
    }

    /// The last log lines of every container of a pod; of the run before when `previous`.
    pub fn logs(&self, namespace: &str, pod: &str, previous: bool) -> Invocation {
        let previous = if previous { "--previous=true" } else { "--previous=false" };
        let args =
            ["logs", pod, "-n", namespace, "--all-containers", "--tail=200", "--prefix", previous, REQUEST];
        self.invocation(args)
    }

    /// What the pods of a release say, every container of them. `parse_log_line` reads its lines; what has no prefix
    /// kubectl says itself. Containers without logs are told about and stop nothing (`--ignore-errors`).
    pub fn release_logs(&self, namespace: &str, release: &str, lines: LogLines) -> Invocation {
        let selector = format!("app.kubernetes.io/instance={release}");
        let tail = format!("--tail={}", lines.tail);
        let mut args = vec!["logs", "-n", namespace, "-l", &selector, "--all-containers", "--prefix", &tail];
        args.push("--ignore-errors");
        if lines.follow {
            // By default kubectl follows five containers at most.
            args.extend(["--follow", "--max-log-requests=100"]);
        } else {
            args.push(REQUEST);
        }
        if lines.previous {
            args.push("--previous=true");
        }
        self.invocation(args)
    }

    /// Everything Kubernetes says about the pods of a release.
    pub fn describe_pods(&self, namespace: &str, release: &str) -> Invocation {
        let selector = format!("app.kubernetes.io/instance={release}");
        self.invocation(["describe", "pods", "-n", namespace, "-l", &selector, REQUEST])
    }

    /// The events of a namespace, as JSON.
    pub fn events(&self, namespace: &str) -> Invocation {
        self.invocation(["get", "events", "-n", namespace, "-o", "json", REQUEST])
    }
}

/// Which log lines are wanted.
#[derive(Debug, Clone, Copy)]
pub struct LogLines {
    /// How many of each container, from the end; -1 for all.
    pub tail: i64,
    /// Whether those to come are wanted as well.
    pub follow: bool,
    /// Whether those of the containers before the last restart are wanted instead.
    pub previous: bool,
}

/// Pod, container and text of `[pod/NAME/CONTAINER] text`, as `kubectl logs --prefix` prints it.
pub fn parse_log_line(line: &str) -> Option<(&str, &str, &str)> {
    let (place, said) = line.strip_prefix("[pod/")?.split_once(']')?;
    let (pod, container) = place.split_once('/')?;
    Some((pod, container, said.strip_prefix(' ').unwrap_or(said)))
}

/// A namespace as an object to apply.
pub fn namespace_object(name: &str) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// Labels for the Secrets in which helm keeps revisions.
pub fn release_labels(marks: &[Mark]) -> Vec<serde_json::Value> {
    let item = |Mark { namespace, release, revision, labels }: &Mark| {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": {
            "name": format!("sh.helm.release.v1.{release}.v{revision}"), "namespace": namespace, "labels": labels}})
    };
    marks.iter().map(item).collect()
}

/// Several objects to apply at once. kubectl goes on after one that fails.
pub fn list(items: &[serde_json::Value]) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}
