//! Owns the order of undoing: the reverse of doing, except that an undo comes after those that it must follow; and which
//! undos need not wait for each other. Pure. Refuses to leave one out: a circle is undone in the order it was given.

use std::collections::BTreeMap;

use todoctl_plan::step::{StepId, Undo};

/// What each step needed before it was done, directly.
pub(super) type Needs = BTreeMap<StepId, Vec<StepId>>;

/// Undos, given in the reverse order of doing, in the order in which they are carried out.
pub(super) fn of(undo: &[(StepId, Undo)]) -> Vec<&(StepId, Undo)> {
    let mut left: Vec<&(StepId, Undo)> = undo.iter().collect();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = |one: &&(StepId, Undo)| !left.iter().any(|(step, _)| one.1.follows().contains(step));
        let at = left.iter().position(free).unwrap_or(0);
        ordered.push(left.remove(at));
    }
    ordered
}

/// For each undo of an order, the earlier ones that must have ended before it begins: those that it follows, and those of
/// steps that needed its own. Without needs, each comes after the one before it.
pub(super) fn earlier(ordered: &[&(StepId, Undo)], needs: Option<&Needs>) -> Vec<Vec<usize>> {
    let Some(needs) = needs else {
        return (0..ordered.len()).map(|at| at.checked_sub(1).into_iter().collect()).collect();
    };
    let waits = |at: usize| {
        let (own, undo) = ordered[at];
        let before = ordered[..at].iter().enumerate();
        let is_waited_for =
            |(step, _): &(StepId, Undo)| undo.follows().contains(step) || depends(step, own, needs);
        before.filter(|(_, one)| is_waited_for(one)).map(|(at, _)| at).collect()
    };
    (0..ordered.len()).map(waits).collect()
}

/// Whether a step needed another, be it through others.
fn depends(step: &StepId, on: &StepId, needs: &Needs) -> bool {
    let (mut open, mut seen) = (vec![step], Vec::new());
    while let Some(one) = open.pop() {
        if one == on {
            return true;
        }
        if !seen.contains(&one) {
            seen.push(one);
            open.extend(needs.get(one).into_iter().flatten());
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use todoctl_plan::step::Guard;

    fn undo(name: &str, follows: &[&str]) -> (StepId, Undo) {
        let undo = Undo::Commands {
            reversals: Vec::new(),
            follows: follows.iter().map(|name| StepId::single(name)).collect(),
            guard: Guard::Always,
            checks: Vec::new(),
            returns: None,
            stays: None,
        };
        (StepId::single(name), undo)
    }

    fn ordered(undo: &[(StepId, Undo)]) -> Vec<&str> {
        of(undo).into_iter().map(|(step, _)| step.as_str()).collect()
    }

    #[test]
    fn the_objects_come_before_the_services_that_read_them() {
        let all = [
            undo("frontend", &[]),
            undo("audit", &["pubsub", "statestore", "gone"]),
            undo("backend", &["pubsub"]),
            undo("statestore", &[]),
            undo("pubsub", &[]),
            undo("secret", &[]),
        ];
        assert_eq!(ordered(&all), ["frontend", "statestore", "pubsub", "audit", "backend", "secret"]);
    }

    #[test]
    fn a_circle_is_undone_all_the_same() {
        assert_eq!(ordered(&[undo("a", &["b"]), undo("b", &["a"]), undo("c", &["a"])]), ["a", "b", "c"]);
    }

    /// Each with those that it waits for.
    fn waits(undo: &[(StepId, Undo)], needs: Option<&[(&str, &[&str])]>) -> String {
        let id = |name: &&str| StepId::single(name);
        let needs = needs.map(|needs| {
            needs.iter().map(|(step, of)| (id(step), of.iter().map(id).collect())).collect::<Needs>()
        });
        let ordered = of(undo);
        let earlier = earlier(&ordered, needs.as_ref());
        let lines = ordered.iter().zip(earlier).map(|((step, _), earlier)| {
            let earlier: Vec<&str> = earlier.into_iter().map(|at| ordered[at].0.as_str()).collect();
            format!("{}: {}", step.as_str(), earlier.join(", "))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn who_was_needed_waits_and_what_needs_nothing_of_the_other_does_not() {
        let all = [
            undo("frontend", &[]),
            undo("audit", &["pubsub"]),
            undo("backend", &[]),
            undo("pubsub", &[]),
            undo("secret", &[]),
        ];
        // What comes between two undos need not be undone itself.
        let needs: &[(&str, &[&str])] = &[
            ("frontend", &["verify"]),
            ("verify", &["backend"]),
            ("backend", &["secret"]),
            ("audit", &["pubsub"]),
        ];
        insta::assert_snapshot!(waits(&all, Some(needs)), @r"
        frontend: 
        backend: frontend
        pubsub: 
        audit: pubsub
        secret: frontend, backend
        ");
    }

    #[test]
    fn without_needs_everything_waits_for_the_one_before() {
        insta::assert_snapshot!(waits(&[undo("c", &[]), undo("b", &[]), undo("a", &[])], None), @r"
        c: 
        b: c
        a: b
        ");
    }
}
