//! Owns what `doctor` and the preflight find: one line per thing looked at, with its evidence and its fix.
//! Pure: `cli::doctor` looks, these rooms judge what it saw. Refuses to say `ok` of what could not be looked at.

pub mod access;
pub mod machine;
pub mod ports;
pub mod registry;
pub mod state;
pub mod tools;

use serde::Serialize;

use todoctl_core::diagnostic::{Code, Diagnostic};

/// What a finding is about; findings are shown in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// The profile and its files.
    Profile,
    /// Programs on this machine.
    Tools,
    /// Disk and memory of this machine.
    Machine,
    /// Whether and how the cluster is reached.
    Cluster,
    /// Ports on the cluster's nodes.
    Ports,
    /// What the user may do there.
    Access,
    /// Runs that are under way, or died.
    Runs,
    /// helm's records.
    Releases,
    /// Dapr's CRDs, injector and sidecars.
    Dapr,
    /// Secret values.
    Secrets,
    /// Where images go.
    Images,
}

impl Area {
    /// The heading over its findings.
    pub fn title(self) -> &'static str {
        match self {
            Self::Profile => "Profile",
            Self::Tools => "Tools",
            Self::Machine => "Machine",
            Self::Cluster => "Cluster",
            Self::Ports => "Node ports",
            Self::Access => "Access",
            Self::Runs => "Runs",
            Self::Releases => "Releases",
            Self::Dapr => "Dapr",
            Self::Secrets => "Secrets",
            Self::Images => "Images",
        }
    }
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum State {
    /// As it must be.
    #[serde(rename = "ok")]
    Ok,
    /// `up` can work all the same.
    #[serde(rename = "warning")]
    Warning,
    /// `up` cannot work, or would not help.
    #[serde(rename = "failed")]
    Failed,
    /// It could not be looked at.
    #[serde(rename = "not checked")]
    NotChecked,
}

impl State {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::NotChecked => "not checked",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub area: Area,
    /// The thing, in a few words.
    pub what: String,
    /// How it is.
    pub state: State,
    /// What was seen, or why nothing could be seen.
    pub evidence: String,
    /// What to do about it; always there for warnings and failures.
    pub fix: Option<String>,
}

impl Finding {
    /// Something that is as it must be.
    pub fn ok(area: Area, what: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self { area, what: what.into(), state: State::Ok, evidence: evidence.into(), fix: None }
    }

    /// Something that `up` can live with.
    pub fn warning(
        area: Area,
        what: impl Into<String>,
        evidence: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            area,
            what: what.into(),
            state: State::Warning,
            evidence: evidence.into(),
            fix: Some(fix.into()),
        }
    }

    /// Something that is in the way.
    pub fn failed(
        area: Area,
        what: impl Into<String>,
        evidence: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { state: State::Failed, ..Self::warning(area, what, evidence, fix) }
    }

    /// Something that could not be looked at.
    pub fn not_checked(area: Area, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { state: State::NotChecked, ..Self::ok(area, what, why) }
    }

    /// Whether it is in the way.
    pub fn is_failed(&self) -> bool {
        self.state == State::Failed
    }
}

/// Findings in a form for tests: one line each.
#[cfg(test)]
pub(crate) fn told(found: &[Finding]) -> String {
    let line = |one: &Finding| {
        let fix = one.fix.as_ref().map(|fix| format!(" | {fix}")).unwrap_or_default();
        format!("{} {}: {}{fix}", one.state.name(), one.what, one.evidence)
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What is in the way of a command, all at once, in the words of `doctor`.
pub fn refusal(found: &[Finding], profile: &str) -> Diagnostic {
    let code = Code::MachineNotReady;
    let told = |one: &Finding| format!("{} {}", one.what, one.evidence);
    if let [only] = found {
        return Diagnostic::new(code, told(only), only.fix.clone().unwrap_or_default()).unchanged();
    }
    let lines = found.iter().flat_map(|one| {
        let fix = one.fix.as_ref().map(|fix| format!("  fix: {fix}"));
        std::iter::once(format!("- {}", told(one))).chain(fix)
    });
    let fix =
        format!("mend them, then run the same command again; everything else: todoctl doctor {profile}");
    Diagnostic::new(code, format!("{} things are in the way", found.len()), fix).because(lines).unchanged()
}
