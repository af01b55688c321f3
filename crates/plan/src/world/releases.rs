//! Owns what is known of helm releases: their revisions, as the labels of helm's Secrets tell.
//! Refuses to look into the payload: it holds every value in clear, and the labels say enough.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kubernetes::Object;
use todoctl_core::labels;

/// Every revision of every release, by namespace and name, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Releases(BTreeMap<(String, String), Vec<Revision>>);

/// Which release: helm's names are unique in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseRef<'a> {
    /// Namespace.
    pub namespace: &'a str,
    /// Name.
    pub name: &'a str,
}

/// One revision of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revision {
    /// Its number.
    pub number: u32,
    /// What helm says of it.
    pub status: Status,
    /// todoctl's labels on it; absent ones are missing.
    pub labels: BTreeMap<String, String>,
}

/// helm's status of a revision (helm `pkg/release/common/status.go`). None proves that pods work: helm is not asked to
/// wait for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "&'static str")]
pub enum Status {
    /// One that no helm known here writes.
    #[default]
    Unknown,
    /// The last that helm carried out.
    Deployed,
    /// An earlier one.
    Superseded,
    /// helm could not carry it out.
    Failed,
    /// A helm is removing it, or died while it did.
    Uninstalling,
    /// Removed, with its history kept.
    Uninstalled,
    /// A helm is installing it, or died while it did.
    PendingInstall,
    /// A helm is upgrading to it, or died while it did.
    PendingUpgrade,
    /// A helm is rolling back to it, or died while it did.
    PendingRollback,
}

impl Status {
    const ALL: [Self; 9] = [
        Self::Unknown,
        Self::Deployed,
        Self::Superseded,
        Self::Failed,
        Self::Uninstalling,
        Self::Uninstalled,
        Self::PendingInstall,
        Self::PendingUpgrade,
        Self::PendingRollback,
    ];

    /// As helm writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Deployed => "deployed",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Uninstalling => "uninstalling",
            Self::Uninstalled => "uninstalled",
            Self::PendingInstall => "pending-install",
            Self::PendingUpgrade => "pending-upgrade",
            Self::PendingRollback => "pending-rollback",
        }
    }

    /// Whether a helm makes it, or died while it did.
    pub fn is_pending(self) -> bool {
        match self {
            Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback => true,
            Self::Unknown
            | Self::Deployed
            | Self::Superseded
            | Self::Failed
            | Self::Uninstalling
            | Self::Uninstalled => false,
        }
    }
}

impl From<&str> for Status {
    fn from(text: &str) -> Self {
        Self::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or_default()
    }
}

impl From<String> for Status {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Status> for &'static str {
    fn from(status: Status) -> Self {
        status.as_str()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl Revision {
    /// Whether helm calls it deployed.
    pub fn is_deployed(&self) -> bool {
        self.status == Status::Deployed
    }

    /// Whether there is a release with it: it is not just the history of one that was removed.
    pub fn is_present(&self) -> bool {
        self.status != Status::Uninstalled
    }

    /// A label's value.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }

    /// Whether todoctl wrote the labels for this very revision; else somebody else made it.
    pub fn is_ours(&self) -> bool {
        self.counts(labels::REVISION)
    }

    /// Whether the deployment that this revision was part of was verified.
    pub fn is_verified(&self) -> bool {
        self.counts(labels::VERIFIED)
    }

    fn counts(&self, label: &str) -> bool {
        self.label(label).and_then(|number| number.parse().ok()) == Some(self.number)
    }
}

/// The newest revision of a history, where its release is installed.
pub fn installed(history: &[Revision]) -> Option<&Revision> {
    history.last().filter(|newest| newest.is_present())
}

impl Releases {
    /// Of the metadata of helm's Secrets.
    pub fn of(records: impl IntoIterator<Item = Value>) -> Result<Self, String> {
        let mut releases = Self::default();
        for record in records {
            let metadata = Object::of(&record).unwrap_or_default().metadata;
            let text = |label: &str| metadata.labels.text(label);
            let odd =
                |what: &str| format!("{what}: Secret {} in namespace {}", metadata.name, metadata.namespace);
            let (Some(name), Some(number), Some(status)) = (text("name"), text("version"), text("status"))
            else {
                return Err(odd("helm's labels are not on a release"));
            };
            let number = number.parse().map_err(|_| odd("not a revision number"))?;
            let own = labels::RELEASE
                .iter()
                .filter_map(|label| Some(((*label).to_owned(), text(label)?.to_owned())));
            let revision = Revision { number, status: Status::from(status), labels: own.collect() };
            releases.insert(&metadata.namespace, name, revision);
        }
        Ok(releases)
    }

    /// Adds a revision, keeping them in order.
    pub fn insert(&mut self, namespace: &str, release: &str, revision: Revision) {
        let revisions = self.0.entry((namespace.to_owned(), release.to_owned())).or_default();
        let at = revisions.partition_point(|one| one.number < revision.number);
        revisions.insert(at, revision);
    }

    /// The revisions of a release, oldest first; empty when it does not exist.
    pub fn history(&self, namespace: &str, release: &str) -> &[Revision] {
        self.0.get(&(namespace.to_owned(), release.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Whether a release is installed.
    pub fn has(&self, release: ReleaseRef<'_>) -> bool {
        installed(self.history(release.namespace, release.name)).is_some()
    }

    /// Its newest revision.
    pub fn newest(&self, namespace: &str, release: &str) -> Option<&Revision> {
        self.history(namespace, release).last()
    }

    /// Every release, with its revisions.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &[Revision])> {
        self.0
            .iter()
            .map(|((namespace, name), revisions)| (namespace.as_str(), name.as_str(), revisions.as_slice()))
    }
}

/// The revision a rollback returns to, and what is to be said about the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// There was no release before.
    Absent,
    /// The revision that is there now.
    Current(u32),
    /// The current one was broken; this is the newest that was verified.
    Verified(u32),
    /// The current one was broken and none was ever verified: the current one comes back.
    Unproven(u32),
}

impl Target {
    /// Its number, when there is one.
    pub fn revision(&self) -> Option<u32> {
        match self {
            Self::Absent => None,
            Self::Current(number) | Self::Verified(number) | Self::Unproven(number) => Some(*number),
        }
    }
}

/// Chooses the revision that undoing a change of a release returns to: the newest, unless it is broken now; else the
/// newest verified one; else the newest all the same. Never by helm's status alone: without `--wait` helm calls broken
/// revisions `deployed`, and after a failed rollback it calls them `superseded`.
pub fn target(history: &[Revision], broken: bool) -> Target {
    let Some(newest) = installed(history) else {
        return Target::Absent;
    };
    if newest.is_deployed() && !broken {
        return Target::Current(newest.number);
    }
    match history.iter().rev().find(|revision| revision.is_verified() && revision.number != newest.number) {
        Some(verified) => Target::Verified(verified.number),
        None => Target::Unproven(newest.number),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn revision(number: u32, status: &str, verified: bool) -> Revision {
        let labels = if verified {
            [(labels::VERIFIED.to_owned(), number.to_string())].into()
        } else {
            BTreeMap::new()
        };
        Revision { number, status: Status::from(status), labels }
    }

    fn record(namespace: &str, labels: &[(&str, &str)]) -> Value {
        let labels: BTreeMap<&str, &str> = labels.iter().copied().chain([("owner", "helm")]).collect();
        json!({"kind": "Secret", "metadata": {"name": "s", "namespace": namespace, "labels": labels}})
    }

    #[test]
    fn records_are_read_in_order_of_revisions_and_foreign_ones_among_them() {
        let ten = [
            ("name", "backend"),
            ("version", "10"),
            ("status", "deployed"),
            (labels::REVISION, "10"),
            (labels::IMAGE, "t1"),
        ];
        let nine = [("name", "backend"), ("version", "9"), ("status", "superseded")];
        let web = [("name", "web"), ("version", "1"), ("status", "deployed")];
        let releases =
            Releases::of([record("todo", &ten), record("todo", &nine), record("foreign", &web)]).unwrap();
        let numbers: Vec<u32> = releases.history("todo", "backend").iter().map(|one| one.number).collect();
        assert_eq!(numbers, [9, 10]);
        let newest = releases.newest("todo", "backend").unwrap();
        assert_eq!(
            (newest.label(labels::IMAGE), newest.is_ours(), newest.is_verified()),
            (Some("t1"), true, false)
        );
        assert!(!releases.newest("foreign", "web").unwrap().is_ours());
    }

    #[test]
    fn an_unreadable_record_is_an_error_and_never_an_absence() {
        for labels in
            [[("name", "backend"), ("status", "deployed")], [("version", "x"), ("status", "deployed")]]
        {
            assert!(Releases::of([record("todo", &labels)]).is_err(), "{labels:?}");
        }
        let odd = [("name", "backend"), ("version", "two"), ("status", "deployed")];
        assert_eq!(
            Releases::of([record("todo", &odd)]).unwrap_err(),
            "not a revision number: Secret s in namespace todo"
        );
        assert_eq!(Releases::of([]).unwrap(), Releases::default());
    }

    #[test]
    fn a_status_that_is_not_known_is_told_from_all_others() {
        for status in Status::ALL {
            assert_eq!(Status::from(status.as_str()), status);
        }
        assert_eq!((Status::from("moving"), Status::from("")), (Status::Unknown, Status::Unknown));
        assert_eq!(serde_json::to_string(&Status::PendingUpgrade).unwrap(), r#""pending-upgrade""#);
    }

    #[test]
    fn labels_that_a_foreign_upgrade_inherited_do_not_count() {
        let mut inherited = revision(4, "deployed", false);
        inherited.labels =
            [(labels::REVISION.to_owned(), "3".to_owned()), (labels::VERIFIED.to_owned(), "3".to_owned())]
                .into();
        assert!(!inherited.is_ours() && !inherited.is_verified());
    }

    #[test]
    fn the_target_is_never_chosen_by_status_alone() {
        let cases: [(&str, Vec<Revision>, bool, Target); 8] = [
            ("nothing", vec![], false, Target::Absent),
            (
                "healthy",
                vec![revision(1, "superseded", true), revision(2, "deployed", true)],
                false,
                Target::Current(2),
            ),
            (
                "healthy, by someone else",
                vec![revision(1, "superseded", true), revision(2, "deployed", false)],
                false,
                Target::Current(2),
            ),
            (
                "broken",
                vec![revision(1, "superseded", true), revision(2, "deployed", false)],
                true,
                Target::Verified(1),
            ),
            (
                "superseded trap",
                vec![
                    revision(1, "superseded", true),
                    revision(2, "superseded", false),
                    revision(3, "failed", false),
                ],
                true,
                Target::Verified(1),
            ),
            (
                "failed record",
                vec![revision(1, "deployed", true), revision(2, "failed", false)],
                false,
                Target::Verified(1),
            ),
            ("never verified", vec![revision(1, "failed", false)], true, Target::Unproven(1)),
            ("uninstalled, history kept", vec![revision(1, "uninstalled", true)], false, Target::Absent),
        ];
        for (name, history, broken, want) in cases {
            assert_eq!(target(&history, broken), want, "{name}");
        }
    }
}
