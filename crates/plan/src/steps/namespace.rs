//! Step 1: the application's namespace exists.

use std::sync::Arc;

use crate::step::{Change, Decision, Step, StepId, Undo};
use crate::steps::cluster;
use crate::tool::kubectl::{self, Kubectl, namespace_object};
use crate::world::World;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_project::inputs::Inputs;

const ID: &str = "namespace";

/// What must be done before something is made in the profile's namespaces. When there is only its own, nothing is waited
/// for: the lock is in it, so it is there when a run begins. Another one may be refused, and then nothing has begun.
pub(super) fn before(inputs: &Inputs) -> StepId {
    StepId::single(if inputs.namespaces().len() == 1 { cluster::ID } else { ID })
}

/// Creates the namespaces of the profile that do not exist.
pub(super) struct NamespaceStep(Arc<Inputs>);

impl NamespaceStep {
    pub(super) fn new(inputs: &Arc<Inputs>) -> Self {
        Self(Arc::clone(inputs))
    }
}

impl Step for NamespaceStep {
    fn id(&self) -> StepId {
        StepId::single(ID)
    }

    fn title(&self) -> String {
        format!("namespace {}", self.0.namespaces().join(", "))
    }

    fn order(&self) -> u8 {
        1
    }

    fn needs(&self) -> Vec<StepId> {
        vec![StepId::single(cluster::ID)]
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        let absent: Vec<&str> =
            self.0.namespaces().into_iter().filter(|name| !world.live.has_namespace(name)).collect();
        let Some(access) = world.cluster.access() else {
            return Ok(Decision::none("known after start"));
        };
        self.refuse_going(world)?;
        if absent.is_empty() {
            return Ok(Decision::none("exists"));
        }
        let items: Vec<_> = absent.iter().map(|name| namespace_object(name)).collect();
        let list = kubectl::list(&items);
        Ok(Decision {
            change: Change::Create { to: "new".to_owned() },
            apply: vec![Kubectl::new(access).apply(&list)],
            checks: Vec::new(),
            undo: Undo::Nothing {
                reason: "deleting a namespace would delete what others put there".to_owned(),
                stays: Some(format!("namespace {}", absent.join(", "))),
            },
            notes: Vec::new(),
        })
    }
}

impl NamespaceStep {
    /// Nothing can be made in a namespace that is being deleted, and when it is gone its releases are gone with it.
    fn refuse_going(&self, world: &World) -> Result<(), Diagnostic> {
        let going = |name| Some((name, world.live.is_going_since(name)?));
        let Some((name, since)) = self.0.namespaces().into_iter().find_map(going) else { return Ok(()) };
        let message = format!("namespace {name} is being deleted since {since}");
        let hint =
            format!("wait until it is gone; what holds it is said by: kubectl describe namespace {name}");
        Err(Diagnostic::new(Code::NamespaceGoing, message, hint))
    }
}
