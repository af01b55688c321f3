//! `pubsub.postgresql`: a pluggable component of Dapr that keeps a topic's messages in PostgreSQL.
//!
//! The way of a message: `service` takes it from daprd, `publisher` puts it into `database`, whose functions stand in
//! `migrations/`; `announcements` wakes the `consumer` of each subscriber, which takes it and hands it on.

pub mod address;
pub mod announcements;
pub mod config;
pub mod consumer;
pub mod database;
pub mod instance;
pub mod keeper;
pub mod message;
pub mod proto;
pub mod publisher;
pub mod reflection;
pub mod schema;
pub mod server;
pub mod service;
pub mod settings;
pub mod sidecar;
pub mod tls;
