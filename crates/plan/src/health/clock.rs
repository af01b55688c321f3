//! Owns how the API server tells its time: by when an object would have been made that is sent and not made.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kubernetes::Object;

/// What is sent.
pub fn probe() -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "todoctl-clock-probe", "namespace": "default"}})
}

/// The time in the answer.
pub fn told(json: &[u8]) -> Option<Timestamp> {
    serde_json::from_slice::<Object>(json).ok()?.metadata.creation_timestamp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_when_the_object_would_have_been_made() {
        let answer = br#"{"kind": "ConfigMap", "metadata": {"creationTimestamp": "2026-11-30T08:20:11Z"}}"#;
        assert_eq!(told(answer).map(|at| at.to_string()).as_deref(), Some("2026-11-30T08:20:11Z"));
        assert_eq!(told(br#"{"kind": "ConfigMap", "metadata": {"creationTimestamp": null}}"#), None);
        assert_eq!(told(b"error"), None);
    }
}
