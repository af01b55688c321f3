//! Owns where a cluster comes from: one trait, one implementation per kind of `cluster:` in the profile.
//! Refuses to run anything: a provider only says which invocations do it.

use std::collections::BTreeSet;

use crate::invocation::Invocation;
use crate::profile::{self, Sandbox};
use crate::runner::Output;
use crate::tool::sandbox;
use crate::world::{Access, Cluster};

/// Where a cluster comes from.
pub trait Provider: Send + Sync {
    /// What people call it: "cluster demo".
    fn title(&self) -> String;
    /// The read that tells whether the cluster runs.
    fn status(&self) -> Invocation;
    /// What its answer means.
    fn cluster(&self, output: &Output) -> Result<Cluster, String>;
    /// The commands that make it run.
    fn start(&self) -> Vec<Invocation>;
    /// The command that removes it with everything in it.
    fn delete(&self) -> Invocation;
    /// The read that lists the images the cluster has.
    fn images(&self) -> Invocation;
    /// What its answer means.
    fn image_names(&self, output: &Output) -> Result<BTreeSet<String>, String>;
    /// The commands that bring an image into the cluster.
    fn build(&self, reference: &str, image: &profile::Image) -> Vec<Invocation>;
    /// The command that removes images from the cluster.
    fn remove_images(&self, names: &[String]) -> Invocation;
}

/// The provider a profile asks for.
pub fn of(cluster: &profile::Cluster) -> Box<dyn Provider> {
    match cluster {
        profile::Cluster::Sandbox(sandbox) => Box::new(SandboxProvider(sandbox.clone())),
    }
}

struct SandboxProvider(Sandbox);

impl Provider for SandboxProvider {
    fn title(&self) -> String {
        format!("cluster {}", self.0.name)
    }

    fn status(&self) -> Invocation {
        sandbox::status(&self.0)
    }

    fn cluster(&self, output: &Output) -> Result<Cluster, String> {
        let status: sandbox::Status = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("its status is not readable ({error}): {}", output.complaint()))?;
        let (node, kubeconfig) = (status.node_ip, status.kubeconfig);
        Ok(match status.state.as_str() {
            "running" => Cluster::Running(Access { kubeconfig, context: self.0.name.clone(), node }),
            "absent" => Cluster::Down("does not exist yet".to_owned()),
            "stopped" => Cluster::Down("is stopped".to_owned()),
            "degraded" => Cluster::Down("runs with parts missing".to_owned()),
            other => return Err(format!("unknown state {other:?}")),
        })
    }

    fn start(&self) -> Vec<Invocation> {
        vec![sandbox::start(&self.0)]
    }

    fn delete(&self) -> Invocation {
        sandbox::delete(&self.0)
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
