//! Owns the verbs of the one-machine Kubernetes and the form of its answers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use todoctl_core::invocation::{Dialect, Invocation, Tool};
use todoctl_project::profile::Sandbox;

/// Starting may have to compile Kubernetes first.
const START: Duration = Duration::from_hours(1);
/// Building one image.
const BUILD: Duration = Duration::from_mins(15);

/// What `status -o json` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Status {
    /// `running`, `stopped`, `absent` or `degraded`.
    pub state: String,
    /// Address of the node.
    pub node_ip: String,
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
}

/// What `image ls -o json` says of one image name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ImageName {
    /// Full name with tag.
    pub name: String,
}

fn invocation<const N: usize>(sandbox: &Sandbox, args: [&str; N]) -> Invocation {
    let mut all = vec!["--name".to_owned(), sandbox.name.clone()];
    if let Some(net) = &sandbox.net {
        all.extend(["--net".to_owned(), net.clone()]);
    }
    all.extend(args.map(str::to_owned));
    Invocation::new(Tool::Project(sandbox.command.clone()), all)
}

/// Whether it runs, and how it is reached. Its exit status says the same as its answer: 0 running, 3 stopped,
/// 4 absent, 5 degraded.
pub fn status(sandbox: &Sandbox) -> Invocation {
    invocation(sandbox, ["status", "-o", "json"])
}

/// Builds what is missing, starts, and ends when the node is ready.
pub fn start(sandbox: &Sandbox) -> Invocation {
    invocation(sandbox, ["start"]).timeout(START).speaking(Dialect::Lines)
}

/// Removes the cluster and everything in it.
pub fn delete(sandbox: &Sandbox) -> Invocation {
    invocation(sandbox, ["delete"]).timeout(Duration::from_mins(5))
}

/// The images that the kubelet finds.
pub fn images(sandbox: &Sandbox) -> Invocation {
    invocation(sandbox, ["image", "ls", "-o", "json"])
}

/// Builds an image into the cluster's image store.
pub fn build(sandbox: &Sandbox, tag: &str, dockerfile: &Path, context: &Path) -> Invocation {
    let (file, context) = (dockerfile.display().to_string(), context.display().to_string());
    let build = ["image", "build", "-t", tag, "-f", &file, &context];
    invocation(sandbox, build).timeout(BUILD).speaking(Dialect::Lines)
}

/// Removes images.
pub fn remove_images(sandbox: &Sandbox, names: &[String]) -> Invocation {
    let mut invocation = invocation(sandbox, ["image", "rm"]);
    invocation.args.extend(names.iter().cloned());
    invocation
}
