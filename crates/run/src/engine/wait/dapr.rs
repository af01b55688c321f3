//! Owns waiting for what a Dapr installation must answer before anything relies on it: its CRDs and its injector.
//! Refuses to judge the answers (`health::dapr`).

use tokio::time::Instant;

use super::{AGAIN, Unmet, Wait};
use crate::survey;
use todoctl_core::diagnostic::Code;
use todoctl_core::invocation::{Invocation, Output};
use todoctl_plan::health::dapr;

impl Wait<'_> {
    /// Waits until CRDs exist, are established, and kubectl finds their kinds: each comes later than the one before.
    pub(super) async fn established(&mut self, names: &[String], deadline: Instant) -> Result<(), Unmet> {
        let Some(kubectl) = self.engine.kubectl() else { return Ok(()) };
        self.told(kubectl.crds(names), |output| dapr::established(names, &output.stdout), deadline).await?;
        self.told(kubectl.served(), |output| dapr::served(names, &output.text()), deadline).await
    }

    /// Waits until the injector adds a sidecar to a pod that is sent and not made.
    pub(super) async fn injects(&mut self, namespace: &str, deadline: Instant) -> Result<(), Unmet> {
        let Some(kubectl) = self.engine.kubectl() else { return Ok(()) };
        let pod = dapr::probe(namespace);
        self.told(kubectl.would_create(&pod), |output| dapr::injected(&output.stdout), deadline).await
    }

    /// Asks the same again until the answer is good.
    async fn told(
        &mut self,
        question: Invocation,
        judge: impl Fn(&Output) -> Result<(), String>,
        deadline: Instant,
    ) -> Result<(), Unmet> {
        let mut said = String::new();
        loop {
            let why = match survey::call(&self.engine.runner, question.clone()).await {
                Ok(output) if output.is_success() => match judge(&output) {
                    Ok(()) => return Ok(()),
                    Err(why) => why,
                },
                Ok(output) => output.headline("kubectl"),
                Err(error) => error.to_string(),
            };
            self.say(&mut said, &why);
            self.pause(AGAIN, Code::DaprNotReady, &why, deadline).await?;
        }
    }
}
