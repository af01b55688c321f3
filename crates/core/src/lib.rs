//! What every other crate may know: text, YAML that remembers its lines, quantities, labels, exit statuses, redaction, and
//! external commands as data. Refuses to know profiles and clusters.

pub mod diagnostic;
pub mod exit;
pub mod invocation;
pub mod labels;
pub mod quantity;
pub mod redact;
pub mod text;
pub mod workload;
pub mod yaml;
