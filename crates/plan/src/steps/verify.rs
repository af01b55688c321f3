//! Step 9: the deployment as a whole answers. Also `todoctl verify`: every release as it is, without a change.

use std::sync::Arc;

use serde_json::Value;

use crate::step::{Check, Decision, Expectation, Request, RequestCheck, Step, StepId};
use crate::steps::release_context::{AboutRelease, ReleaseContext};
use crate::steps::{content::is_settled, release_id};
use crate::world::World;
use crate::world::manifest::differences;
use crate::world::releases::installed;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::{self, HttpCheck, ID, Method};

/// Random bytes of a check's id, which is written as twice as many hex digits.
const ID_BYTES: usize = 8;

/// The profile's checks, after every release is verified.
pub(super) struct VerifyStep {
    inputs: Arc<Inputs>,
    /// Steps beyond the releases of the profile that must be done before, such as those that remove something.
    pruned: Vec<StepId>,
    always: bool,
}

impl VerifyStep {
    /// Checks only when something changed or is not settled.
    pub(super) fn after(inputs: &Arc<Inputs>, pruned: &[StepId]) -> Self {
        Self { inputs: Arc::clone(inputs), pruned: pruned.to_vec(), always: false }
    }

    /// Checks in any case.
    pub(super) fn always(inputs: &Arc<Inputs>) -> Self {
        Self { inputs: Arc::clone(inputs), pruned: Vec::new(), always: true }
    }

    /// Checks in any case, after these steps.
    pub(super) fn of_set(inputs: &Arc<Inputs>, changed: &[StepId]) -> Self {
        Self { inputs: Arc::clone(inputs), pruned: changed.to_vec(), always: true }
    }

    /// A declared check, with an id that no other run has.
    fn check(&self, check: &HttpCheck, world: &World) -> Check {
        let id = world.random(&format!("check/{}", check.name), ID_BYTES);
        let filled = |text: &str| text.replace(ID, &id);
        let request = |release: &str, service: &str, port: &str| Request {
            namespace: self.inputs.namespace(&self.inputs.profile.releases[release]).to_owned(),
            service: service.to_owned(),
            port: port.to_owned(),
            method: Method::Get,
            path: String::new(),
            body: None,
        };
        let own = || request(&check.release, &check.service, &check.port);
        let expected = |expected: &profile::Expectation| Expectation {
            name: expected.name.clone(),
            release: expected.release.clone(),
            request: Request {
                path: filled(&expected.path),
                ..request(&expected.release, &expected.service, &expected.port)
            },
            contains: filled(&expected.contains),
        };
        let body = |body: &Option<Value>| body.as_ref().map(|body| with_id(body, &id));
        Check::Http(Box::new(RequestCheck {
            name: check.name.clone(),
            release: check.release.clone(),
            request: Request {
                method: check.method,
                path: filled(&check.path),
                body: body(&check.body),
                ..own()
            },
            expect: check.expect.iter().map(expected).collect(),
            cleanup: check.cleanup.as_ref().map(|cleanup| Request {
                method: cleanup.method,
                path: filled(&cleanup.path),
                body: body(&cleanup.body),
                ..own()
            }),
            within_seconds: check.within_seconds,
        }))
    }

    /// The releases of a check that are neither part of this run nor deployed; nothing when none is part of it.
    fn lacking<'c>(&self, check: &'c HttpCheck, world: &World) -> Option<Vec<&'c str>> {
        let is_part = |name: &str| self.inputs.only.contains(name);
        let is_deployed = |name: &str| {
            let namespace = self.inputs.namespace(&self.inputs.profile.releases[name]);
            installed(world.releases.history(namespace, name)).is_some()
        };
        let releases = check.releases();
        releases
            .iter()
            .any(|name| is_part(name))
            .then(|| releases.into_iter().filter(|name| !is_part(name) && !is_deployed(name)).collect())
    }
}

/// A JSON value in whose texts the id stands for `{id}`.
fn with_id(value: &Value, id: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(ID, id)),
        Value::Array(items) => items.iter().map(|item| with_id(item, id)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), with_id(field, id))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

impl Step for VerifyStep {
    fn id(&self) -> StepId {
        StepId::single("verify")
    }

    fn title(&self) -> String {
        "verify".to_owned()
    }

    fn order(&self) -> u8 {
        9
    }

    fn needs(&self) -> Vec<StepId> {
        let kept = self.inputs.releases().map(|(name, _)| release_id(name));
        kept.chain(self.pruned.iter().cloned()).collect()
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        if world.cluster.access().is_none() {
            return Ok(Decision::none("known after start"));
        }
        let settled = self.pruned.is_empty()
            && self.inputs.releases().all(|(name, _)| is_settled(&self.inputs, name, world));
        if settled && !self.always {
            return Ok(Decision::none("every release is verified and healthy"));
        }
        let mut decision = Decision::none("checks only");
        for check in &self.inputs.profile.checks {
            match self.lacking(check, world).as_deref() {
                None => {}
                Some([]) => decision.checks.push(self.check(check, world)),
                Some(lacking) => decision.notes.push(format!(
                    "check \"{}\" is left out: not deployed, and not part of this run: {}",
                    check.name,
                    lacking.join(", ")
                )),
            }
        }
        Ok(decision)
    }
}

/// One release as it is, judged without a change.
pub(super) struct ReleaseCheck(ReleaseContext);

impl ReleaseCheck {
    pub(super) fn new(inputs: &Arc<Inputs>, name: &str) -> Self {
        Self(ReleaseContext::of(inputs, name))
    }
}

impl AboutRelease for ReleaseCheck {
    fn subject(&self) -> &ReleaseContext {
        &self.0
    }

    fn needs(&self) -> Vec<StepId> {
        Vec::new()
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
        let ReleaseContext { inputs, name, namespace, .. } = &self.0;
        let manifest = world.manifests.get(name).and_then(|manifests| manifests.target.clone());
        let Some(workloads) = manifest else {
            return Err(Diagnostic {
                code: Code::ReleaseAbsent,
                evidence: Vec::new(),
                what: format!("release {name} is not deployed"),
                fix: format!("todoctl up {}", inputs.name),
                place: None,
            });
        };
        let evidence = differences(&workloads, &world.live.release_workloads(name, namespace));
        if !evidence.is_empty() {
            return Err(Diagnostic {
                code: Code::ReleaseDrifted,
                evidence,
                what: format!("release {name} was changed by someone else"),
                fix: format!("bring it back: todoctl up {}", inputs.name),
                place: None,
            });
        }
        let mut decision = Decision::none("checks only");
        decision.checks = vec![self.0.rolled_out(workloads)];
        Ok(decision)
    }
}
