//! Owns what steps about one release have in common: its names, its place in the order, and the checks of it.
//! A step that is about a release implements `AboutRelease` and is a `Step` by that. Refuses to decide.

use std::sync::Arc;

use crate::step::{Check, Decision, Step, StepId};
use crate::steps::release_id;
use crate::world::releases::Revision;
use crate::world::{Access, World};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::labels;
use todoctl_core::workload::Workload;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::Release;

/// Number in the documented order of a release that the profile does not have.
const LAST: u8 = 8;
/// Seconds that the workloads of a release may take which the profile does not have.
const READY_SECONDS: u32 = 300;
/// How long the pods of a release may take to end.
const GONE_SECONDS: u32 = 120;

/// One release, of the profile or not.
pub(super) struct ReleaseContext {
    pub(super) inputs: Arc<Inputs>,
    pub(super) name: String,
    pub(super) namespace: String,
    order: u8,
    /// What a person should know of it, such as "left the profile".
    remark: Option<&'static str>,
}

impl ReleaseContext {
    /// A release of the profile.
    pub(super) fn of(inputs: &Arc<Inputs>, name: &str) -> Self {
        let spec = &inputs.profile.releases[name];
        let (namespace, order) = (inputs.namespace(spec).to_owned(), spec.order());
        Self { inputs: Arc::clone(inputs), name: name.to_owned(), namespace, order, remark: None }
    }

    /// A release that is in the cluster, or was: where it is says the cluster, not the profile.
    pub(super) fn found(
        inputs: &Arc<Inputs>,
        namespace: &str,
        name: &str,
        remark: Option<&'static str>,
    ) -> Self {
        let order = inputs.profile.releases.get(name).map_or(LAST, Release::order);
        let (name, namespace) = (name.to_owned(), namespace.to_owned());
        Self { inputs: Arc::clone(inputs), name, namespace, order, remark }
    }

    pub(super) fn spec(&self) -> Option<&Release> {
        self.inputs.profile.releases.get(&self.name)
    }

    pub(super) fn id(&self) -> StepId {
        release_id(&self.name)
    }

    pub(super) fn history<'w>(&self, world: &'w World) -> &'w [Revision] {
        world.releases.history(&self.namespace, &self.name)
    }

    /// How the cluster is reached and the newest revision; nothing when there is none.
    pub(super) fn newest<'w>(&self, world: &'w World) -> Option<(&'w Access, &'w Revision)> {
        Some((world.cluster.access()?, self.history(world).last()?))
    }

    pub(super) fn ready_seconds(&self) -> u32 {
        self.spec().map_or(READY_SECONDS, |spec| spec.ready_seconds)
    }

    pub(super) fn rolled_out(&self, workloads: Vec<Workload>) -> Check {
        let (release, namespace) = (self.name.clone(), self.namespace.clone());
        Check::RolledOut { release, namespace, workloads, within_seconds: self.ready_seconds() }
    }

    pub(super) fn gone(&self) -> Check {
        let (release, namespace) = (self.name.clone(), self.namespace.clone());
        Check::Gone { release, namespace, within_seconds: GONE_SECONDS }
    }
}

/// The other profile that owns a release. Only those outside the application's namespace may serve several; the profile
/// that installed one changes it, and no other.
pub fn owner<'w>(inputs: &Inputs, namespace: &str, newest: &'w Revision) -> Option<&'w str> {
    let owner = newest.label(labels::PROFILE).filter(|owner| *owner != inputs.name);
    owner.filter(|_| namespace != inputs.profile.namespace && newest.is_present())
}

/// A step about one release.
pub(super) trait AboutRelease: Send + Sync {
    fn subject(&self) -> &ReleaseContext;
    fn needs(&self) -> Vec<StepId>;
    fn decide(&self, world: &World) -> Result<Decision, Diagnostic>;
}

impl<T: AboutRelease> Step for T {
    fn id(&self) -> StepId {
        self.subject().id()
    }

    fn title(&self) -> String {
        let ReleaseContext { name, remark, .. } = self.subject();
        remark.map_or_else(|| format!("release {name}"), |remark| format!("release {name} ({remark})"))
    }

    fn order(&self) -> u8 {
        self.subject().order
    }

    fn needs(&self) -> Vec<StepId> {
        AboutRelease::needs(self)
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        AboutRelease::decide(self, world)
    }
}
