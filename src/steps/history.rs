//! Owns questions about the revisions of a release that several steps ask: the next number, and whether another helm
//! is at work.

use crate::step::DecideError;
use crate::world::releases::{Revision, Target, target};

/// The number helm gives the next revision.
pub fn number_after(history: &[Revision]) -> u32 {
    history.last().map_or(1, |newest| newest.number + 1)
}

/// Refuses to touch a release that another helm is working on, or that one left behind.
pub(super) fn refuse_unfinished(
    name: &str,
    namespace: &str,
    newest: &Revision,
    history: &[Revision],
) -> Result<(), DecideError> {
    let repair = match (newest.status.as_str(), target(history, true)) {
        ("pending-install" | "uninstalling", _) => format!("helm uninstall {name} -n {namespace}"),
        ("pending-upgrade" | "pending-rollback", Target::Verified(good)) => {
            format!("helm rollback {name} {good} -n {namespace}")
        }
        ("pending-upgrade" | "pending-rollback", _) => {
            format!("helm history {name} -n {namespace}, then helm rollback {name} REVISION -n {namespace}")
        }
        _ => return Ok(()),
    };
    Err(DecideError {
        evidence: Vec::new(),
        message: format!(
            "release {name} is {} (revision {}): another helm works on it, or one was killed",
            newest.status, newest.number
        ),
        hint: format!("wait for it; if no helm runs any more: {repair}"),
    })
}
