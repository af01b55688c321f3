//! Owns the provider `in-cluster`: the cluster around the pod that todoctl runs in, reached as its service account.
//! Refuses to start, stop and delete it.

use super::{ClusterState, Facts, Found, Kubeconfig, Provider, Reach};
use todoctl_core::invocation::{Invocation, Output};

pub(super) struct InClusterProvider;

impl Provider for InClusterProvider {
    fn title(&self) -> String {
        "the cluster of this pod".to_owned()
    }

    fn facts(&self) -> Facts {
        Facts::default()
    }

    /// Nothing needs to be asked: whoever runs in it is proof that it runs.
    fn status(&self) -> Vec<Invocation> {
        Vec::new()
    }

    fn found(&self, _outputs: &[Output]) -> Result<Found, String> {
        let reach = Reach { kubeconfig: Kubeconfig::OfPod, node: String::new() };
        Ok(Found::fit(ClusterState::Running(reach)))
    }

    fn start(&self) -> Vec<Invocation> {
        Vec::new()
    }

    fn delete(&self) -> Result<Invocation, String> {
        Err("todoctl runs in this cluster and did not make it, so it does not delete it".to_owned())
    }
}
