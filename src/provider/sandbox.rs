//! Owns the one-machine Kubernetes as a provider.

use std::collections::BTreeSet;

use super::{Found, Kubeconfig, Provider, Reach, Seen};
use crate::invocation::Invocation;
use crate::profile::{self, Sandbox};
use crate::runner::Output;
use crate::tool::sandbox;

pub(super) struct SandboxProvider(pub(super) Sandbox);

impl Provider for SandboxProvider {
    fn title(&self) -> String {
        format!("cluster {}", self.0.name)
    }

    fn status(&self) -> Vec<Invocation> {
        vec![sandbox::status(&self.0)]
    }

    fn found(&self, outputs: &[Output]) -> Result<Found, String> {
        let [output] = outputs else { return Err("it was not asked".to_owned()) };
        let status: sandbox::Status = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("its status is not readable ({error}): {}", output.complaint()))?;
        let (node, kubeconfig) = (status.node_ip, status.kubeconfig);
        Ok(Found::fit(match status.state.as_str() {
            "running" => {
                let context = self.0.name.clone();
                Seen::Running(Reach { kubeconfig: Kubeconfig::File { path: kubeconfig, context }, node })
            }
            "absent" => Seen::Down("does not exist yet".to_owned()),
            "stopped" => Seen::Down("is stopped".to_owned()),
            "degraded" => Seen::Down("runs with parts missing".to_owned()),
            other => return Err(format!("unknown state {other:?}")),
        }))
    }

    fn start(&self) -> Vec<Invocation> {
        vec![sandbox::start(&self.0)]
    }

    fn delete(&self) -> Result<Invocation, String> {
        Ok(sandbox::delete(&self.0))
    }

    fn images(&self) -> Invocation {
        sandbox::images(&self.0)
    }

    fn image_names(&self, output: &Output) -> Result<BTreeSet<String>, String> {
        if !output.is_success() {
            return Err(output.complaint());
        }
        let names: Vec<sandbox::ImageName> =
            serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        Ok(names.into_iter().map(|image| image.name).collect())
    }

    fn build(&self, reference: &str, image: &profile::Image) -> Vec<Invocation> {
        let dockerfile = image.dockerfile.clone().unwrap_or_else(|| image.context.join("Dockerfile"));
        vec![sandbox::build(&self.0, reference, &dockerfile, &image.context)]
    }

    fn remove_images(&self, names: &[String]) -> Invocation {
        sandbox::remove_images(&self.0, names)
    }
}
