//! Owns what keeps this process's memory and environment from others: no core file, and on Linux no look into
//! `/proc/PID` by the same user's other processes; and what it knows of secrets, so that it can keep them from its own
//! output. All are best effort.

use std::sync::OnceLock;

use todoctl_core::redact::Redactor;

/// The secret values of this process: whoever prints for it must know all of them.
static KNOWN: OnceLock<Redactor> = OnceLock::new();

/// What takes the secret values that this process knows out of a text.
pub(super) fn redactor() -> &'static Redactor {
    KNOWN.get_or_init(Redactor::default)
}

/// Called before anything is read. Children are normal again: `exec` resets the first.
pub(super) fn seal() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn the_process_is_closed_and_leaves_no_core_file() {
        super::seal();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
    }
}
