//! Step 1: the cluster runs.

use std::sync::Arc;

use crate::provider::Provider;
use crate::step::{Change, DecideError, Decision, Step, StepId, Undo};
use crate::world::{Cluster, World};

/// Starts the cluster when it does not run.
pub(super) struct ClusterStep(Arc<dyn Provider>);

impl ClusterStep {
    pub(super) fn new(provider: &Arc<dyn Provider>) -> Self {
        Self(Arc::clone(provider))
    }
}

impl Step for ClusterStep {
    fn id(&self) -> StepId {
        StepId::single("cluster")
    }

    fn title(&self) -> String {
        self.0.title()
    }

    fn order(&self) -> u8 {
        1
    }

    fn needs(&self) -> Vec<StepId> {
        Vec::new()
    }

    fn decide(&self, world: &World) -> Result<Decision, DecideError> {
        Ok(match &world.cluster {
            Cluster::Running(_) => Decision::none("runs"),
            Cluster::Down(state) => Decision {
                change: Change::Update { from: state.clone(), to: "runs".to_owned() },
                apply: self.0.start(),
                checks: Vec::new(),
                undo: Undo::Nothing {
                    reason: "a running cluster harms nothing; nothing else was changed yet".to_owned(),
                    stays: None,
                },
                notes: Vec::new(),
            },
        })
    }
}
