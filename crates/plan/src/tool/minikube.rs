//! Owns minikube's verbs and the form of its answers. Facts: minikube v1.38.1, by its source and by running it.

pub(super) mod events;
mod exit;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use todoctl_core::invocation::{Dialect, Invocation, Output, Tool};
use todoctl_core::text;
use todoctl_project::profile::Minikube;

/// The first start downloads its node image and Kubernetes.
const START: Duration = Duration::from_mins(30);
/// Building one image.
const BUILD: Duration = Duration::from_mins(15);
/// Loading one image, removing a cluster.
const LONG: Duration = Duration::from_mins(5);

/// The exit status of `status` for a profile that does not exist (`pkg/minikube/reason`: `ExGuestNotFound`). Its answer
/// is then a row of events, not a status.
pub const NO_PROFILE: i32 = 85;

/// What `status -o json` says of one node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NodeStatus {
    /// Name of the node.
    pub name: String,
    /// State of its machine: `Running`, `Stopped`, `Paused`, `Nonexistent` …
    pub host: String,
    /// State of its kubelet.
    pub kubelet: String,
    /// State of its API server; `Irrelevant` on a worker.
    #[serde(rename = "APIServer")]
    pub api_server: String,
    /// Whether the user's kubeconfig points at it: `Configured` or `Misconfigured`.
    pub kubeconfig: String,
}

/// What `status` says of a state that a node of its kind does not have.
pub const IRRELEVANT: &str = "Irrelevant";

/// The nodes of `status -o json`: an object for one node, a list for several. Events may come before it.
pub fn parse_status(output: &Output) -> Result<Vec<NodeStatus>, String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Nodes {
        One(NodeStatus),
        Several(Vec<NodeStatus>),
    }
    Ok(match last_line(output, "its status")? {
        Nodes::One(node) => vec![node],
        Nodes::Several(nodes) => nodes,
    })
}

/// The profiles of `profile list -o json`.
pub fn parse_profiles(output: &Output) -> Result<Profiles, String> {
    last_line(output, "minikube's list of profiles")
}

fn last_line<T: DeserializeOwned>(output: &Output, what: &str) -> Result<T, String> {
    let text = output.text();
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    serde_json::from_str(line).map_err(|error| {
        let mut said = errors(output);
        if said.is_empty() {
            said.push(if line.is_empty() { output.complaint() } else { text::clean_line(line) });
        }
        format!("{what} cannot be read ({error}):\n{}", said.join("\n"))
    })
}

/// The names of `image ls --format json`, with tag. Each comes with its registry, such as `docker.io/todo/backend:1`; the
/// short form that a profile may use is among them too. A stopped cluster answers nothing, and that is an error.
pub fn parse_images(output: &Output) -> Result<BTreeSet<String>, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Image {
        #[serde(default)]
        repo_tags: Vec<String>,
    }
    if output.text().trim().is_empty() {
        return Err(format!("minikube lists no images (does the cluster run?): {}", output.complaint()));
    }
    let images: Vec<Image> = last_line(output, "its images")?;
    let names = images.into_iter().flat_map(|image| image.repo_tags);
    Ok(names
        .flat_map(|name| {
            let short = name.strip_prefix("docker.io/library/").or_else(|| name.strip_prefix("docker.io/"));
            short.map(str::to_owned).into_iter().chain([name.clone()]).collect::<Vec<_>>()
        })
        .collect())
}

/// The errors among the events that a command in JSON form has written.
pub fn errors(output: &Output) -> Vec<String> {
    events::errors(&output.text())
}

/// What `profile list -o json` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Profiles {
    /// Profiles that minikube can use.
    pub valid: Vec<Profile>,
    /// Profiles whose files are incomplete, such as after a first start that was cut off early.
    pub invalid: Vec<InvalidProfile>,
}

/// A profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it was made with.
    pub config: Config,
}

/// A profile that minikube cannot use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvalidProfile {
    /// Its name.
    pub name: String,
}

/// What a cluster was made with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Config {
    /// CPUs of a node.
    #[serde(rename = "CPUs")]
    pub cpus: u32,
    /// Memory of a node, in MB.
    pub memory: u32,
    /// Its driver.
    pub driver: String,
    /// Kubernetes in it.
    pub kubernetes_config: KubernetesConfig,
    /// Its nodes.
    #[serde(default)]
    pub nodes: Vec<Node>,
}

/// Kubernetes in a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KubernetesConfig {
    /// Its version, such as `v1.34.4`.
    pub kubernetes_version: String,
    /// Its container runtime.
    pub container_runtime: String,
}

/// A node of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Node {
    /// Its address; empty before the first start has got that far.
    #[serde(rename = "IP")]
    pub ip: String,
    /// Whether it runs the control plane.
    pub control_plane: bool,
}

fn invocation<const N: usize>(minikube: &Minikube, args: [&str; N]) -> Invocation {
    let all = ["-p", &minikube.profile].into_iter().chain(args);
    Invocation::new(Tool::Minikube, all)
}

/// Whether it runs. Its exit status says the same as its answer, as bits: 1 machine, 2 Kubernetes, 4 kubeconfig.
pub fn status(minikube: &Minikube) -> Invocation {
    invocation(minikube, ["status", "-o", "json"])
}

/// Every profile, and what each was made with.
pub fn profiles() -> Invocation {
    Invocation::new(Tool::Minikube, ["profile", "list", "-o", "json"])
}

/// Makes or starts the cluster and tells its progress as one JSON event per line.
///
/// The driver is always named: without it a failed first start may delete the cluster and try another one. The user's
/// current context stays.
pub fn start(minikube: &Minikube) -> Invocation {
    let mut invocation = invocation(minikube, ["start"]);
    let mut flag = |name: &str, value: &str| invocation.args.push(format!("--{name}={value}"));
    flag("cpus", &minikube.cpus.to_string());
    flag("memory", &minikube.memory_mb.to_string());
    flag("driver", &minikube.driver);
    flag("container-runtime", &minikube.container_runtime);
    flag("kubernetes-version", &minikube.kubernetes_version);
    if let Some(disk) = minikube.disk_gb {
        flag("disk-size", &format!("{disk}gb"));
    }
    invocation.args.extend(["--keep-context", "--interactive=false", "--output=json"].map(str::to_owned));
    invocation.args.extend(minikube.args.iter().cloned());
    invocation.speaking(Dialect::MinikubeEvents).timeout(START)
}

/// Removes the cluster and everything in it.
pub fn delete(minikube: &Minikube) -> Invocation {
    invocation(minikube, ["delete"]).timeout(LONG)
}

/// The images that the kubelet finds. On a stopped cluster it says nothing and exits with 0.
pub fn images(minikube: &Minikube) -> Invocation {
    invocation(minikube, ["image", "ls", "--format", "json"])
}

/// Builds an image into the cluster's image store. It exits with 0 when the build fails: only `images` tells.
///
/// The context is sent to the node, and `-f` is relative to it (`transferAndBuildImage` in
/// `pkg/minikube/machine/build_images.go`): a Dockerfile elsewhere cannot be built from.
pub fn build(minikube: &Minikube, tag: &str, dockerfile: &Path, context: &Path) -> Invocation {
    let file = dockerfile.strip_prefix(context).unwrap_or(dockerfile).display().to_string();
    let build = ["image", "build", "-t", tag, "-f", &file];
    let mut invocation = invocation(minikube, build).timeout(BUILD).speaking(Dialect::Lines);
    // Of two tags of the same image `image rm` removes both (crictl). With its tag as a label no image is another's.
    if minikube.container_runtime == "containerd" {
        invocation.args.push(format!("--build-opt=opt=label:todoctl.dev/image={tag}"));
    }
    invocation.args.push(context.display().to_string());
    invocation
}

/// Brings an image of the docker on this machine, or a file, into the cluster's image store. It exits with 0 when it
/// fails: only `images` tells.
pub fn load(minikube: &Minikube, name: &str) -> Invocation {
    invocation(minikube, ["image", "load", name]).timeout(LONG)
}

/// Removes images. It exits with 0 when it fails: only `images` tells.
pub fn remove_images(minikube: &Minikube, names: &[String]) -> Invocation {
    let mut invocation = invocation(minikube, ["image", "rm"]);
    invocation.args.extend(names.iter().cloned());
    invocation
}
