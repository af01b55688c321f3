//! Owns Minikube as a provider.

use super::{Found, Kubeconfig, Provider, Reach, Seen};
use crate::invocation::Invocation;
use crate::profile::Minikube;
use crate::runner::Output;
use crate::tool::kubectl;
use crate::tool::minikube::{self, NO_PROFILE, Profiles};

pub(super) struct MinikubeProvider {
    /// Name of the todoctl profile, for hints.
    pub(super) profile: String,
    pub(super) minikube: Minikube,
}

impl Provider for MinikubeProvider {
    fn title(&self) -> String {
        format!("cluster {}", self.minikube.profile)
    }

    fn status(&self) -> Vec<Invocation> {
        vec![minikube::status(&self.minikube), minikube::profiles()]
    }

    fn found(&self, outputs: &[Output]) -> Result<Found, String> {
        let [status, profiles] = outputs else { return Err("it was not asked".to_owned()) };
        let profiles: Profiles = serde_json::from_slice(&profiles.stdout)
            .map_err(|error| format!("its profiles are not readable ({error}): {}", profiles.complaint()))?;
        let known = profiles.valid.iter().find(|one| one.name == self.minikube.profile);
        if status.status == Some(NO_PROFILE) {
            return Ok(Found::fit(Seen::Down("does not exist yet".to_owned())));
        }
        let nodes = minikube::nodes(&status.stdout)
            .map_err(|error| format!("its status is not readable ({error}): {}", status.complaint()))?;
        let address = known.and_then(|one| one.config.nodes.iter().find(|node| node.control_plane));
        let node = address.map(|node| node.ip.clone()).unwrap_or_default();
        let runs = nodes.iter().all(|one| one.host == "Running" && one.kubelet == "Running");
        Ok(Found::fit(if runs {
            let kubeconfig = Kubeconfig::By(Box::new(kubectl::minified(&self.minikube.profile, None)));
            Seen::Running(Reach { kubeconfig, node })
        } else {
            Seen::Down(format!("is stopped; {} starts it", self.profile))
        }))
    }

    fn start(&self) -> Vec<Invocation> {
        vec![minikube::start(&self.minikube)]
    }

    fn delete(&self) -> Result<Invocation, String> {
        Ok(minikube::delete(&self.minikube))
    }
}
