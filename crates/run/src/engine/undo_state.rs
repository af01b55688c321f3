//! Owns what helm's records say about the change of a step: not begun, made, or already undone. Pure.

use todoctl_core::labels;
use todoctl_plan::step::{Guard, Returns, Reversal, StepId, Undo};
use todoctl_plan::world::lease::OpenRun;
use todoctl_plan::world::releases::{Releases, Revision, Status};

/// Where the release of an undo is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UndoState {
    /// As before the run.
    Untouched,
    /// The content of before is back as a new revision; whether it works is not proved yet.
    Returned,
    /// Changed, or nothing is known.
    Changed,
}

/// Compares what was recorded before the run with what is there now.
pub(super) fn seen(guard: &Guard, returns: Option<&Returns>, now: Option<&Releases>) -> UndoState {
    let (Guard::ReleaseChanged { release, namespace, revision, status }, Some(now)) = (guard, now) else {
        return UndoState::Changed;
    };
    let history = now.history(namespace, release);
    match history.last() {
        None if *revision == 0 => UndoState::Untouched,
        Some(newest) if newest.number == *revision && Some(newest.status) == *status => UndoState::Untouched,
        Some(newest) if returns.is_some_and(|back| is_back(newest, *revision, back, history)) => {
            UndoState::Returned
        }
        None | Some(_) => UndoState::Changed,
    }
}

/// Whether a revision newer than the run's was made from the same inputs as the one that returns.
fn is_back(newest: &Revision, before: u32, back: &Returns, history: &[Revision]) -> bool {
    let digest = |revision: &Revision| revision.label(labels::DIGEST).map(str::to_owned);
    let wanted = history.iter().find(|one| one.number == back.revision).and_then(digest);
    // The run's own revision is the next after `before`; what comes back is a later one.
    back.ours
        && newest.number > before + 1
        && newest.is_deployed()
        && wanted.is_some()
        && digest(newest) == wanted
}

/// The undo list of a dead run, in the order of undoing. A helm that was killed while it uninstalled is repaired first:
/// `uninstalling` is no state that helm goes on from by itself, other than by uninstalling again.
pub(super) fn undo_list(open: &OpenRun, now: &Releases) -> Vec<(StepId, Undo)> {
    let steps = open.steps.iter().rev();
    let list = steps.map(|step| {
        let place = step.release.as_ref();
        let newest = place.and_then(|(namespace, release)| now.newest(namespace, release));
        let undo = match (place, newest) {
            (Some((namespace, release)), Some(newest)) if newest.status == Status::Uninstalling => {
                repaired(&step.undo, namespace, release)
            }
            _ => step.undo.clone(),
        };
        (step.info.step.clone(), undo)
    });
    list.collect()
}

fn repaired(undo: &Undo, namespace: &str, release: &str) -> Undo {
    let uninstall = |keep_history| Reversal::Release {
        release: release.to_owned(),
        namespace: namespace.to_owned(),
        to: None,
        keep_history,
    };
    match undo.clone() {
        Undo::Commands { reversals, follows, guard, checks, returns, stays } => {
            let away = |one: &Reversal| matches!(one, Reversal::Release { to: None, .. });
            let first = (!reversals.iter().any(away)).then(|| uninstall(true));
            let reversals = first.into_iter().chain(reversals).collect();
            Undo::Commands { reversals, follows, guard, checks, returns, stays }
        }
        // Removing was what the run was for: it is finished.
        Undo::Nothing { stays, .. } => Undo::Commands {
            reversals: vec![uninstall(false)],
            follows: Vec::new(),
            guard: Guard::Always,
            checks: Vec::new(),
            returns: None,
            stays,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn revision(number: u32, status: &str, digest: &str) -> Revision {
        let labels = BTreeMap::from([(labels::DIGEST.to_owned(), digest.to_owned())]);
        Revision { number, status: Status::from(status), labels }
    }

    #[test]
    fn what_is_already_back_is_not_brought_back_again() {
        let guard = Guard::ReleaseChanged {
            release: "web".into(),
            namespace: "todo".into(),
            revision: 3,
            status: Some(Status::Deployed),
        };
        let returns = Returns {
            release: "web".into(),
            namespace: "todo".into(),
            revision: 3,
            ours: true,
            verified: true,
        };
        let cases = [
            ("not begun", vec![revision(3, "deployed", "old")], UndoState::Untouched),
            (
                "pending",
                vec![revision(3, "deployed", "old"), revision(4, "pending-upgrade", "new")],
                UndoState::Changed,
            ),
            (
                "made",
                vec![revision(3, "superseded", "old"), revision(4, "deployed", "new")],
                UndoState::Changed,
            ),
            (
                "made again from the same inputs, to end a drift",
                vec![revision(3, "superseded", "old"), revision(4, "deployed", "old")],
                UndoState::Changed,
            ),
            (
                "the way back was cut off",
                vec![
                    revision(3, "superseded", "old"),
                    revision(4, "superseded", "new"),
                    revision(5, "pending-rollback", "old"),
                ],
                UndoState::Changed,
            ),
            (
                "back",
                vec![
                    revision(3, "superseded", "old"),
                    revision(4, "superseded", "new"),
                    revision(5, "deployed", "old"),
                ],
                UndoState::Returned,
            ),
            ("gone", vec![], UndoState::Changed),
        ];
        for (name, history, want) in cases {
            let mut releases = Releases::default();
            for one in history {
                releases.insert("todo", "web", one);
            }
            assert_eq!(seen(&guard, Some(&returns), Some(&releases)), want, "{name}");
        }
        assert_eq!(seen(&guard, Some(&returns), None), UndoState::Changed);
    }
}
