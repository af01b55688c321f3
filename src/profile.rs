//! Owns the profile: the one file that says what is deployed, where, and how it is checked.
//! Refuses to look at a cluster or to run anything.

mod schema;

pub use schema::*;
