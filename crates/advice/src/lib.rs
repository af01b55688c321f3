//! Pure judgements beside a plan: what is wrong with machine, files, secrets and capacity.

pub mod capacity;
pub mod doctor;
pub mod inventory;
pub mod lint;
pub mod parity;
