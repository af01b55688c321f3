//! Owns the Secret `todoctl-run-<id>`: the Dapr objects before a run, for its undo, and after it, for returning to it.
//! A Secret, because an object of somebody else's may hold a password in clear. Immutable, so that nobody changes the
//! way back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The name of a run's Secret.
pub fn content_name(run: &str) -> String {
    format!("todoctl-run-{run}")
}

/// The Secret as an object to create.
pub fn run_content(namespace: &str, run: &str, labels: &Value, before: &[Value], after: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true,
        "metadata": {"name": content_name(run), "namespace": namespace, "labels": labels},
        "stringData": {"before": json!(before).to_string(), "after": json!(after).to_string()}})
}

/// The objects before a run, from its Secret. An error says what is wrong, never what was read.
pub fn content_before(secret: Option<&Value>) -> Result<Vec<Value>, String> {
    content(secret, "before")
}

/// The objects after a run.
pub fn content_after(secret: Option<&Value>) -> Result<Vec<Value>, String> {
    content(secret, "after")
}

fn content(secret: Option<&Value>, key: &str) -> Result<Vec<Value>, String> {
    let secret = secret.ok_or_else(|| "the Secret is not there".to_owned())?;
    let encoded = secret["data"][key].as_str().ok_or_else(|| format!("it has no key {key}"))?;
    let text = STANDARD.decode(encoded).map_err(|_| format!("key {key} is not readable"))?;
    serde_json::from_slice(&text).map_err(|_| format!("key {key} is not readable"))
}
