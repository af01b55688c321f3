//! Holds the component to its README: the real program, over its socket, with a real PostgreSQL.
//!
//! Here the tests stand for daprd. What a real daprd does with it is tested by `tests/sidecar.rs`.

mod contract {
    mod component;
    mod daprd;
    mod delivering;
    mod failing;
    mod initialising;
    mod keeping;
    mod publishing;
    mod restarting;
    mod volume;
}
