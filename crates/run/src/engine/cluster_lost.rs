//! Owns a cluster that went away during a run: stopped or deleted by somebody else. Then no undo can be carried out,
//! and none needs to be tried: what was done is on record in the cluster, if there still is one.

use super::{Engine, Failure};
use crate::survey;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::event::{Cause, Outcome, Remaining};
use todoctl_plan::plan::Plan;
use todoctl_plan::provider::ClusterState;
use todoctl_plan::step::{StepId, Undo};

impl Engine {
    /// What has become of the cluster, when a failure may be because of that. A cluster that cannot be asked for counts
    /// as one that runs: then every undo is tried.
    pub(super) async fn gone(&self, failure: &Failure) -> Option<String> {
        if failure.interrupted || self.access.is_none() {
            return None;
        }
        match survey::cluster(&self.runner, self.provider.as_ref()).await.ok()?.cluster {
            ClusterState::Running(_) => None,
            ClusterState::Down(down) => Some(down.state),
        }
    }

    /// The end of a run whose cluster went away.
    pub(super) fn without_cluster(
        &self,
        plan: &Plan,
        failure: Failure,
        touched: &[StepId],
        state: &str,
    ) -> Outcome {
        let gone = format!("{} {state}", self.provider.title());
        let must_be_undone = |step: &&StepId| {
            let planned = plan.steps.iter().find(|one| one.step == **step);
            planned.is_some_and(|one| matches!(one.decision.undo, Undo::Commands { .. }))
        };
        let remaining = touched.iter().rev().filter(must_be_undone).map(|step| Remaining {
            step: step.clone(),
            why: format!("not undone: {gone}"),
            commands: Vec::new(),
        });
        let remaining: Vec<Remaining> = remaining.collect();
        let fix = format!(
            "todoctl up {} starts the cluster, and first undoes what this run did, as far as it is still there",
            self.names.profile
        );
        let what = format!("{} ({gone})", failure.diagnostic.what);
        let diagnostic = Diagnostic { code: Code::ClusterGone, what, fix, ..failure.diagnostic };
        let cause = Cause { step: failure.step, diagnostic, interrupted: false };
        if remaining.is_empty() { Outcome::Failed { cause } } else { Outcome::Stuck { cause, remaining } }
    }
}
