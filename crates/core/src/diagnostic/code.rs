//! Owns the codes of reasons: their names, exit statuses, meanings and usual fixes, in one table.
//! A name is never given to another reason; one that is no longer used stays away.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::exit::Exit;

/// One row per code: the variant, its name, the exit status of a command that ends because of it, what it means, and
/// what to do. A run that fails after its first change ends with the status of its outcome, 20 to 23, instead.
macro_rules! codes {
    ($($variant:ident $name:literal $exit:ident $meaning:literal $fix:literal;)+) => {
        /// Why something is wrong, for programs: `area.reason`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub enum Code {
            /// A reason that this version does not know: it is from another one.
            #[default]
            Unknown,
            $(#[doc = $meaning] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name, such as `pod.crash-loop`.
            pub fn name(self) -> &'static str {
                match self {
                    Self::Unknown => "unknown",
                    $(Self::$variant => $name,)+
                }
            }

            /// What it means, in one sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    Self::Unknown => "A reason that this version does not know.",
                    $(Self::$variant => $meaning,)+
                }
            }

            /// What to do about it, where nothing better is known; empty when that depends on the message.
            pub fn fix(self) -> &'static str {
                match self {
                    Self::Unknown => "",
                    $(Self::$variant => $fix,)+
                }
            }

            /// The exit status of a command that ends because of it.
            pub fn exit(self) -> Exit {
                match self {
                    Self::Unknown => Exit::Bug,
                    $(Self::$variant => Exit::$exit,)+
                }
            }
        }
    };
}

codes! {
    InternalBug "internal.bug" Bug "todoctl has a mistake." "";
    UsageArgument "usage.argument" Usage "An argument is wrong, or one is missing." "";
    UsageRelease "usage.release" Usage "The profile has no such release." "";
    UsageSecret "usage.secret" Usage "The profile has no such secret value, or it is given in a way that would show it." "";
    MachineFolder "machine.folder" Preflight "A folder or file of todoctl's own cannot be used." "make it writable, or set TODOCTL_STATE";
    MachineNotReady "machine.not-ready" Preflight "Programs are missing or too old, or their services do not answer." "";
    ToolMissing "tool.missing" Preflight "A program is not installed or not on the PATH." "";
    ToolFailed "tool.failed" Preflight "A program could not be run, or ended with an error." "";
    ToolTimeout "tool.timeout" Preflight "A program did not end in time and was stopped." "run the command by hand to see what it waits for";
    ProjectMissing "project.missing" Preflight "No folder with profiles/ was found." "cd to the project, or give --project DIR";
    ProfileInvalid "profile.invalid" Preflight "A profile, or a file that it names, has mistakes." "";
    ChartFetch "chart.fetch" Preflight "A chart of a repository cannot be fetched or is another one." "";
    ChartRender "chart.render" Preflight "A chart does not render with the values of its release." "mend the chart or its values; the message above names the file and the line";
    ChartUnreadable "chart.unreadable" Preflight "What a chart renders, or a file of it, cannot be read." "mend its chart or its values";
    ChartSidecar "chart.sidecar" Preflight "A release is to have a Dapr sidecar, and its chart asks for none." "";
    ImageContext "image.context" Preflight "The files of an image's build context cannot be read." "";
    ImageTag "image.tag" Usage "An image cannot get this tag." "";
    ImageArchitecture "image.architecture" Preflight "Images are built for other processors than the nodes have." "";
    ImageAbsent "image.absent" Preflight "An image is not where it must be, although the command that brings it there did not fail." "";
    SecretMissing "secret.missing" Preflight "A secret value is neither given nor in the cluster." "";
    SecretInvalid "secret.invalid" Preflight "A secret value is not what the profile says it must look like." "";
    SecretSource "secret.source" Preflight "What secret values are read from cannot be read." "";
    ClusterUnreachable "cluster.unreachable" Preflight "The cluster, or a program that speaks with it, does not answer as it should." "";
    ClusterDown "cluster.down" Preflight "The cluster does not run." "";
    ClusterUnfit "cluster.unfit" Preflight "The cluster is not the one that the profile asks for, or is half-made." "";
    ClusterOther "cluster.other" Preflight "Another cluster answers than the one that is meant." "";
    ClusterUnpinned "cluster.unpinned" Preflight "A cluster is used for the first time, and nobody has said that it is the right one." "";
    ClusterChanged "cluster.changed" Preflight "The cluster has changed since the plan was made." "look at the new plan and run it again";
    NamespaceGoing "namespace.going" Preflight "A namespace of the profile is being deleted." "";
    ClusterNoRoom "cluster.no-room" Preflight "The nodes have no room for what the profile asks for." "";
    ClusterGone "cluster.gone" Stuck "The cluster went away during a run." "";
    ClusterUndeleted "cluster.undeleted" Stuck "The cluster was to be deleted and was not." "";
    LockHeld "lock.held" Locked "Another run holds the environment." "";
    LockDenied "lock.denied" Preflight "The lock cannot be taken." "";
    LockUnreadable "lock.unreadable" Preflight "The record of the run that holds the environment cannot be read." "";
    LockLost "lock.lost" Interrupted "The lock was taken by another run, which undoes this one." "todoctl recover, or wait for whoever holds it";
    LockRemoved "lock.removed" Stuck "The lock was removed during a run, by hand or with its namespace: nobody undoes the run." "the commands above undo it; todoctl verify says what is there";
    PersonDeclined "person.declined" Declined "A person said no, or interrupted before the first change." "";
    PersonAbsent "person.absent" Declined "A question must be answered, and there is nobody to ask." "";
    PlanUndecided "plan.undecided" Preflight "Several steps cannot be planned." "mend them, then run the same command again";
    RunUnknown "run.unknown" Preflight "No such run is on record, or it deployed nothing that stayed." "todoctl history shows the runs on record";
    RunGone "run.gone" Preflight "What a run deployed is no longer kept." "todoctl history shows the runs that can";
    RunUnfinished "run.unfinished" Stuck "A run was cut off, and is undone." "";
    RunStuck "run.stuck" Stuck "A run could not be undone." "mend what is named above, then: todoctl recover";
    RunUnrecorded "run.unrecorded" Stuck "What was deployed could not be recorded, so the next run undoes it." "see why it could not be written, then: todoctl recover, and deploy again";
    RunInterrupted "run.interrupted" Interrupted "A person interrupted the run." "";
    ReleaseAbsent "release.absent" Preflight "A release is not deployed." "";
    ReleasePending "release.pending" Preflight "helm is at work on a release, or was killed while it was." "";
    ReleaseRevision "release.revision" Preflight "A release has no such revision, or none that was verified." "";
    ReleaseDrifted "release.drifted" Preflight "Somebody else changed a release." "";
    ReleaseNotReady "release.not-ready" RolledBack "A release did not become healthy in time." "";
    ReleaseRemains "release.remains" RolledBack "Objects of a release that was removed are still there." "";
    ReleaseStalled "release.stalled" RolledBack "Kubernetes has given up rolling a workload out." "";
    ComponentForeign "component.foreign" Preflight "A Dapr object belongs to another profile." "";
    ComponentSecret "component.secret" Preflight "A Dapr object refers to a secret value that is not there or not fit for it." "";
    ComponentContainer "component.container" Preflight "Pods do not get the container that serves a Dapr component." "";
    DaprAbsent "dapr.absent" Preflight "Kubernetes does not know Dapr's kinds." "";
    DaprNotReady "dapr.not-ready" RolledBack "Dapr's kinds or its injector are not there in time." "";
    PodCrashLoop "pod.crash-loop" RolledBack "A container ends by itself, again and again." "the program ends by itself: read its last log lines above";
    PodOutOfMemory "pod.out-of-memory" RolledBack "A container was killed because it used more memory than it may." "the program ends by itself: read its last log lines above";
    PodImage "pod.image" RolledBack "A container's image cannot be had." "check the image's name and tag, and that the cluster can get it";
    PodConfig "pod.config" RolledBack "A Secret or ConfigMap that a container needs is missing." "a Secret or ConfigMap that the pod names is missing, or lacks a key";
    PodCreate "pod.create" RolledBack "A container cannot be created or started." "";
    PodUnschedulable "pod.unschedulable" RolledBack "No node can take a pod." "the nodes have no room: ask for less, or add nodes";
    PodSidecar "pod.sidecar" RolledBack "A pod came up without its Dapr sidecar, also after it was deleted once." "";
    CheckFailed "check.failed" RolledBack "A check of the profile does not hold." "";
    CommandFailed "command.failed" RolledBack "A command that changes something ended with an error." "";
    VerifyFound "verify.found" Found "What is deployed is not what the profile's checks ask for." "";
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(Self::ALL.iter().copied().find(|code| code.name() == name).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::path::Path;

    use super::*;

    #[test]
    fn names_are_unique_and_of_one_form() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            let (area, reason) = code.name().split_once('.').unwrap();
            let is_word = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            assert!(is_word(area) && is_word(reason), "{code}");
            assert!(code.meaning().ends_with('.') && !code.fix().ends_with('.'), "{code}");
            assert_ne!(code.exit(), Exit::Done, "{code}");
        }
    }

    /// The page of the codes.
    fn page() -> String {
        let mut page = "# Reasons\n\n<!-- Made from crates/core/src/diagnostic/code.rs by `TODOCTL_BLESS=1 cargo test -p todoctl-core reasons`; do not edit. -->\n\n\
Whatever todoctl refuses, and whatever ends a run early, has a code. It is in the\nevents, results and errors of `-o json`, in the record of a run, and in the titles\nof GitHub's annotations. A code never gets another meaning.\n\n\
The status is that of a command which ends before its first change, or which\nchanges nothing. A run that fails later ends with 20 to 23, by its outcome.\n\n\
| code | status | what it means | what to do, unless the message knows better |\n| --- | --- | --- | --- |\n"
            .to_owned();
        for code in Code::ALL {
            let exit = code.exit() as u8;
            writeln!(page, "| `{code}` | {exit} | {} | {} |", code.meaning(), code.fix()).unwrap();
        }
        page
    }

    #[test]
    fn the_page_of_reasons_is_current() {
        #[expect(clippy::disallowed_methods, reason = "a test's own switch, not input of the program")]
        let bless = std::env::var("TODOCTL_BLESS").is_ok();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reasons.md");
        if bless {
            std::fs::write(&file, page()).unwrap();
        }
        let found = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            found == page(),
            "docs/reasons.md is old; run: TODOCTL_BLESS=1 cargo test -p todoctl-core reasons"
        );
    }
}
