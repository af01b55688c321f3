//! Owns the exit statuses of todoctl; nothing else chooses a number.

/// Exit statuses, documented in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// A bug in todoctl.
    Bug = 1,
    /// Wrong arguments.
    Usage = 2,
    /// `plan --exit-code` found changes.
    Changes = 3,
    /// `verify`, `doctor`, `lint`, `budget`, `parity` or `secrets check` found something wrong.
    Found = 4,
    /// Profile, tools, cluster, secrets or charts are not ready; nothing was changed.
    Preflight = 10,
    /// Another run holds the environment; its message says who and since when.
    Locked = 11,
    /// A person said no, or interrupted before the first change.
    Declined = 12,
    /// Failed, and everything is back as it was.
    RolledBack = 20,
    /// Failed, and not everything is back.
    Stuck = 21,
    /// Interrupted, or its lock was taken by another run; what is left was printed.
    Interrupted = 22,
    /// Interrupted, and everything is back as it was.
    InterruptedRolledBack = 23,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
