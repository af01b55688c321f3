//! Owns the one-machine Kubernetes as a provider.

use super::{ClusterState, Down, Facts, Found, Kubeconfig, Program, Provider, Reach, Size};
use crate::tool::sandbox;
use todoctl_core::invocation::{Invocation, Output};
use todoctl_core::quantity::GIBI;
use todoctl_project::profile::Sandbox;

/// Free disk to run it; compiling it takes 12 GB, and `sandbox start` says so itself.
const DISK: u64 = 3 * GIBI;

pub(super) struct SandboxProvider(pub(super) Sandbox);

impl Provider for SandboxProvider {
    fn title(&self) -> String {
        format!("cluster {}", self.0.name)
    }

    fn facts(&self) -> Facts {
        let name = self.0.command.display().to_string();
        Facts {
            program: Some(Program { name, minimum: None, purpose: "runs the cluster" }),
            size: Size { disk: Some(DISK), ..Size::default() },
            ..Facts::default()
        }
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
                ClusterState::Running(Reach {
                    kubeconfig: Kubeconfig::File { path: kubeconfig, context },
                    node,
                })
            }
            "absent" => ClusterState::Down(Down::ended("does not exist yet")),
            "stopped" => ClusterState::Down(Down::ended("is stopped")),
            "degraded" => ClusterState::Down(Down::in_part("runs with parts missing")),
            other => return Err(format!("unknown state {other:?}")),
        }))
    }

    fn start(&self) -> Vec<Invocation> {
        vec![sandbox::start(&self.0)]
    }

    fn delete(&self) -> Result<Invocation, String> {
        Ok(sandbox::delete(&self.0))
    }
}
