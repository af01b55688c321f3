//! Owns kubectl's flags. Objects travel as JSON on standard input; secrets only there.

mod config;
mod content;
mod refusal;
mod version;

pub use config::minified;
pub use content::{content_after, content_before, content_name, run_content};
pub use refusal::lacks_resource;
pub use version::{client_version, parse_client_version};

use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;

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
}

/// A namespace as an object to apply.
pub fn namespace_object(name: &str) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// Several objects to apply at once. kubectl goes on after one that fails.
pub fn list(items: &[serde_json::Value]) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}
