//! Owns the external programs: typed constructors of their invocations and parsers of their output.
//! The only place that knows a flag. Refuses to spawn (`runner`) and to decide (`steps`).

pub mod dialect;
pub mod docker;
pub mod git;
pub mod helm;
pub mod kubeconfig;
pub mod kubectl;
pub mod minikube;
pub mod oci;
pub mod reversal;
pub mod sandbox;
pub mod version;
