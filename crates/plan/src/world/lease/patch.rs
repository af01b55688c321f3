//! Owns the changes of a Lease, as JSON patches (RFC 6902). Each is conditional: all of it is carried out, or nothing.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Holder, NOBODY, time};
use todoctl_core::labels;

/// Renews it, if it is still this holder's.
pub fn renewal(identity: &str, now: Timestamp) -> Value {
    json!([
        {"op": "test", "path": "/spec/holderIdentity", "value": identity},
        {"op": "replace", "path": "/spec/renewTime", "value": time(now)},
    ])
}

/// Takes it over, if it is still as it was read.
pub fn takeover(resource_version: &str, holder: &Holder, now: Timestamp) -> Value {
    let text = serde_json::to_string(holder).unwrap_or_default();
    json!([
        {"op": "test", "path": "/metadata/resourceVersion", "value": resource_version},
        {"op": "replace", "path": "/spec/holderIdentity", "value": holder.identity},
        {"op": "replace", "path": "/spec/renewTime", "value": time(now)},
        {"op": "replace", "path": annotation(labels::HOLDER), "value": text},
    ])
}

/// Leaves it to anybody, with the work that is on record, if it is still this holder's.
pub fn leaving(identity: &str) -> Value {
    json!([
        {"op": "test", "path": "/spec/holderIdentity", "value": identity},
        {"op": "replace", "path": "/spec/holderIdentity", "value": NOBODY},
    ])
}

/// The JSON pointer of an annotation.
fn annotation(name: &str) -> String {
    format!("/metadata/annotations/{}", name.replace('~', "~0").replace('/', "~1"))
}
