//! Steps 4 and 6 to 8: a helm release has the wanted content.
//!
//! "Nothing to do" needs four things: helm calls the newest revision `deployed`, todoctl made it from the same inputs,
//! what is live asks for the same replicas and images, and it is healthy. Only the last may still come.

mod dapr;

use std::sync::Arc;

use crate::health;
use crate::step::{Change, Check, Decision, Step, StepId, Undo, Verdict};
use crate::steps::content::{is_broken, is_current, is_settled, labels_of, upgrade};
use crate::steps::history::{kept, number_after, refuse_unfinished, unproven, way_back};
use crate::steps::release_context::owner;
use crate::steps::{component, image::ImageStep, namespace, release_id, secret};
use crate::tool::helm::{Helm, NO_LABEL};
use crate::world::manifest::{differences, fingerprint};
use crate::world::releases::{ReleaseRef, Revision, Target, installed, target};
use crate::world::{Access, Manifests, World};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::Invocation;
use todoctl_core::labels;
use todoctl_core::workload::Workload;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::Release;

/// Installs or upgrades one release.
pub(super) struct ReleaseStep {
    inputs: Arc<Inputs>,
    name: String,
}

impl ReleaseStep {
    pub(super) fn new(inputs: &Arc<Inputs>, name: &str) -> Self {
        Self { inputs: Arc::clone(inputs), name: name.to_owned() }
    }

    fn spec(&self) -> &Release {
        &self.inputs.profile.releases[&self.name]
    }

    fn namespace(&self) -> &str {
        self.inputs.namespace(self.spec())
    }
}

impl Step for ReleaseStep {
    fn id(&self) -> StepId {
        release_id(&self.name)
    }

    fn title(&self) -> String {
        format!("release {}", self.name)
    }

    fn order(&self) -> u8 {
        self.spec().order()
    }

    fn needs(&self) -> Vec<StepId> {
        let spec = self.spec();
        let mut needs = vec![namespace::before(&self.inputs)];
        if spec.sidecar {
            needs.extend(component::needs_of(&self.inputs, &self.name));
        }
        needs.extend(spec.image.as_deref().map(ImageStep::id_of));
        needs.extend(spec.secret.as_deref().map(secret::SecretStep::id_of));
        needs.extend(self.inputs.profile.pull_set(spec).map(secret::SecretStep::id_of));
        needs.extend(spec.needs.iter().map(|name| release_id(name)));
        needs
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        let Some(access) = world.cluster.access() else {
            return Ok(Decision::none("known after start"));
        };
        if is_current(&self.inputs, &self.name, world) {
            return Ok(self.keep(world));
        }
        let history = world.releases.history(self.namespace(), &self.name);
        if let Some(newest) = history.last() {
            refuse_unfinished(&self.name, self.namespace(), newest, history)?;
        }
        self.change(world, access, history)
    }
}

impl ReleaseStep {
    /// The inputs are the same: wait for health if need be, never upgrade (an identical manifest heals nothing).
    fn keep(&self, world: &World) -> Decision {
        let namespace = self.namespace();
        let number = world.releases.newest(namespace, &self.name).map_or(0, |revision| revision.number);
        let mut decision = Decision::none(format!("revision {number} is current"));
        if !is_settled(&self.inputs, &self.name, world) {
            decision.checks = vec![self.rolled_out(world.live.release_workloads(&self.name, namespace))];
            decision.checks.extend(self.dapr_answers(&[]));
        }
        let newest = world.releases.newest(namespace, &self.name);
        if let Some(owner) = newest.and_then(|newest| owner(&self.inputs, namespace, newest)) {
            decision.notes.push(format!("profile {owner} owns it; it is not changed"));
        }
        if let Verdict::Broken { why, .. } = health::of_release(&self.name, namespace, &world.live) {
            decision.notes.push(format!(
                "revision {number} is current and broken, an upgrade to the same would heal nothing: {why}"
            ));
        }
        decision
    }

    fn change(&self, world: &World, access: &Access, history: &[Revision]) -> Result<Decision, Diagnostic> {
        let namespace = self.namespace();
        let helm = Helm::new(world.helm_major, access);
        let unread = Manifests::default();
        let manifests = world.manifests.get(&self.name).unwrap_or(&unread);
        let wanted = self.rendered(manifests)?;
        self.asks_for_sidecar(manifests)?;
        self.asks_for_containers(manifests)?;
        let broken = is_broken(&self.name, namespace, world);
        let live = world.live.release_workloads(&self.name, namespace);
        let drift = drift(history, manifests, &live);
        let upgrade = upgrade(&self.inputs, &self.name, world);
        let labels = labels_of(&self.inputs, &self.name, world, wanted);
        let mut apply: Vec<Invocation> = self.crds_first(world, access, history, manifests);
        apply.push(helm.upgrade(&upgrade, &labels, (&world.run, kept(history)), !drift.is_empty()));
        let mut checks = vec![self.rolled_out(wanted.to_vec())];
        checks.extend(self.dapr_answers(&manifests.crds));
        let undo = way_back(
            ReleaseRef { namespace, name: &self.name },
            history,
            broken,
            manifests.target.as_deref(),
            self.spec().ready_seconds,
        );
        let mut decision = Decision {
            change: match installed(history) {
                Some(newest) => Change::Update { from: describe(newest), to: describe_new(newest, &labels) },
                None => Change::Create { to: format!("revision {}", number_after(history)) },
            },
            apply,
            checks,
            undo: self.placed(leaving(undo, &manifests.kept), world, history, &manifests.crds),
            notes: drift,
        };
        decision.notes.extend(self.origin());
        let before = installed(history).and_then(|newest| newest.label(labels::PROFILE));
        if let Some(before) = before.filter(|before| *before != self.inputs.name) {
            decision.notes.push(format!(
                "profile {before} has deployed it; from now on it is profile {}'s",
                self.inputs.name
            ));
        }
        if let Some(Target::Unproven(number)) = installed(history).map(|_| target(history, broken)) {
            let why = unproven(broken);
            decision.notes.push(format!("if this fails, revision {number} comes back although it {why}"));
        }
        Ok(decision)
    }

    /// Where the chart was fetched from, and which archive it is.
    fn origin(&self) -> Option<String> {
        let fetched = self.inputs.fetched.get(&self.name)?;
        Some(format!("chart {}, {}", self.spec().chart, fetched.digest))
    }

    fn rendered<'a>(&self, manifests: &'a Manifests) -> Result<&'a [Workload], Diagnostic> {
        match &manifests.wanted {
            Some(Ok(workloads)) => Ok(workloads),
            Some(Err(why)) => Err(Diagnostic {
                code: Code::ChartRender,
                what: format!("chart {} does not render for release {}", self.spec().chart, self.name),
                evidence: why.lines().map(str::to_owned).collect(),
                fix: "mend the chart or its values; the message above names the file and the line".to_owned(),
                place: None,
            }),
            None => Err(Diagnostic {
                code: Code::InternalBug,
                evidence: Vec::new(),
                what: format!("the manifest of release {} was not read", self.name),
                fix: "this is a bug in todoctl: charts are rendered before steps decide".to_owned(),
                place: None,
            }),
        }
    }

    fn rolled_out(&self, workloads: Vec<Workload>) -> Check {
        let (release, namespace) = (self.name.clone(), self.namespace().to_owned());
        Check::RolledOut { release, namespace, workloads, within_seconds: self.spec().ready_seconds }
    }
}

/// The undo with what helm keeps.
fn leaving(undo: Undo, kept: &[String]) -> Undo {
    if kept.is_empty() { undo } else { undo.leaving(&format!("what helm keeps: {}", kept.join(", "))) }
}

/// What somebody else changed since the last run, for the plan.
fn drift(history: &[Revision], manifests: &Manifests, live: &[Workload]) -> Vec<String> {
    let Some(newest) = history.last() else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    if newest.is_deployed() && !newest.is_ours() {
        notes.push(format!("revision {} was made by someone else; it will be replaced", newest.number));
    }
    let recorded = newest.label(labels::LIVE);
    if newest.is_ours() && recorded != Some(&fingerprint(live)) {
        let target = manifests.target.as_deref().unwrap_or_default();
        notes.extend(
            differences(target, live).into_iter().map(|line| format!("changed by someone else: {line}")),
        );
    }
    notes
}

fn describe(revision: &Revision) -> String {
    let ours = revision.label(labels::IMAGE).filter(|_| revision.is_ours());
    let image = ours.map(|tag| format!(", image {tag}")).unwrap_or_default();
    let status = if revision.is_deployed() { String::new() } else { format!(" ({})", revision.status) };
    format!("revision {}{status}{image}", revision.number)
}

/// The new revision, and which of its inputs differ.
fn describe_new(newest: &Revision, labels: &[(&str, String)]) -> String {
    let given = |name: &str| labels.iter().find(|(label, _)| *label == name).map(|(_, value)| value.as_str());
    let new = |name: &str| given(name).filter(|value| *value != NO_LABEL);
    let changed = |name: &str| newest.is_ours() && newest.label(name) != new(name);
    let mut parts = vec![format!("revision {}", newest.number + 1)];
    if let Some(tag) = new(labels::IMAGE).filter(|_| changed(labels::IMAGE)) {
        parts.push(format!("image {tag}"));
    }
    if let Some(tags) = new(labels::COMPONENTS).filter(|_| changed(labels::COMPONENTS)) {
        parts.push(format!("component image {tags}"));
    }
    if let Some(version) = new(labels::SECRETS).filter(|_| changed(labels::SECRETS)) {
        parts.push(format!("secret {version}"));
    }
    if newest.is_ours() && given(labels::SECRETS) == Some(NO_LABEL) {
        parts.push("no secret".to_owned());
    }
    if let Some(version) = new(labels::PULL).filter(|_| changed(labels::PULL)) {
        parts.push(format!("pulled with {version}"));
    }
    if parts.len() == 1 && changed(labels::DIGEST) {
        parts.push("other chart or values".to_owned());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests;
