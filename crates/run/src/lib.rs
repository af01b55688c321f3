//! What acts: processes, reads of the cluster, the lock, the engine that carries a plan out, the journal.
//! Refuses to print and to ask.

pub mod cluster;
pub mod emitter;
pub mod engine;
pub mod environment;
pub mod journal;
pub mod lock;
pub mod logs;
pub mod runner;
pub mod survey;
