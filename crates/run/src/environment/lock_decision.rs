//! Owns what to do about an environment that somebody holds: take over, wait, or say who holds it. Pure.

use std::time::Duration;

use crate::lock::Presence;

/// How long a command of a dead run may still take: a little more than a process of helm.
const ORPHANS: Duration = Duration::from_mins(6);

/// What is known of the holder, and how patient this command is.
#[derive(Debug, Clone, Copy)]
pub(super) struct LockState {
    /// Its run has ended and left work.
    pub(super) nobodys: bool,
    /// Whether it lives on this host.
    pub(super) presence: Presence,
    /// What was seen of it.
    pub(super) sign: Sign,
    /// Whether helm is still at work on a release of its run, as helm's records say.
    pub(super) pending: bool,
    /// Whether this command is there to recover, and so watches even what looks alive.
    pub(super) recovers: bool,
    /// How long this command has looked.
    pub(super) waited: Duration,
    /// How long it may wait for a living holder.
    pub(super) timeout: Duration,
}

/// A sign of life, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It was renewed while this command looked.
    Renewed,
    /// This command has itself seen nothing of it for the whole duration of the Lease.
    Silent,
    /// Its own clock says that it was renewed long ago: worth watching, and no more than that.
    LooksDead,
    /// Its own clock says that it was renewed just now.
    LooksAlive,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockDecision {
    /// Take over and recover.
    Take,
    /// Look again in a moment, and why.
    Wait(&'static str),
    /// It is held.
    Held,
    /// Its holder is dead, and a command that it began does not end.
    StillAtWork,
}

/// Decides. `Wait` texts complete the sentence "waiting: …".
pub(super) fn decide(now: LockState) -> LockDecision {
    let held = if now.waited < now.timeout { LockDecision::Wait("it is held") } else { LockDecision::Held };
    let orphans =
        |why| if now.waited < ORPHANS { LockDecision::Wait(why) } else { LockDecision::StillAtWork };
    let watched = LockDecision::Wait("its holder may be dead; taken over after 30 s without a sign of life");
    if now.nobodys {
        return LockDecision::Take;
    }
    match (now.presence, now.sign) {
        (Presence::Gone, _) => LockDecision::Take,
        (Presence::Orphans, _) => orphans("a command that its dead todoctl began is still at work"),
        // A helm that was killed too stays pending for ever; so this wait ends in taking over.
        (Presence::Unknown, Sign::Silent) if !now.pending || now.waited >= ORPHANS => LockDecision::Take,
        (Presence::Unknown, Sign::Silent) => {
            LockDecision::Wait("helm may still be at work on a release of its run")
        }
        (Presence::Unknown, Sign::LooksDead) => watched,
        (Presence::Unknown, Sign::LooksAlive) if now.recovers => watched,
        (Presence::Living, _) | (Presence::Unknown, Sign::Renewed | Sign::LooksAlive) => held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: LockState = LockState {
        nobodys: false,
        presence: Presence::Unknown,
        sign: Sign::LooksAlive,
        pending: false,
        recovers: false,
        waited: Duration::ZERO,
        timeout: Duration::ZERO,
    };

    #[test]
    fn a_second_writer_is_told_at_once_and_nothing_is_taken_from_the_living() {
        let minute = Duration::from_mins(1);
        let living = LockState { presence: Presence::Living, sign: Sign::Silent, ..NEW };
        let cases = [
            ("elsewhere", NEW, LockDecision::Held),
            ("here", living, LockDecision::Held),
            ("here, for a recovery", LockState { recovers: true, ..living }, LockDecision::Held),
            ("patient", LockState { timeout: minute, ..NEW }, LockDecision::Wait("it is held")),
            ("no longer patient", LockState { timeout: minute, waited: minute, ..NEW }, LockDecision::Held),
            ("renewed while watched", LockState { sign: Sign::Renewed, ..NEW }, LockDecision::Held),
        ];
        for (name, situation, want) in cases {
            assert_eq!(decide(situation), want, "{name}");
        }
    }

    #[test]
    fn the_dead_are_taken_over_when_nothing_of_theirs_is_at_work() {
        let late = Duration::from_mins(7);
        let waits = |situation| matches!(decide(situation), LockDecision::Wait(_));
        assert_eq!(
            decide(LockState { nobodys: true, presence: Presence::Living, ..NEW }),
            LockDecision::Take
        );
        assert_eq!(decide(LockState { presence: Presence::Gone, ..NEW }), LockDecision::Take);
        assert_eq!(decide(LockState { sign: Sign::Silent, ..NEW }), LockDecision::Take);
        assert!(waits(LockState { sign: Sign::Silent, pending: true, ..NEW }));
        assert_eq!(
            decide(LockState { sign: Sign::Silent, pending: true, waited: late, ..NEW }),
            LockDecision::Take
        );
        assert!(waits(LockState { presence: Presence::Orphans, ..NEW }));
        assert_eq!(
            decide(LockState { presence: Presence::Orphans, waited: late, ..NEW }),
            LockDecision::StillAtWork
        );
        assert!(waits(LockState { sign: Sign::LooksDead, ..NEW }), "watched, and not believed");
        assert!(waits(LockState { recovers: true, ..NEW }));
    }
}
