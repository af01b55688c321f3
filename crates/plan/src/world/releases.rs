//! Owns what is known of helm releases: their revisions, as the labels of helm's Secrets tell.
//! Refuses to look into the payload: it holds every value in clear, and the labels say enough.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// Reads the table of `Kubectl::release_table`. `namespace` is given when the table has no such column.
    pub fn parse(table: &str, namespace: Option<&str>) -> Result<Self, String> {
        let mut releases = Self::default();
        for line in table.lines().filter(|line| !line.trim().is_empty()) {
            let cells: Vec<&str> = line.split_whitespace().collect();
            // With several namespaces theirs comes first. Then NAME TYPE DATA AGE LABELS.
            let (namespace, cells) = match (namespace, cells.split_first()) {
                (Some(namespace), _) => (namespace, cells.as_slice()),
                (None, Some((namespace, rest))) => (*namespace, rest),
                (None, None) => continue,
            };
            let &[_, _, _, _, pairs] = cells else {
                return Err(format!("not a line of a release table: {line:?}"));
            };
            let all: BTreeMap<&str, &str> =
                pairs.split(',').filter_map(|pair| pair.split_once('=')).collect();
            let text = |label: &str| all.get(label).copied();
            let (Some(name), Some(number), Some(status)) = (text("name"), text("version"), text("status"))
            else {
                return Err(format!("helm's labels are not on a release: {line:?}"));
            };
            let number = number.parse().map_err(|_| format!("not a revision number: {line:?}"))?;
            let own = labels::RELEASE
                .iter()
                .filter_map(|label| Some(((*label).to_owned(), text(label)?.to_owned())));
            releases.insert(
                namespace,
                name,
                Revision { number, status: Status::from(status), labels: own.collect() },
            );
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
    use super::*;

    fn revision(number: u32, status: &str, verified: bool) -> Revision {
        let labels = if verified {
            [(labels::VERIFIED.to_owned(), number.to_string())].into()
        } else {
            BTreeMap::new()
        };
        Revision { number, status: Status::from(status), labels }
    }

    #[test]
    fn a_table_of_one_namespace_is_read_in_order_of_revisions() {
        let table = "\
sh.helm.release.v1.backend.v10   helm.sh/release.v1   1   5m2s   modifiedAt=1,name=backend,owner=helm,status=deployed,todoctl.dev/image=t1,todoctl.dev/revision=10,version=10
sh.helm.release.v1.backend.v9    helm.sh/release.v1   1   2d     name=backend,owner=helm,status=superseded,version=9
";
        let releases = Releases::parse(table, Some("todo")).unwrap();
        let numbers: Vec<u32> = releases.history("todo", "backend").iter().map(|one| one.number).collect();
        assert_eq!(numbers, [9, 10]);
        let newest = releases.newest("todo", "backend").unwrap();
        assert_eq!(
            (newest.label(labels::IMAGE), newest.is_ours(), newest.is_verified()),
            (Some("t1"), true, false)
        );
    }

    #[test]
    fn a_table_of_all_namespaces_has_one_more_column_and_foreign_releases_in_it() {
        let table = "\
foreign s t 1 5m name=web,owner=helm,status=deployed,version=1
todo s t 1 5m name=backend,owner=helm,status=deployed,todoctl.dev/verified=1,version=1
";
        let releases = Releases::parse(table, None).unwrap();
        assert!(releases.newest("todo", "backend").unwrap().is_verified());
        assert!(!releases.newest("foreign", "web").unwrap().is_ours());
    }

    #[test]
    fn an_unreadable_table_is_an_error_and_never_an_absence() {
        for table in ["error: something\n", "s t 1 5m owner=helm,name=backend,status=deployed\n"] {
            assert!(Releases::parse(table, Some("todo")).is_err(), "{table}");
        }
        assert_eq!(Releases::parse("", Some("todo")).unwrap(), Releases::default());
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
