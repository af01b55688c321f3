//! Owns filling the world: which reads a command needs, side by side where they need nothing of each other. Nothing else
//! fills it.

use super::Environment;
use crate::survey;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_plan::steps;
use todoctl_plan::world::releases::ReleaseRef;
use todoctl_plan::world::{Access, World};

impl Environment {
    /// Everything about a running cluster, except manifests. Another cluster than the profile means is refused.
    pub async fn observe(&self, access: Access) -> Result<World, Diagnostic> {
        let (runner, cluster) = (self.runner(Some(&access), None), self.connection(&access).await?);
        let blank = self.blank(String::new());
        let store = self.images.store.as_ref();
        let mut world = survey::running((&runner, &cluster), store, &self.inputs, access, blank).await?;
        self.restart.tell(&mut world);
        self.same_cluster(&world)?;
        self.learn(&world);
        Ok(world)
    }

    /// The same with the records of earlier runs.
    pub async fn observe_with_runs(&self, access: Access) -> Result<World, Diagnostic> {
        let cluster = self.connection(&access).await?;
        let runs = survey::runs(&cluster, &self.inputs.profile.namespace);
        let (world, runs) = tokio::join!(self.observe(access.clone()), runs);
        Ok(World { runs: Some(runs?), ..world? })
    }

    /// Adds the secret values that commands of the profile give.
    pub async fn observe_commands(&self, world: &mut World) -> Result<(), Diagnostic> {
        let runner = self.runner(world.cluster.access(), None);
        Ok(survey::commands(&runner, &self.inputs, world).await?)
    }

    /// Adds what a deployment is decided from, once all values are known: build contexts, and where a release changes,
    /// manifests, nodes, and the records of earlier runs.
    pub async fn observe_changes(&self, world: &mut World) -> Result<(), Diagnostic> {
        let inputs = &self.inputs;
        survey::contexts(inputs, world)?;
        if inputs.releases().all(|(name, _)| steps::is_current(inputs, name, world)) {
            return Ok(());
        }
        let access = world.cluster.access().cloned();
        let runner = self.runner(access.as_ref(), None);
        // A run that changes something is recorded, and removes the oldest record.
        let cluster = self.connection_to(access.as_ref()).await?;
        let runs = async {
            match &cluster {
                Some(cluster) => survey::runs(cluster, &inputs.profile.namespace).await.map(Some),
                None => Ok(None),
            }
        };
        let nodes = async {
            match &cluster {
                Some(cluster) => survey::nodes(cluster).await,
                None => Ok(None),
            }
        };
        let manifests = survey::manifests(&runner, inputs, world);
        let (runs, nodes, manifests) = tokio::join!(runs, nodes, manifests);
        manifests?;
        (world.runs, world.nodes) = (runs?, nodes?);
        Ok(())
    }

    /// Adds the manifests of what is deployed now.
    pub async fn observe_deployed(&self, world: &mut World) -> Result<(), Diagnostic> {
        let runner = self.runner(world.cluster.access(), None);
        Ok(survey::current(&runner, &self.inputs, world).await?)
    }

    /// Adds the manifests of some revisions, each with the release it is of.
    pub async fn observe_revisions(
        &self,
        world: &mut World,
        revisions: &[(ReleaseRef<'_>, u32)],
    ) -> Result<(), Diagnostic> {
        let runner = self.runner(world.cluster.access(), None);
        Ok(survey::revisions(&runner, world, revisions).await?)
    }

    /// Adds the records of earlier runs.
    pub async fn observe_runs(&self, world: &mut World) -> Result<(), Diagnostic> {
        if let Some(access) = world.cluster.access() {
            let cluster = self.connection(access).await?;
            world.runs = Some(survey::runs(&cluster, &self.inputs.profile.namespace).await?);
        }
        Ok(())
    }

    /// A world in which only the images and their contexts are known: nothing but a builder is asked.
    pub async fn observe_images(&self) -> Result<World, Diagnostic> {
        let mut world = self.blank(String::new());
        let store = self.images.store.as_ref();
        world.images = Some(survey::images(&self.runner(None, None), store, &self.inputs).await?);
        survey::contexts(&self.inputs, &mut world)?;
        Ok(world)
    }
}
