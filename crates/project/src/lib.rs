//! What disk and command line say of an application: profiles, charts, Dapr objects, images, secret values.
//! Refuses to know a cluster.

pub mod chart;
pub mod dapr;
pub mod digest;
pub mod inputs;
pub mod profile;
pub mod secret_input;
