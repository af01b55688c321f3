//! Owns the order of undoing: the reverse of doing, except that an undo comes after those that it must follow.
//! Pure. Refuses to leave one out: a circle is undone in the order it was given.

use todoctl_plan::step::{StepId, Undo};

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
}
