//! Owns what is said of a profile that does not fit: the same words for `budget` and for `up`.

use super::verdict::{FitVerdict, Short, WayOut};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::text::count;
use todoctl_plan::resources::{Resources, Room};

impl FitVerdict {
    /// Why the profile does not fit; none when it does.
    pub fn refusal(&self, profile: &str) -> Option<Diagnostic> {
        if self.short.is_empty() {
            return None;
        }
        // Which pods are left over says nothing when there is not enough for all of them.
        let too_much = self.short.iter().any(|short| matches!(short, Short::Sum { .. }));
        let told = self.short.iter().filter(|short| !(too_much && matches!(short, Short::Pods { .. })));
        let what = format!("profile {profile} asks for more than there is");
        let refusal = Diagnostic::new(Code::ClusterNoRoom, what, self.hint());
        Some(refusal.because(told.map(|short| self.reason(short))))
    }

    fn reason(&self, short: &Short) -> String {
        match short {
            Short::Sum { asked, free } => {
                let left = match self.rooms.as_slice() {
                    [] => "there is no node".to_owned(),
                    [only] => format!("{} has {} left", only.node, free.text()),
                    many => format!("{} have {} left", count(many.len(), "node"), free.text()),
                };
                format!("its pods ask for {}, and {left}: {} too much", asked.text(), missing(asked, free))
            }
            Short::Pods { release, workload, pods, of, each } => {
                let most = self.rooms.iter().map(Room::free).max_by_key(|free| free.cpu).unwrap_or_default();
                format!(
                    "{workload} of {release}: {pods} of {} would have no node; each asks for {}, and the most \
                     that a node has left is {}",
                    count(*of as usize, "pod"),
                    each.text(),
                    most.text()
                )
            }
            Short::Storage { asked, most } => format!(
                "its volumes ({}) take {}, and `capacity.storage` is {}",
                self.volumes.0,
                asked.memory(),
                most.memory()
            ),
            Short::LoadBalancers { asked, most } => format!(
                "it asks for {} ({}), and `capacity.load-balancers` is {most}",
                count(*asked, "load balancer"),
                self.load_balancers.join(", ")
            ),
        }
    }

    fn hint(&self) -> String {
        let frees =
            |way: &WayOut| format!("leaving out {} frees {}", way.leave_out.join(" and "), way.frees.text());
        if let Some(way) = self.ways_out.iter().find(|way| way.fits) {
            let entries: Vec<String> = way.leave_out.iter().map(|name| format!("{name}: null")).collect();
            return format!(
                "{}, and the rest fits: write `releases: {{{}}}` in a profile that extends this one",
                frees(way),
                entries.join(", ")
            );
        }
        let other = if self.short.iter().any(|short| matches!(short, Short::Sum { .. } | Short::Pods { .. }))
        {
            "lower the requests in the values of the releases, or add nodes"
        } else {
            "lower it in the values of the releases, or raise `capacity` if there is more"
        };
        match self.ways_out.last() {
            Some(all) => format!("{}, which is not enough: {other}", frees(all)),
            None => format!("{other}; `optional: true` marks a release that may be left out"),
        }
    }
}

fn missing(asked: &Resources, free: &Resources) -> String {
    let missing = asked.minus(free);
    let parts = [
        (!missing.cpu.is_zero()).then(|| format!("{} CPU", missing.cpu.cpu())),
        (!missing.memory.is_zero()).then(|| format!("{} memory", missing.memory.memory())),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}
