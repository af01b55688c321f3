//! Owns the provider `oke`: a cluster of Oracle Kubernetes Engine, found and reached by the `oci` command.
//! Refuses to start, stop and delete it.

use super::{Found, Kubeconfig, Provider, Reach, Seen};
use crate::invocation::Invocation;
use crate::profile::Oke;
use crate::runner::Output;
use crate::tool::oci;

pub(super) struct OkeProvider(pub(super) Oke);

impl Provider for OkeProvider {
    fn title(&self) -> String {
        "OKE cluster".to_owned()
    }

    fn status(&self) -> Vec<Invocation> {
        vec![oci::cluster(&self.0)]
    }

    fn found(&self, outputs: &[Output]) -> Result<Found, String> {
        let [output] = outputs else { return Err("it was not asked".to_owned()) };
        if !output.is_success() {
            return Err(output.complaint());
        }
        let answer: oci::Answer = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("oci's answer is not readable: {error}"))?;
        let state = answer.data.lifecycle_state;
        if !matches!(state.as_str(), "ACTIVE" | "UPDATING") {
            return Err(format!("it is {state}, not ACTIVE"));
        }
        let kubeconfig = Kubeconfig::By(Box::new(oci::kubeconfig(&self.0)));
        Ok(Found::fit(Seen::Running(Reach { kubeconfig, node: String::new() })))
    }

    fn start(&self) -> Vec<Invocation> {
        Vec::new()
    }

    fn delete(&self) -> Result<Invocation, String> {
        Err("todoctl did not make this cluster, so it does not delete it".to_owned())
    }
}
