//! Holds the component to its README with a real daprd, a real PostgreSQL, and everything killed at random.
//!
//! `scripts/test pubsub` runs it: it needs the programs `DAPRD` and `PUBSUB_POSTGRESQL`. Elsewhere its tests are ignored,
//! not left out of the build: a feature would have the component compiled twice.

mod sidecar {
    mod chaos;
    mod faults;
    mod refusals;
    mod semantics;
}
