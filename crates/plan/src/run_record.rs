//! Owns the record of a run that is over: what it changed, how it ended, and what was deployed then. It is what
//! `history` shows and `rollback --run` returns to. Refuses to read and to write it: `survey` and `engine` do.
//!
//! In the cluster it is a ConfigMap `todoctl-run-<id>` in the application's namespace, one JSON text in `data`. The
//! content of the Dapr objects is not in it: a Secret of the same name holds that. Not to be confused with `record`,
//! which is the open run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::world::releases::ReleaseRef;
use todoctl_core::labels;

/// Version of the form: additions keep it, anything else raises it.
pub const FORMAT: u32 = 1;
/// How many are kept.
pub const KEPT: usize = 20;
/// The key in the ConfigMap's `data`.
pub const KEY: &str = "run.json";

/// A run that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of this form.
    pub format: u32,
    /// Id of the run.
    pub run: String,
    /// Name of the profile.
    pub profile: String,
    /// Major version of helm, where it is known.
    pub helm: Option<u32>,
    /// Version of todoctl.
    pub todoctl: String,
    /// The steps that changed something, or were to.
    pub changed: Vec<Changed>,
    /// What is deployed after it.
    #[serde(flatten)]
    pub set: Deployed,
    /// How it ended; absent in a plan, where nobody knows yet.
    pub ending: Option<Ending>,
}

/// One step that changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The step, such as `release/backend`.
    pub step: String,
    /// What was there before; absent when it was made.
    pub from: Option<String>,
    /// What was there afterwards; absent when it was removed.
    pub to: Option<String>,
}

/// What is deployed: every part that a return to it needs, by reference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// The releases, in the order of the deployment.
    pub releases: Vec<ReleaseAt>,
    /// The Dapr objects.
    #[serde(default)]
    pub objects: Vec<ObjectAt>,
    /// The versions of Secrets that releases and objects refer to.
    #[serde(default)]
    pub secrets: Vec<String>,
}

/// A release at a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseAt {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its number in the documented order.
    pub order: u8,
    /// The revision.
    pub revision: u32,
    /// Version of the chart.
    pub chart: Option<String>,
    /// Digest of everything it was made from.
    pub digest: Option<String>,
    /// Tag of its image.
    pub image: Option<String>,
    /// Version of its Secret.
    pub secret: Option<String>,
    /// Version of the Secret that its image is pulled with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<String>,
}

impl ReleaseAt {
    /// Which release.
    pub fn release(&self) -> ReleaseRef<'_> {
        ReleaseRef { namespace: &self.namespace, name: &self.name }
    }
}

/// A Dapr object with a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectAt {
    /// Its kind, such as `Component`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Digest of its content.
    pub digest: String,
    /// Image of the container that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// How a run ended, and who ran it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// What was asked for, such as `up`.
    pub command: String,
    /// How.
    pub outcome: Ended,
    /// What went wrong.
    pub cause: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// Seconds it took.
    pub seconds: f64,
    /// Who ran it, and where.
    pub holder: String,
    /// Address of the CI job that ran it.
    pub ci: Option<String>,
}

/// How a run ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// What was asked for is so, verified.
    Deployed,
    /// It failed, and everything is back as it was.
    RolledBack,
    /// It failed before it changed anything.
    Failed,
    /// It failed, and not everything is back.
    Stuck,
    /// It failed, and its changes were kept because that was asked for.
    Kept,
}

impl Ended {
    /// As in labels and JSON.
    pub fn label(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::RolledBack => "rolled-back",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
            Self::Kept => "kept",
        }
    }
}

/// Name of the objects in the cluster that keep a run.
pub fn object_name(run: &str) -> String {
    format!("todoctl-run-{run}")
}

impl RunRecord {
    /// The ConfigMap that keeps it.
    pub fn object(&self, namespace: &str) -> Value {
        // What is planned is that everything ends well.
        let outcome = self.ending.as_ref().map_or(Ended::Deployed, |ending| ending.outcome);
        let found =
            json!({labels::RUN: self.run, labels::PROFILE: self.profile, labels::OUTCOME: outcome.label()});
        // Writing to a string fails for maps with other keys than strings only; there are none.
        let text = serde_json::to_string(self).unwrap_or_default();
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": object_name(&self.run), "namespace": namespace, "labels": found},
            "data": {KEY: text}})
    }

    /// Whether it can be a goal of `rollback --run`: it ended with everything deployed and verified.
    pub fn is_deployment(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.outcome == Ended::Deployed)
            && !self.set.releases.is_empty()
    }

    /// The names of the releases and other things that it changed, in order.
    pub fn changed_names(&self) -> Vec<&str> {
        let release = |one: &Changed| one.step.starts_with("release/");
        let releases = self.changed.iter().filter(|one| release(one));
        let names: Vec<&str> = releases.map(|one| one.step.trim_start_matches("release/")).collect();
        if names.is_empty() { self.changed.iter().map(|one| one.step.as_str()).collect() } else { names }
    }
}

impl Deployed {
    /// With the versions of Secrets that its releases refer to, next to those that are already in it.
    #[must_use]
    pub fn with_secrets(mut self) -> Self {
        let named = self.releases.iter().flat_map(|release| [&release.secret, &release.pull]);
        self.secrets.extend(named.flatten().cloned());
        self.secrets.sort();
        self.secrets.dedup();
        self
    }
}
