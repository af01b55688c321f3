//! Owns Minikube as a provider.

use super::{ClusterState, Down, Facts, Found, Kubeconfig, Program, Provider, Reach, Size};
use crate::tool::kubectl;
use crate::tool::minikube::{self, Config, IRRELEVANT, InvalidProfile, NO_PROFILE, NodeStatus};
use crate::tool::version::Version;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::{Invocation, Output};
use todoctl_core::quantity::{GIBI, MEBI};
use todoctl_project::profile::Minikube;

/// The first minikube that knows Kubernetes 1.34 (minikube v1.37.0, CHANGELOG.md).
const VERSION: Version = Version(1, 37);
/// Room for its node image, Kubernetes' images and those of the application. Its `disk-gb` is a limit, which is not
/// taken at once.
const DISK: u64 = 10 * GIBI;

pub(super) struct MinikubeProvider {
    /// Name of the todoctl profile, for hints.
    pub(super) profile: String,
    pub(super) minikube: Minikube,
}

impl Provider for MinikubeProvider {
    fn title(&self) -> String {
        format!("cluster {}", self.minikube.profile)
    }

    fn facts(&self) -> Facts {
        let Minikube { driver, cpus, memory_mb, .. } = &self.minikube;
        Facts {
            program: Some(Program {
                name: "minikube".to_owned(),
                minimum: Some(VERSION),
                purpose: "runs the cluster",
            }),
            in_docker: driver == "docker",
            is_this_machine: driver == "none",
            size: Size {
                cpus: Some(u64::from(*cpus)),
                memory: Some(u64::from(*memory_mb) * MEBI),
                disk: Some(DISK),
            },
            ..Facts::default()
        }
    }

    fn status(&self) -> Vec<Invocation> {
        vec![minikube::status(&self.minikube), minikube::profiles()]
    }

    fn found(&self, outputs: &[Output]) -> Result<Found, String> {
        let [status, profiles] = outputs else { return Err("it was not asked".to_owned()) };
        let profiles = minikube::parse_profiles(profiles)?;
        let is_this = |one: &InvalidProfile| one.name == self.minikube.profile;
        if status.status == Some(NO_PROFILE) {
            // Every start that fails early leaves a folder for its log, which minikube then lists as invalid; the next
            // start takes it over.
            let begun = profiles.invalid.iter().any(is_this);
            let state = if begun { "does not exist (a start was cut off)" } else { "does not exist" };
            return Ok(Found::fit(ClusterState::Down(Down::ended(state))));
        }
        if profiles.invalid.iter().any(is_this) {
            let unfit = Some(self.half_made(status));
            return Ok(Found { cluster: ClusterState::Down(Down::ended("is half-made")), unfit });
        }
        let nodes = minikube::parse_status(status)?;
        let known = profiles.valid.iter().find(|one| one.name == self.minikube.profile);
        let known = known.ok_or("minikube does not list its profile")?;
        Ok(Found { cluster: self.seen(&nodes, &known.config), unfit: self.unfit(&known.config) })
    }

    fn start(&self) -> Vec<Invocation> {
        vec![minikube::start(&self.minikube)]
    }

    fn delete(&self) -> Result<Invocation, String> {
        Ok(minikube::delete(&self.minikube))
    }
}

impl MinikubeProvider {
    fn seen(&self, nodes: &[NodeStatus], config: &Config) -> ClusterState {
        let Some(down) = trouble(nodes) else {
            let address = config.nodes.iter().find(|node| node.control_plane).map(|node| node.ip.clone());
            let kubeconfig = Kubeconfig::By(Box::new(kubectl::minified(&self.minikube.profile, None)));
            return ClusterState::Running(Reach { kubeconfig, node: address.unwrap_or_default() });
        };
        ClusterState::Down(down)
    }

    /// Why a cluster that is there is not the one that the profile asks for. minikube would keep what it has.
    fn unfit(&self, config: &Config) -> Option<Diagnostic> {
        let evidence = differences(&self.minikube, config);
        (!evidence.is_empty()).then(|| Diagnostic { code: Code::ClusterUnfit, what: format!("{} is not the one that profile {} asks for", self.title(), self.profile), evidence, fix: format!(
                "a cluster keeps what it was made with: write that in `cluster.minikube` of the profile, or make it \
                 anew: {} (removes everything in it), then todoctl up {}",
                self.removal(),
                self.profile
            ), place: None })
    }

    /// Files that minikube can neither use nor make anew.
    fn half_made(&self, status: &Output) -> Diagnostic {
        Diagnostic {
            code: Code::ClusterUnfit,
            what: format!("{} is half-made: minikube cannot use its files", self.title()),
            evidence: minikube::errors(status),
            fix: format!("remove what is left of it: {}, then todoctl up {}", self.removal(), self.profile),
            place: None,
        }
    }

    fn removal(&self) -> String {
        format!("todoctl down {} --delete-cluster", self.profile)
    }
}

/// Why a cluster cannot be used as it is; nothing when it runs.
fn trouble(nodes: &[NodeStatus]) -> Option<Down> {
    let is = |state: &str, what: &str| state == what || state == IRRELEVANT;
    let runs = |node: &NodeStatus| {
        node.host == "Running" && node.kubelet == "Running" && is(&node.api_server, "Running")
    };
    if nodes.is_empty() {
        return Some(Down::ended("is half-made: it has no node"));
    }
    let Some(node) = nodes.iter().find(|node| !runs(node)) else {
        let lost = nodes.iter().any(|node| !is(&node.kubeconfig, "Configured"));
        return lost.then(|| Down::in_part("runs, but the kubeconfig does not lead to it"));
    };
    Some(match (node.host.as_str(), node.api_server.as_str()) {
        ("Stopped", _) => Down::ended("is stopped"),
        ("Nonexistent", _) => Down::ended("is half-made: its machine does not exist"),
        ("Running", "Paused") => Down::in_part("is paused"),
        (host, api_server) => Down::in_part(format!(
            "runs in part: machine {}, kubelet {}, API server {}",
            host.to_lowercase(),
            node.kubelet.to_lowercase(),
            api_server.to_lowercase()
        )),
    })
}

/// What a cluster has, and what is asked for.
fn differences(wanted: &Minikube, config: &Config) -> Vec<String> {
    let kubernetes = &config.kubernetes_config;
    let sized = |what: &str, has: u32, asked: u32, unit: &str| {
        (has != asked).then(|| format!("{what}: it has {has}{unit}, the profile asks for {asked}{unit}"))
    };
    let named = |what: &str, has: &str, asked: &str, same: bool| {
        (!same).then(|| format!("{what}: it has {has}, the profile asks for {asked}"))
    };
    let (driver, runtime) = (&config.driver, &kubernetes.container_runtime);
    let version = &kubernetes.kubernetes_version;
    [
        sized("CPUs", config.cpus, wanted.cpus, ""),
        sized("memory", config.memory, wanted.memory_mb, " MB"),
        named("driver", driver, &wanted.driver, *driver == wanted.driver),
        named(
            "container runtime",
            runtime,
            &wanted.container_runtime,
            runtime.replace('-', "") == wanted.container_runtime.replace('-', ""),
        ),
        named(
            "Kubernetes",
            version,
            &wanted.kubernetes_version,
            version.trim_start_matches('v') == wanted.kubernetes_version.trim_start_matches('v'),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests;
