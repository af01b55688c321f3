//! Owns questions about the revisions of a release that several steps ask: the next number, whether another helm is at
//! work, and the way back.

use crate::step::{Check, Guard, Returns, Reversal, Undo};
use crate::world::releases::{ReleaseRef, Revision, Status, Target, target};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::workload::Workload;

/// The number helm gives the next revision.
pub fn number_after(history: &[Revision]) -> u32 {
    history.last().map_or(1, |newest| newest.number + 1)
}

/// How many revisions an upgrade must leave, so that helm does not prune the newest verified one: it removes the oldest
/// before it adds its own, and keeps only the deployed one whatever its age (helm pkg/storage).
pub(super) fn kept(history: &[Revision]) -> usize {
    let since = history.iter().rev().position(Revision::is_verified);
    // The revision itself, those after it, and the new one.
    since.map_or(0, |since| since + 2)
}

/// Refuses to touch a release that another helm is working on, or that one left behind.
pub fn refuse_unfinished(
    name: &str,
    namespace: &str,
    newest: &Revision,
    history: &[Revision],
) -> Result<(), Diagnostic> {
    let repair = match newest.status {
        Status::PendingInstall | Status::Uninstalling => format!("helm uninstall {name} -n {namespace}"),
        Status::PendingUpgrade | Status::PendingRollback => match target(history, true) {
            Target::Verified(good) => format!("helm rollback {name} {good} -n {namespace}"),
            Target::Absent | Target::Current(_) | Target::Unproven(_) => {
                format!(
                    "helm history {name} -n {namespace}, then helm rollback {name} REVISION -n {namespace}"
                )
            }
        },
        Status::Unknown | Status::Deployed | Status::Superseded | Status::Failed | Status::Uninstalled => {
            return Ok(());
        }
    };
    Err(Diagnostic {
        code: Code::ReleasePending,
        evidence: Vec::new(),
        what: format!(
            "release {name} is {} (revision {}): another helm works on it, or one was killed",
            newest.status, newest.number
        ),
        fix: format!("wait for it; if no helm runs any more: {repair}"),
        place: None,
    })
}

/// Why a revision cannot be asked to be healthy when it comes back.
pub(super) fn unproven(broken: bool) -> &'static str {
    if broken { "is broken now" } else { "was never verified" }
}

/// How a change of a release is reversed: back to the revision that `target` chooses, or away when there was none.
pub(super) fn way_back(
    of: ReleaseRef<'_>,
    history: &[Revision],
    broken: bool,
    workloads: Option<&[Workload]>,
    within_seconds: u32,
) -> Undo {
    let (release, namespace) = (of.name.to_owned(), of.namespace.to_owned());
    let newest = history.last();
    let guard = Guard::ReleaseChanged {
        release: release.clone(),
        namespace: namespace.clone(),
        revision: newest.map_or(0, |revision| revision.number),
        status: newest.map(|revision| revision.status),
    };
    let target = target(history, broken);
    let reversal = Reversal::Release {
        release: release.clone(),
        namespace: namespace.clone(),
        to: target.revision(),
        keep_history: newest.is_some(),
    };
    let Some(number) = target.revision() else {
        let checks = vec![Check::Gone { release, namespace, within_seconds }];
        let reversals = vec![reversal];
        return Undo::Commands { reversals, follows: Vec::new(), guard, checks, returns: None, stays: None };
    };
    // A revision that never worked is brought back as it was; it cannot be asked to be healthy.
    let provable = !matches!(target, Target::Unproven(_));
    let rolled_out = |workloads: &[Workload]| Check::RolledOut {
        release: release.clone(),
        namespace: namespace.clone(),
        workloads: workloads.to_vec(),
        within_seconds,
    };
    let returns = history.iter().find(|one| one.number == number).map(|one| Returns {
        release: release.clone(),
        namespace: namespace.clone(),
        revision: number,
        ours: one.is_ours(),
        verified: one.is_verified() && provable,
    });
    Undo::Commands {
        reversals: vec![reversal],
        follows: Vec::new(),
        guard,
        checks: workloads.filter(|_| provable).map(rolled_out).into_iter().collect(),
        returns,
        stays: (!provable).then(|| format!("release {release} as it was before: it {}", unproven(broken))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use todoctl_core::labels;

    #[test]
    fn an_upgrade_never_prunes_the_newest_verified_revision() {
        let revision = |number: u32| Revision {
            number,
            status: Status::Superseded,
            labels: (number == 3)
                .then(|| (labels::VERIFIED.to_owned(), "3".to_owned()))
                .into_iter()
                .collect(),
        };
        let history: Vec<Revision> = (1..=60).map(revision).collect();
        assert_eq!(kept(&history), 59, "3 to 60, and the new one");
        assert_eq!(kept(&history[..3]), 2);
        assert_eq!(kept(&history[..2]), 0, "none was verified");
    }
}
