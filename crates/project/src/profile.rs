//! Owns the profile: the one file that says what is deployed, where, and how it is checked.
//! Refuses to look at a cluster or to run anything.

mod error;
mod leave;
mod load;
pub mod names;
#[cfg(test)]
mod reference;
mod schema;
mod source;
#[cfg(test)]
pub(crate) mod testing;
mod validate;
mod variables;

pub use error::{Problem, ProfileError};
pub use load::{Loaded, Written, find_project, load, load_written, profile_names};
pub use schema::*;
pub use variables::Variables;
