//! Step 9: the deployment as a whole answers. Also `todoctl verify`: every release as it is, without a change.

use std::sync::Arc;

use crate::inputs::Inputs;
use crate::profile::HttpCheck;
use crate::step::{Check, DecideError, Decision, Request, Step, StepId};
use crate::steps::{content::is_settled, release_id};
use crate::world::World;
use crate::world::manifest::differences;

/// The profile's checks, after every release is verified.
pub(super) struct VerifyStep {
    inputs: Arc<Inputs>,
    /// Releases that are removed in the same run.
    retired: Vec<String>,
    always: bool,
}

impl VerifyStep {
    /// Checks only when something changed or is not settled.
    pub(super) fn after(inputs: &Arc<Inputs>, retired: &[String]) -> Self {
        Self { inputs: Arc::clone(inputs), retired: retired.to_vec(), always: false }
    }

    /// Checks in any case.
    pub(super) fn always(inputs: &Arc<Inputs>) -> Self {
        Self { inputs: Arc::clone(inputs), retired: Vec::new(), always: true }
    }

    fn check(&self, check: &HttpCheck) -> Check {
        let namespace = self.inputs.namespace(&self.inputs.profile.releases[&check.release]).to_owned();
        let HttpCheck { name, release, service, port, path, within_seconds } = check.clone();
        Check::Http { name, release, request: Request { namespace, service, port, path }, within_seconds }
    }
}

impl Step for VerifyStep {
    fn id(&self) -> StepId {
        StepId::single("verify")
    }

    fn title(&self) -> String {
        "verify".to_owned()
    }

    fn order(&self) -> u8 {
        9
    }

    fn needs(&self) -> Vec<StepId> {
        let kept = self.inputs.releases().map(|(name, _)| release_id(name));
        kept.chain(self.retired.iter().map(|name| release_id(name))).collect()
    }

    fn decide(&self, world: &World) -> Result<Decision, DecideError> {
        if world.cluster.access().is_none() {
            return Ok(Decision::none("known after start"));
        }
        let settled = self.retired.is_empty()
            && self.inputs.releases().all(|(name, _)| is_settled(&self.inputs, name, world));
        if settled && !self.always {
            return Ok(Decision::none("every release is verified and healthy"));
        }
        let checks =
            self.inputs.profile.checks.iter().filter(|check| self.inputs.only.contains(&check.release));
        let mut decision = Decision::none("checks only");
        decision.checks = checks.map(|check| self.check(check)).collect();
        Ok(decision)
    }
}

/// One release as it is, judged without a change.
pub(super) struct ReleaseCheck {
    inputs: Arc<Inputs>,
    name: String,
}

impl ReleaseCheck {
    pub(super) fn new(inputs: &Arc<Inputs>, name: &str) -> Self {
        Self { inputs: Arc::clone(inputs), name: name.to_owned() }
    }
}

impl Step for ReleaseCheck {
    fn id(&self) -> StepId {
        release_id(&self.name)
    }

    fn title(&self) -> String {
        format!("release {}", self.name)
    }

    fn order(&self) -> u8 {
        self.inputs.profile.releases[&self.name].order
    }

    fn needs(&self) -> Vec<StepId> {
        Vec::new()
    }

    fn decide(&self, world: &World) -> Result<Decision, DecideError> {
        let spec = &self.inputs.profile.releases[&self.name];
        let namespace = self.inputs.namespace(spec).to_owned();
        let manifest = world.manifests.get(&self.name).and_then(|manifests| manifests.target.clone());
        let Some(workloads) = manifest else {
            return Err(DecideError {
                evidence: Vec::new(),
                message: format!("release {} is not deployed", self.name),
                hint: format!("todoctl up {}", self.inputs.name),
            });
        };
        let evidence = differences(&workloads, &world.live.release_workloads(&self.name, &namespace));
        if !evidence.is_empty() {
            return Err(DecideError {
                evidence,
                message: format!("release {} was changed by someone else", self.name),
                hint: format!("bring it back: todoctl up {}", self.inputs.name),
            });
        }
        let mut decision = Decision::none("checks only");
        decision.checks = vec![Check::RolledOut {
            release: self.name.clone(),
            namespace,
            workloads,
            within_seconds: spec.ready_seconds,
        }];
        Ok(decision)
    }
}
