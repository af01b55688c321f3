//! Owns comparing two profiles: what may differ between environments, and what may not.
//! Refuses to read files (`profile`) and to render charts (`survey`).
