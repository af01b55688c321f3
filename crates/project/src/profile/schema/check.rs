//! Owns the shape of a declared check: one request, and what must be seen elsewhere because of it.
//! Refuses to send anything: `steps/verify` makes a `Check` of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Stands for the id of a check's request.
pub const ID: &str = "{id}";

/// A request through the API server's service proxy that must be answered with a 2xx status, and what must then be
/// seen elsewhere because of it. `{id}` in its paths, body and texts stands for 16 hex digits, different in every run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpCheck {
    /// Name shown to people, unique in the profile.
    pub name: String,
    /// Release that answers. With `--only`, a check is made when one of the releases it names is part of the run
    /// and every other one is deployed.
    pub release: String,
    /// Service in the release's namespace.
    pub service: String,
    /// Port number or name of the Service.
    pub port: String,
    /// Method. `GET` is repeated until it succeeds; any other is sent once, and again only when it certainly reached
    /// no program.
    #[serde(default)]
    pub method: Method,
    /// Path, starting with a slash.
    pub path: String,
    /// Sent as JSON, as `application/json`. Public: never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// What must be seen after the request was answered, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expectation>,
    /// Removes what the request made, also when an expectation was not met. Its failure is a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleanup: Option<Cleanup>,
    /// Seconds until everything must have succeeded.
    #[serde(default = "default_check_seconds")]
    pub within_seconds: u32,
}

/// Something that must be seen because of a check's request: asked again until the answer holds the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// Name shown to people, unique in the check.
    pub name: String,
    /// Release that answers.
    pub release: String,
    /// Service in the release's namespace.
    pub service: String,
    /// Port number or name of the Service.
    pub port: String,
    /// Path of a `GET`, starting with a slash.
    pub path: String,
    /// Text that an answer with a 2xx status must hold. It names `{id}`, so that nothing older can satisfy it.
    pub contains: String,
}

/// A request to the check's own service that removes what the check made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cleanup {
    /// Method.
    pub method: Method,
    /// Path, starting with a slash. It or the body names `{id}`, so that nothing else can be removed.
    pub path: String,
    /// Sent as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// Method of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    #[default]
    Get,
    /// Makes something.
    Post,
    /// Replaces something.
    Put,
    /// Removes something.
    Delete,
}

impl Method {
    /// As it is written in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl HttpCheck {
    /// Every release it names, the one that answers first; each once.
    pub fn releases(&self) -> Vec<&str> {
        let mut all = vec![self.release.as_str()];
        for expected in &self.expect {
            if !all.contains(&expected.release.as_str()) {
                all.push(&expected.release);
            }
        }
        all
    }
}

/// Whether a JSON value names the id in one of its texts.
pub fn names_id(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(ID),
        Value::Array(items) => items.iter().any(names_id),
        Value::Object(fields) => fields.values().any(names_id),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn default_check_seconds() -> u32 {
    30
}
