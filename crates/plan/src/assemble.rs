//! Owns making complete plans: the steps of a command, what they decide, the content that they leave, and the work that
//! ends the run. Whoever shows, compares or carries out a plan gets it here.
//! Refuses to read anything: what `World` does not hold is not planned.

use std::sync::Arc;

use serde_json::Value;

use crate::builder::Images;
use crate::finalize;
use crate::plan::Plan;
use crate::provider::Provider;
use crate::run_record::RunRecord;
use crate::step::Step;
use crate::steps::{self, Goal, RollbackStep};
use crate::world::World;
use crate::world::releases::ReleaseRef;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_project::inputs::Inputs;

/// What a plan is made for: an application, where its cluster comes from, and how its images are made.
#[derive(Clone, Copy)]
pub struct Application<'a> {
    /// What disk and command line say of it.
    pub inputs: &'a Arc<Inputs>,
    /// Where its cluster comes from.
    pub provider: &'a Arc<dyn Provider>,
    /// How its images are made, and where they must be.
    pub images: &'a Images,
}

/// A plan, or why some of its steps cannot decide.
pub type Assembled = Result<Plan, Diagnostic>;

impl Application<'_> {
    fn decide(self, steps: &[Box<dyn Step>], world: &World) -> Assembled {
        Plan::decide(&self.inputs.name, steps, world)
    }

    /// Deploys everything. Of a cluster that does not run, only the start is planned.
    pub fn up(self, world: &World) -> Assembled {
        let steps = steps::deployment(self.inputs, self.provider, self.images, world);
        let mut plan = self.decide(&steps, world)?;
        if world.cluster.access().is_some() {
            plan.content = finalize::content(self.inputs, world, &plan);
            plan.closing = finalize::of_deployment(self.inputs, self.images.store.as_ref(), world, &plan);
        }
        Ok(plan)
    }

    /// Starts the cluster, and nothing else.
    pub fn start(self, world: &World) -> Assembled {
        self.decide(&steps::cluster_only(self.provider), world)
    }

    /// Removes what the profile deployed; with `purge` also what other profiles could use, such as Dapr.
    pub fn down(self, world: &World, purge: bool) -> Assembled {
        let mut plan = self.decide(&steps::removal(self.inputs, world, purge), world)?;
        plan.content = finalize::content(self.inputs, world, &plan);
        plan.closing = finalize::of_removal(self.inputs, world, &plan, purge);
        Ok(plan)
    }

    /// Returns one release to an earlier revision.
    pub fn rollback(self, world: &World, release: &str, revision: u32) -> Assembled {
        let steps: Vec<Box<dyn Step>> = vec![Box::new(RollbackStep::new(self.inputs, release, revision))];
        let mut plan = self.decide(&steps, world)?;
        let namespace = self.inputs.namespace(&self.inputs.profile.releases[release]);
        plan.content = finalize::content(self.inputs, world, &plan);
        plan.closing = finalize::of_rollback(
            self.inputs,
            world,
            &plan,
            &[(ReleaseRef { namespace, name: release }, revision)],
        );
        Ok(plan)
    }

    /// Returns everything to what a run deployed; nothing to do when that is deployed now. `goal` is
    /// the difference, `objects` the whole Dapr objects which that run left.
    pub fn rollback_run(
        self,
        goal: &Goal,
        world: &World,
        record: &RunRecord,
        objects: Vec<Value>,
    ) -> Assembled {
        if goal.is_reached() {
            return self.decide(&[], world);
        }
        let mut plan = self.decide(&goal.steps(self.inputs, world, record, &objects), world)?;
        plan.content = objects;
        plan.closing = finalize::of_rollback(self.inputs, world, &plan, &goal.targets());
        Ok(plan)
    }

    /// Checks what is deployed, and changes nothing.
    pub fn verify(self, world: &World) -> Assembled {
        self.decide(&steps::verification(self.inputs), world)
    }

    /// Builds the images that are missing, without a cluster, and gives them these tags as well.
    pub fn images(self, world: &World, tags: &[String]) -> Assembled {
        self.decide(&steps::images(self.inputs, self.images, tags), world)
    }

    /// Makes new versions of some logical Secrets, for the next deployment.
    pub fn stage_secrets(self, world: &World, sets: &[String]) -> Assembled {
        self.decide(&steps::staging(self.inputs, sets), world)
    }
}
