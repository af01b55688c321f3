//! Owns kubectl's word about its own version.

use serde_json::Value;

use crate::tool::version::Version;
use todoctl_core::invocation::{Invocation, Tool};

/// `kubectl version` of the program alone.
pub fn client_version() -> Invocation {
    Invocation::new(Tool::Kubectl, ["version", "--client", "-o", "json"])
}

/// Reads it (kubectl `pkg/cmd/version`).
pub fn parse_client_version(json: &[u8]) -> Option<Version> {
    let value: Value = serde_json::from_slice(json).ok()?;
    crate::tool::version::find(value["clientVersion"]["gitVersion"].as_str()?)
}
