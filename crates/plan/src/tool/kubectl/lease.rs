//! Owns kubectl's flags for the Lease of an environment. Every change of it is conditional.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Kubectl, REQUEST};
use crate::world::lease::{Holder, NAME, NOBODY, time};
use todoctl_core::invocation::Invocation;
use todoctl_core::labels;

impl Kubectl {
    /// The Lease of a namespace; nothing when there is none.
    pub fn lease(&self, namespace: &str) -> Invocation {
        self.invocation(["get", "lease", NAME, "-n", namespace, "--ignore-not-found", "-o", "json", REQUEST])
    }

    /// Creates objects, each only if it does not exist, and prints those that were created. The objects may hold
    /// content of others, so they are never printed. Without validation, for which kubectl first fetches the server's
    /// whole schema: that is half of the time (tried with kubectl 1.34), and the server judges types all the same.
    pub fn create(&self, objects: &[Value]) -> Invocation {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.invocation(["create", "--validate=false", "-f", "-", "-o", "json", REQUEST])
            .secret_input(list.to_string().into())
    }

    /// Renews it, if it is still this holder's.
    pub fn renew_lease(&self, namespace: &str, identity: &str, now: Timestamp) -> Invocation {
        let patch = json!([
            {"op": "test", "path": "/spec/holderIdentity", "value": identity},
            {"op": "replace", "path": "/spec/renewTime", "value": time(now)},
        ]);
        self.patch_lease(namespace, &patch)
    }

    /// Takes it over, if it is still as it was read.
    pub fn take_lease(
        &self,
        namespace: &str,
        resource_version: &str,
        holder: &Holder,
        now: Timestamp,
    ) -> Invocation {
        let text = serde_json::to_string(holder).unwrap_or_default();
        let patch = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": resource_version},
            {"op": "replace", "path": "/spec/holderIdentity", "value": holder.identity},
            {"op": "replace", "path": "/spec/renewTime", "value": time(now)},
            {"op": "replace", "path": annotation(labels::HOLDER), "value": text},
        ]);
        self.patch_lease(namespace, &patch)
    }

    /// Leaves it to anybody, with the work that is on record, if it is still this holder's.
    pub fn leave_lease(&self, namespace: &str, identity: &str) -> Invocation {
        let patch = json!([
            {"op": "test", "path": "/spec/holderIdentity", "value": identity},
            {"op": "replace", "path": "/spec/holderIdentity", "value": NOBODY},
        ]);
        self.patch_lease(namespace, &patch)
    }

    /// Removes it, if it is still as it was read.
    pub fn delete_lease(&self, namespace: &str, resource_version: &str) -> Invocation {
        let url = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{NAME}");
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions",
            "preconditions": {"resourceVersion": resource_version}});
        self.invocation(["delete", "--raw", &url, "-f", "-", REQUEST]).input(options.to_string())
    }

    fn patch_lease(&self, namespace: &str, patch: &Value) -> Invocation {
        let patch = patch.to_string();
        self.invocation([
            "patch",
            "lease",
            NAME,
            "-n",
            namespace,
            "--type=json",
            "-p",
            &patch,
            "-o",
            "json",
            REQUEST,
        ])
    }
}

/// The JSON pointer of an annotation.
fn annotation(name: &str) -> String {
    format!("/metadata/annotations/{}", name.replace('~', "~0").replace('/', "~1"))
}
