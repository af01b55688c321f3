//! Owns waiting for what a Dapr installation must answer before anything relies on it: its CRDs and its injector.
//! Refuses to judge the answers (`health::dapr`).

use tokio::time::Instant;

use super::{AGAIN, Unmet, Wait};
use crate::cluster::Connection;
use crate::survey;
use todoctl_core::diagnostic::Code;
use todoctl_plan::health::dapr;

impl Wait<'_> {
    /// Waits until CRDs exist, are established, and their kinds are served: each comes later than the one before.
    pub(super) async fn established(&mut self, names: &[String], deadline: Instant) -> Result<(), Unmet> {
        self.told(async |cluster: &Connection| survey::are_served(cluster, names).await, deadline).await
    }

    /// Waits until the injector adds a sidecar to a pod that is sent and not made.
    pub(super) async fn injects(&mut self, namespace: &str, deadline: Instant) -> Result<(), Unmet> {
        let (look, pod) = (dapr::probed(namespace), dapr::probe(namespace));
        let asked = async |cluster: &Connection| -> Result<(), String> {
            dapr::injected(&cluster.would_create(&look, &pod).await.map_err(|refusal| refusal.to_string())?)
        };
        self.told(asked, deadline).await
    }

    /// Asks the same again until the answer is good.
    async fn told(
        &mut self,
        question: impl AsyncFn(&Connection) -> Result<(), String>,
        deadline: Instant,
    ) -> Result<(), Unmet> {
        let Some(cluster) = &self.engine.cluster else { return Ok(()) };
        let mut said = String::new();
        loop {
            let Err(why) = question(cluster).await else { return Ok(()) };
            self.say(&mut said, &why);
            self.pause(AGAIN, Code::DaprNotReady, &why, deadline).await?;
        }
    }
}
