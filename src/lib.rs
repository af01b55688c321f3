//! todoctl deploys a multi-service application to Kubernetes from one profile: either all of it is new and
//! verified, or all of it is back as it was.
//!
//! Three ideas carry the code. A [`step::Step`] decides from a snapshot of the [`world`] and does nothing itself.
//! The [`engine`] is the only part that acts on decisions, forwards and backwards. Everything that happens is an
//! [`event::Event`]; renderers and the journal only read them.

pub mod builder;
pub mod capacity;
pub mod chart;
pub mod cli;
pub mod closing;
pub mod dapr;
pub mod digest;
pub mod doctor;
pub mod emitter;
pub mod engine;
pub mod event;
pub mod exit;
pub mod given;
pub mod health;
pub mod inputs;
pub mod inventory;
pub mod invocation;
pub mod journal;
pub mod labels;
pub mod lint;
pub mod lock;
pub mod output;
pub mod parity;
pub mod plan;
pub mod profile;
pub mod provider;
pub mod quantity;
pub mod redact;
pub mod references;
pub mod render;
pub mod report;
pub mod resources;
pub mod run_record;
pub mod runner;
pub mod step;
pub mod steps;
pub mod survey;
pub mod text;
pub mod tool;
pub mod workload;
pub mod world;
pub mod yaml;
