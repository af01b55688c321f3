//! What people and programs read: screens of a run, reports, JSON, errors. Refuses to act: it reads events.

pub mod output;
pub mod render;
pub mod report;
