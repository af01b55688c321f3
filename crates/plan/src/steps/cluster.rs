//! Step 1: the cluster runs, and its nodes can run the images.

use std::sync::Arc;

use crate::provider::Provider;
use crate::step::{Change, Decision, Step, StepId, Undo};
use crate::world::nodes::Node;
use crate::world::{Cluster, World};
use todoctl_core::diagnostic::{Code, Diagnostic};

pub(super) const ID: &str = "cluster";

/// Starts the cluster when it does not run.
pub(super) struct ClusterStep {
    provider: Arc<dyn Provider>,
    /// The platforms of the images, when there are any.
    platforms: Option<Vec<String>>,
}

impl ClusterStep {
    pub(super) fn new(provider: &Arc<dyn Provider>) -> Self {
        Self { provider: Arc::clone(provider), platforms: None }
    }

    /// For images of these platforms; none named: that of this machine.
    pub(super) fn running(provider: &Arc<dyn Provider>, platforms: Option<&[String]>) -> Self {
        let platforms = platforms.map(|all| if all.is_empty() { vec![this()] } else { all.to_vec() });
        Self { platforms, ..Self::new(provider) }
    }
}

impl Step for ClusterStep {
    fn id(&self) -> StepId {
        StepId::single(ID)
    }

    fn title(&self) -> String {
        self.provider.title()
    }

    fn order(&self) -> u8 {
        1
    }

    fn needs(&self) -> Vec<StepId> {
        Vec::new()
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        Ok(match &world.cluster {
            Cluster::Running(_) => {
                let nodes: Vec<(&str, &Node)> = world.live.nodes().collect();
                match self.platforms.as_ref().and_then(|platforms| misfit(platforms, &nodes)) {
                    Some(error) => return Err(error),
                    None => Decision::none("runs"),
                }
            }
            Cluster::Down(down) => Decision {
                change: Change::Update { from: down.state.clone(), to: "runs".to_owned() },
                apply: self.provider.start(),
                checks: Vec::new(),
                undo: Undo::Nothing {
                    reason: "a running cluster harms nothing; nothing else was changed yet".to_owned(),
                    stays: None,
                },
                notes: Vec::new(),
            },
        })
    }
}

/// The platform of this machine, as images name it.
fn this() -> String {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("linux/{architecture}")
}

/// Why some nodes cannot run images of these platforms: a pod placed there would never start (`exec format error`).
fn misfit(platforms: &[String], nodes: &[(&str, &Node)]) -> Option<Diagnostic> {
    let architecture = |platform: &String| platform.split('/').nth(1).unwrap_or_default().to_owned();
    let built: Vec<String> = platforms.iter().map(architecture).collect();
    let open = nodes.iter().filter(|(_, node)| node.schedulable && !node.architecture.is_empty());
    let lacking: Vec<_> = open.filter(|(_, node)| !built.contains(&node.architecture)).collect();
    let (_, first) = lacking.first()?;
    Some(Diagnostic {
        code: Code::ImageArchitecture,
        what: format!("the images are for {}, and the cluster has other nodes", built.join(", ")),
        evidence: lacking
            .iter()
            .map(|(name, node)| format!("node {name} is {}", node.architecture))
            .collect(),
        fix: format!(
            "build for them too, in the profile: builder: {{buildx: {{platforms: [linux/{}]}}}}",
            first.architecture
        ),
        place: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_no_image_is_for_is_named() {
        let node = |architecture: &str, schedulable| Node {
            architecture: architecture.to_owned(),
            address: String::new(),
            schedulable,
        };
        let (amd, arm, closed) = (node("amd64", true), node("arm64", true), node("arm64", false));
        let wrong = |platforms: &[&str], nodes: &[(&str, &Node)]| {
            let platforms: Vec<String> = platforms.iter().map(|one| (*one).to_owned()).collect();
            misfit(&platforms, nodes).map(|error| error.evidence.join("; "))
        };
        let both = [("a", &amd), ("b", &arm)];
        assert_eq!(wrong(&["linux/amd64"], &both).as_deref(), Some("node b is arm64"));
        assert_eq!(wrong(&["linux/amd64"], &[("b", &arm)]).as_deref(), Some("node b is arm64"));
        assert_eq!(wrong(&["linux/amd64", "linux/arm64/v8"], &both), None);
        assert_eq!(wrong(&["linux/amd64"], &[("a", &amd), ("b", &closed)]), None, "nothing is placed there");
        assert_eq!(wrong(&["linux/amd64"], &[]), None, "they were not read");
    }
}
