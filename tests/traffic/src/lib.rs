//! Events through real sidecars: an application that publishes, applications that receive, daprd between them and a
//! message bus. Tests and benchmarks of message buses use it; `todoctl` does not.
//!
//! `supervised` keeps processes alive as Kubernetes does, `sidecar` is a daprd with its Component, `broker` the message
//! bus, `app` what receives, `publisher` what publishes, `figures` what is measured. `comparison` measures two buses in
//! one run, for `scripts/bench-pubsub`.

#![expect(clippy::missing_panics_doc, reason = "a test fails by a panic")]

pub mod app;
pub mod broker;
pub mod comparison;
pub mod figures;
pub mod publisher;
pub mod sidecar;
pub mod supervised;

/// Where a program is, by a variable of the environment.
pub fn program(variable: &str) -> std::path::PathBuf {
    let path = std::env::var_os(variable).map(std::path::PathBuf::from);
    path.filter(|path| path.is_file()).unwrap_or_else(|| panic!("{variable} is not the path of a program"))
}
