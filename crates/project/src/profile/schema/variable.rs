//! Owns the shape of `variables:`: what `${NAME}` may stand for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text of the environment that a profile needs, under the same name there. It is not secret: it shows in plans,
/// errors and the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Variable {
    /// What it is, for the person who has to set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is when the environment has none, or an empty one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}
