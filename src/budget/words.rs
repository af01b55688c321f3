//! Owns what is said of a profile that does not fit: the same words for `budget` and for `up`.

use super::verdict::{Short, Verdict, WayOut};
use crate::text::count;

/// What does not fit, the evidence, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What does not fit.
    pub message: String,
    /// Why, one line each.
    pub evidence: Vec<String>,
    /// What to do.
    pub hint: String,
}

impl Verdict {
    /// Why the profile does not fit; none when it does.
    pub fn refusal(&self, profile: &str) -> Option<Refusal> {
        if self.short.is_empty() {
            return None;
        }
        Some(Refusal {
            message: format!("profile {profile} asks for more than there is"),
            evidence: self.short.iter().map(|short| self.reason(short)).collect(),
            hint: self.hint(),
        })
    }

    fn reason(&self, short: &Short) -> String {
        match short {
            Short::Sum { asked, free } => {
                let missing = asked.minus(free);
                let much = [
                    (missing.cpu.is_zero(), missing.cpu.cpu() + " CPU"),
                    (missing.memory.is_zero(), missing.memory.memory() + " memory"),
                ];
                let much: Vec<String> =
                    much.into_iter().filter(|(none, _)| !none).map(|(_, text)| text).collect();
                format!(
                    "the pods ask for {}, and {} left: {} too much",
                    asked.text(),
                    match self.rooms.as_slice() {
                        [] => "there is no node, so nothing is".to_owned(),
                        [only] => format!("{} has {}", only.node, free.text()),
                        many => format!("{} have {}", count(many.len(), "node"), free.text()),
                    },
                    much.join(" and ")
                )
            }
            Short::Pods { release, workload, pods, of, each } => {
                let most = self.rooms.iter().map(|room| room.free()).max_by_key(|free| free.cpu);
                let largest = most.map_or_else(String::new, |free| {
                    format!("; the most that one has left is {}", free.text())
                });
                format!(
                    "{workload} of {release}: {pods} of {} of {} each would have no node{largest}",
                    count(*of as usize, "pod"),
                    each.text(),
                )
            }
            Short::Storage { asked, most } => format!(
                "{} take {}, and `capacity.storage` is {}",
                count(self.volumes.0 as usize, "volume"),
                asked.memory(),
                most.memory()
            ),
            Short::LoadBalancers { asked, most } => format!(
                "{} want a load balancer, and `capacity.load-balancers` is {most}: {}",
                count(*asked, "service"),
                self.load_balancers.join(", ")
            ),
        }
    }

    fn hint(&self) -> String {
        let frees =
            |way: &WayOut| format!("leaving out {} frees {}", way.leave_out.join(" and "), way.frees.text());
        let null = |way: &WayOut| {
            let entries: Vec<String> = way.leave_out.iter().map(|name| format!("{name}: null")).collect();
            format!("`releases: {{{}}}` in a profile that extends this one", entries.join(", "))
        };
        let other = "lower what the others ask for in their values, or add nodes";
        if let Some(way) = self.ways_out.iter().find(|way| way.fits) {
            return format!("{}, and the rest fits: {}", frees(way), null(way));
        }
        let (Some(largest), singles) = (self.ways_out.last(), &self.ways_out) else {
            return format!(
                "{}; `optional: true` marks a release that may be left out",
                other.replace("the others ask", "releases ask")
            );
        };
        let mut parts: Vec<String> = singles.iter().map(frees).collect();
        parts.push(format!("none of that is enough ({}): {other}", null(largest)));
        parts.join("; ")
    }
}
