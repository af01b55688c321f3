//! What the release that installs Dapr does beside its chart: CRDs before it, proofs after it.
//!
//! helm applies a chart's `crds/` when it installs, and never again; it leaves them there when it uninstalls. So they are
//! applied here, unless this is the first installation into a cluster that has none.

use super::ReleaseStep;
use crate::step::{Check, Undo};
use crate::steps::component;
use crate::tool::kubectl::Kubectl;
use crate::world::releases::{Revision, installed};
use crate::world::{Access, Manifests, World};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::Invocation;
use todoctl_core::labels;
use todoctl_project::dapr::{self, Crd};

impl ReleaseStep {
    pub(super) fn installs_dapr(&self) -> bool {
        self.inputs.installs_dapr(&self.name)
    }

    /// The CRDs, when they are another chart's and helm would not apply them. One that a Service converts gets the
    /// namespace of that Service at once: the operator would write it at its next start, which a rollback may spare it.
    pub(super) fn crds_first(
        &self,
        world: &World,
        access: &Access,
        history: &[Revision],
        manifests: &Manifests,
    ) -> Vec<Invocation> {
        let by_helm = history.is_empty() && !world.components.known;
        if manifests.crds.is_empty() || by_helm || self.has_these_crds(world, history) {
            return Vec::new();
        }
        let kubectl = Kubectl::new(access);
        let mut apply = vec![kubectl.apply_folder(&self.inputs.chart(&self.name).join(dapr::CRDS))];
        let converted = manifests.crds.iter().filter(|crd| crd.converted);
        apply.extend(converted.map(|crd| kubectl.convert_in(&crd.name, self.namespace())));
        apply
    }

    /// Whether the cluster has the CRDs of this version of the chart: its newest revision is of it.
    fn has_these_crds(&self, world: &World, history: &[Revision]) -> bool {
        let version = self.inputs.versions.get(&self.name).map(String::as_str);
        let newest = installed(history);
        world.components.known
            && version.is_some()
            && newest.is_some_and(|newest| newest.is_ours() && newest.label(labels::CHART) == version)
    }

    /// What must hold before anything relies on Dapr. Without the names of the CRDs, those of the kinds that are used.
    pub(super) fn dapr_answers(&self, crds: &[Crd]) -> Vec<Check> {
        if !self.installs_dapr() {
            return Vec::new();
        }
        let names = match crds {
            [] => dapr::Kind::ALL.map(|kind| kind.resource().to_owned()).into(),
            some => some.iter().map(|crd| crd.name.clone()).collect(),
        };
        let within_seconds = self.spec().ready_seconds;
        let (release, namespace) = (self.name.clone(), self.namespace().to_owned());
        let into = self.inputs.profile.namespace.clone();
        vec![
            Check::Established {
                release: release.clone(),
                namespace: namespace.clone(),
                names,
                within_seconds,
            },
            Check::SidecarInjected { release, namespace, into, within_seconds },
        ]
    }

    /// A chart that does not ask for the sidecar that its release is to have would be deployed without one, and nothing
    /// would say so.
    pub(super) fn asks_for_sidecar(&self, manifests: &Manifests) -> Result<(), Diagnostic> {
        let workloads = &manifests.demand.workloads;
        let asks = workloads.is_empty() || workloads.iter().any(|workload| workload.pod.sidecar.is_some());
        if asks || !self.spec().sidecar {
            return Ok(());
        }
        Err(Diagnostic {
            code: Code::ChartSidecar,
            what: format!("release {} is to have a Dapr sidecar (sidecar: true), and no pod of its chart asks for one", self.name),
            evidence: Vec::new(),
            fix: "let the chart give its pods the annotation dapr.io/enabled: \"true\" where its value dapr.enabled is true, as \
                  this project's charts do; or take the line sidecar out of the profile"
                .to_owned(),
            place: None,
        })
    }

    /// A pod that neither has nor asks for the container of a component in its scope would get a sidecar that ends at its
    /// start.
    pub(super) fn asks_for_containers(&self, manifests: &Manifests) -> Result<(), Diagnostic> {
        let unasked = manifests.demand.workloads.iter().find_map(|workload| {
            workload.pod.unasked.first().map(|container| (workload.name.as_str(), container.as_str()))
        });
        let Some((workload, container)) = unasked else { return Ok(()) };
        Err(Diagnostic {
            code: Code::ComponentContainer,
            what: format!(
                "release {}: the pods of {workload} neither have nor ask for the container {container}, which serves a \
                 Dapr component in their scope",
                self.name
            ),
            evidence: Vec::new(),
            fix: format!(
                "let the chart render the containers of its value dapr.components before the sidecar, as this project's \
                 charts do, or give the pods the annotation {}: \"true\"",
                dapr::INJECTION
            ),
            place: None,
        })
    }

    /// The undo of a release with its place among the others: a sidecar must find the objects of before when it starts
    /// anew, and CRDs stay, because deleting them would delete every object of their kinds.
    pub(super) fn placed(&self, undo: Undo, world: &World, history: &[Revision], crds: &[Crd]) -> Undo {
        let undo = match &self.inputs.profile.dapr {
            Some(dapr) if self.spec().sidecar => {
                let mut first = component::needs_of(&self.inputs, &self.name);
                // Pods of the old revision get their sidecar from the old Dapr; one that is uninstalled goes last.
                let namespace = self.inputs.namespace(&self.inputs.profile.releases[&dapr.release]);
                if world.releases.newest(namespace, &dapr.release).is_none() {
                    first.retain(|step| !step.is_release(&dapr.release));
                }
                undo.after(first)
            }
            Some(_) | None => undo,
        };
        if crds.is_empty() || self.has_these_crds(world, history) {
            return undo;
        }
        let names: Vec<&str> = crds.iter().map(|crd| crd.name.as_str()).collect();
        undo.leaving(&format!("CRDs {}: every object of their kinds would go with them", names.join(", ")))
    }
}
