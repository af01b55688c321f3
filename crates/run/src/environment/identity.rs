//! Owns that a profile changes the cluster it means and no other: by the UID of namespace `kube-system`, which comes
//! with what is read anyway.
//!
//! A profile may pin it. Without a pin, the first use of a cluster that is not ours asks, and the answer is remembered
//! in the state folder. Within one process the cluster must stay the same in any case.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Ask, Environment};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::world::World;
use todoctl_project::profile::Pin;

/// A cluster that nobody has said to be the right one, for the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstUse {
    /// The cluster, as the profile means it.
    pub title: String,
    /// Address of its API server.
    pub server: String,
    /// UID of its namespace `kube-system`.
    pub uid: String,
    /// The profile that is to be deployed to it.
    pub profile: String,
    /// The line that pins it, for the profile.
    pub line: String,
}

/// What is remembered of a cluster.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// What the profile says of it, so that another cluster is another first use.
    cluster: String,
    uid: String,
}

/// What a look at a cluster means.
#[derive(Debug, PartialEq, Eq)]
enum Identified {
    /// It is the one that is meant.
    Same,
    /// Nobody has said yet that it is.
    First,
    /// It is another one than this.
    Other(String),
    /// It does not say which one it is.
    Unknown,
    /// This user may not see which one it is, and somebody has said that it is the one that is meant.
    Hidden,
}

/// What the namespace that identifies a cluster says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told<'a> {
    Uid(&'a str),
    /// It is not there.
    Nothing,
    /// It is not for this user to see.
    Hidden,
}

/// `before` is what this process has seen, `remembered` what was answered earlier.
fn look(pin: Pin<'_>, before: Option<&str>, remembered: Option<&str>, seen: Told<'_>) -> Identified {
    let seen = match (seen, pin) {
        (Told::Uid(seen), _) => seen,
        (Told::Nothing | Told::Hidden, Pin::Own) => return Identified::Same,
        (Told::Hidden, Pin::Uid(_)) => return Identified::Hidden,
        (Told::Hidden, Pin::Unpinned) | (Told::Nothing, Pin::Uid(_) | Pin::Unpinned) => {
            return Identified::Unknown;
        }
    };
    let wanted = match pin {
        Pin::Own => None,
        Pin::Unpinned => remembered,
        Pin::Uid(uid) => Some(uid),
    };
    match [before, wanted].into_iter().flatten().find(|one| *one != seen) {
        Some(other) => Identified::Other(other.to_owned()),
        None if pin == Pin::Unpinned && wanted.is_none() => Identified::First,
        None => Identified::Same,
    }
}

impl Environment {
    /// Refuses a world of another cluster. A first use is no refusal: nothing is changed by looking.
    pub(super) fn same_cluster(&self, world: &World) -> Result<(), Diagnostic> {
        let title = self.provider.title();
        match self.look(world) {
            Identified::Same | Identified::First | Identified::Hidden => {}
            Identified::Unknown if world.live.has_hidden_identity() => {
                let message = format!("{title} does not say this user which cluster it is");
                let hint = "ask an administrator for: kubectl get namespace kube-system -o \
                            jsonpath={.metadata.uid}, and pin it in the profile: cluster: uid";
                return Err(Diagnostic::new(Code::ClusterUnpinned, message, hint).unchanged());
            }
            Identified::Unknown => {
                let message =
                    format!("{title} does not say which cluster it is: it has no namespace kube-system");
                return Err(Diagnostic::new(
                    Code::ClusterOther,
                    message,
                    "try it: kubectl get namespace kube-system",
                )
                .unchanged());
            }
            Identified::Other(wanted) => return Err(self.other(world, &wanted)),
        }
        if let Some(uid) = world.live.identity() {
            self.identity.get_or_init(|| uid.to_owned());
        }
        Ok(())
    }

    /// The same before a change: the first use of a cluster is asked about.
    pub fn trust(&self, world: &World, ask: &mut dyn Ask) -> Result<(), Diagnostic> {
        if self.look(world) == Identified::Hidden {
            ask.say(
                "note: this user may not see namespace kube-system, so nothing shows whether the cluster is the one \
                 that the profile pins",
            );
        }
        let Some(uid) = world.live.identity().filter(|_| self.look(world) == Identified::First) else {
            return Ok(());
        };
        let first = FirstUse {
            title: self.provider.title(),
            server: self.server().unwrap_or_default().to_owned(),
            uid: uid.to_owned(),
            profile: self.inputs.name.clone(),
            line: format!("cluster: {{{}: {{uid: {uid}}}}}", self.inputs.profile.cluster.provider()),
        };
        ask.agree(&first)?;
        self.remember_cluster(uid);
        ask.say(&format!(
            "note: remembered on this machine; to pin it for everybody, put into the profile: {}",
            first.line
        ));
        Ok(())
    }

    fn look(&self, world: &World) -> Identified {
        let pin = self.inputs.profile.cluster.pin();
        let remembered = if pin == Pin::Unpinned { self.known() } else { None };
        let before = self.identity.get().map(String::as_str);
        let seen = match world.live.identity() {
            Some(uid) => Told::Uid(uid),
            None if world.live.has_hidden_identity() => Told::Hidden,
            None => Told::Nothing,
        };
        look(pin, before, remembered.as_ref().map(|known| known.uid.as_str()), seen)
    }

    fn other(&self, world: &World, wanted: &str) -> Diagnostic {
        let (title, seen) = (self.provider.title(), world.live.identity().unwrap_or_default());
        let server = self.server().map(|server| format!(" at {server}")).unwrap_or_default();
        let message = format!("{title}{server} is another cluster than the one that is meant");
        let evidence = [format!("meant: UID {wanted}"), format!("found: UID {seen}")];
        let hint = match self.inputs.profile.cluster.pin() {
            Pin::Own => "it was made anew during this run; run the same command again".to_owned(),
            Pin::Uid(_) => format!("if it was made anew on purpose, change the profile: uid: {seen}"),
            Pin::Unpinned => {
                let file = self.known_file();
                format!("if it was made anew on purpose, forget the old one: rm {}", file.display())
            }
        };
        Diagnostic::new(Code::ClusterOther, message, hint).because(&evidence).unchanged()
    }

    fn known_file(&self) -> PathBuf {
        self.state.join("cluster.json")
    }

    /// What the profile says of the cluster, as one text.
    fn cluster_text(&self) -> String {
        serde_json::to_string(&self.inputs.profile.cluster).unwrap_or_default()
    }

    fn known(&self) -> Option<Known> {
        let bytes = std::fs::read(self.known_file()).ok()?;
        let known: Known = serde_json::from_slice(&bytes).ok()?;
        (known.cluster == self.cluster_text()).then_some(known)
    }

    fn remember_cluster(&self, uid: &str) {
        let known = Known { cluster: self.cluster_text(), uid: uid.to_owned() };
        // It is asked again when it cannot be remembered.
        let _: Option<()> =
            serde_json::to_vec(&known).ok().and_then(|bytes| std::fs::write(self.known_file(), bytes).ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cluster_that_is_meant_is_the_same() {
        let other = |uid: &str| Identified::Other(uid.to_owned());
        let cases = [
            ("another than pinned", look(Pin::Uid("a"), None, None, Told::Uid("b")), other("a")),
            ("another than remembered", look(Pin::Unpinned, None, Some("a"), Told::Uid("b")), other("a")),
            ("made anew while we looked", look(Pin::Own, Some("a"), None, Told::Uid("b")), other("a")),
            ("made anew, as pinned", look(Pin::Uid("b"), Some("a"), None, Told::Uid("b")), other("a")),
            ("says nothing", look(Pin::Uid("a"), None, None, Told::Nothing), Identified::Unknown),
            ("ours says nothing", look(Pin::Own, None, None, Told::Nothing), Identified::Same),
            ("nobody was asked", look(Pin::Unpinned, None, None, Told::Uid("a")), Identified::First),
            (
                "nobody was asked, seen twice",
                look(Pin::Unpinned, Some("a"), None, Told::Uid("a")),
                Identified::First,
            ),
            ("pinned, and hidden", look(Pin::Uid("a"), None, None, Told::Hidden), Identified::Hidden),
            (
                "nobody was asked, and hidden",
                look(Pin::Unpinned, None, None, Told::Hidden),
                Identified::Unknown,
            ),
            ("as answered", look(Pin::Unpinned, Some("a"), Some("a"), Told::Uid("a")), Identified::Same),
            ("as pinned", look(Pin::Uid("a"), None, Some("old"), Told::Uid("a")), Identified::Same),
        ];
        for (name, seen, want) in cases {
            assert_eq!(seen, want, "{name}");
        }
    }
}
