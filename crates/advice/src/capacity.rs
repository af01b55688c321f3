//! Owns whether what a profile asks for fits on the nodes: the judgement and its words.
//! Refuses to render charts and to read the cluster; what is asked and what is there come as `resources`.

mod fit;
mod verdict;
mod words;

pub use verdict::{FitVerdict, Had, ReleaseDemand, Row, Short, WayOut, judge};
