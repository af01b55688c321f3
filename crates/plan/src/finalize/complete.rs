//! Owns whether a run that died had come to its end.

use crate::step::{Change, Guard, Undo};
use crate::world::lease::OpenRun;
use crate::world::releases::Releases;

/// Whether a run that died had done everything but a part of its closing work: each release that it changed is marked
/// as verified, which is the last word about a deployment. Then there is nothing to undo.
pub fn is_complete(open: &OpenRun, now: &Releases) -> bool {
    let mut marked = false;
    for step in &open.steps {
        let Undo::Commands { guard: Guard::ReleaseChanged { release, namespace, revision, .. }, .. } =
            &step.undo
        else {
            continue;
        };
        let newest = now.newest(namespace, release);
        let done = match &step.info.change {
            Change::Remove { .. } => newest.is_none_or(|one| !one.is_present()),
            Change::None { .. } | Change::Create { .. } | Change::Update { .. } => {
                marked = true;
                newest.is_some_and(|one| one.number == revision + 1 && one.is_deployed() && one.is_verified())
            }
        };
        if !done {
            return false;
        }
    }
    marked
}
