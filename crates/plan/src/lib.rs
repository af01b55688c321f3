//! What is decided, from a snapshot of the cluster: steps, checks, undos, plans, and the calls of tools that they are made
//! of. Pure: not async, no clock, no randomness, no process.

pub mod assemble;
pub mod bookkeeping;
pub mod builder;
pub mod description;
pub mod event;
pub mod finalize;
pub mod health;
pub mod kubernetes;
pub mod look;
pub mod plan;
pub mod provider;
pub mod references;
pub mod resources;
pub mod run_record;
pub mod step;
pub mod steps;
pub mod tool;
pub mod world;
