//! Owns how the API server tells its time: by when an object would have been made that is sent and not made.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kubernetes::Object;
use crate::look::{Look, resource};

/// What is sent.
pub fn probe() -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "todoctl-clock-probe", "namespace": "default"}})
}

/// Where it is sent.
pub fn probed() -> Look {
    Look::all(resource::CONFIG_MAPS).within("default")
}

/// The time in the answer.
pub fn told(answer: &Value) -> Option<Timestamp> {
    Object::of(answer)?.metadata.creation_timestamp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_when_the_object_would_have_been_made() {
        let answer = |time: Value| json!({"kind": "ConfigMap", "metadata": {"creationTimestamp": time}});
        assert_eq!(
            told(&answer(json!("2026-11-30T08:20:11Z"))).map(|at| at.to_string()).as_deref(),
            Some("2026-11-30T08:20:11Z")
        );
        assert_eq!(told(&answer(Value::Null)), None);
        assert_eq!(told(&json!("error")), None);
    }
}
