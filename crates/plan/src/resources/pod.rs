//! Owns what one pod asks for, by the rule of Kubernetes' scheduler (`PodRequests` in `k8s.io/component-helpers/resource`),
//! and the sidecar that Dapr's injector adds to it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Resources;
use crate::kubernetes::{Container, Labels, PodSpec, Quantities, Toleration};
use todoctl_core::quantity::Quantity;
use todoctl_project::dapr::{self, Dapr};

/// What one pod asks for, and where it may run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pod {
    /// Requests, with the sidecar.
    pub requests: Resources,
    /// Limits of its own containers.
    pub limits: Limits,
    /// What Dapr's injector adds: the sidecar, and the containers that serve components.
    pub sidecar: Option<Sidecar>,
    /// Containers that serve components in its scope, and that it neither has nor asks the injector for.
    pub unasked: Vec<String>,
    /// Containers that ask for neither CPU nor memory, so that they count as nothing.
    pub silent: Vec<String>,
    /// Labels that its node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that it bears.
    pub tolerations: Vec<Toleration>,
}

/// Requests and limits of a sidecar, and of the containers beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sidecar {
    /// Requests.
    pub requests: Resources,
    /// Limits.
    pub limits: Limits,
}

/// What a pod may use at most; none where a container has no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// CPU.
    pub cpu: Option<Quantity>,
    /// Memory.
    pub memory: Option<Quantity>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cpu: Some(Quantity::ZERO), memory: Some(Quantity::ZERO) }
    }
}

impl Limits {
    /// Both together; no limit of one is no limit at all.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let add = |one: Option<Quantity>, other: Option<Quantity>| Some(one? + other?);
        Self { cpu: add(self.cpu, other.cpu), memory: add(self.memory, other.memory) }
    }

    /// The larger of each.
    fn or(self, other: Self) -> Self {
        let max = |one: Option<Quantity>, other: Option<Quantity>| Some(one?.max(other?));
        Self { cpu: max(self.cpu, other.cpu), memory: max(self.memory, other.memory) }
    }

    /// Of so many pods.
    #[must_use]
    pub fn times(self, pods: u32) -> Self {
        Self { cpu: self.cpu.map(|one| one * pods), memory: self.memory.map(|one| one * pods) }
    }
}

/// A container's requests and limits.
#[derive(Clone, Copy, Default)]
struct Reserved {
    requests: Resources,
    limits: Limits,
}

impl Reserved {
    fn and(self, other: Self) -> Self {
        Self { requests: self.requests + other.requests, limits: self.limits.and(other.limits) }
    }

    fn or(self, other: Self) -> Self {
        Self { requests: self.requests.max(&other.requests), limits: self.limits.or(other.limits) }
    }
}

impl Pod {
    /// Reads a pod's spec, with the annotations and the Dapr objects that Dapr's injector reads (none for a pod that is
    /// there already).
    pub fn read(spec: &PodSpec, annotations: &Labels, dapr: &Dapr) -> Result<Self, String> {
        let mut silent = Vec::new();
        let mut running = Reserved::default();
        for container in &spec.containers {
            running = running.and(asked(container, &mut silent)?);
        }
        let daprd = daprd(annotations)?;
        if let Some((Sidecar { requests, .. }, _)) = daprd {
            if requests == Resources::default() {
                silent.push("daprd".to_owned());
            }
            running.requests = running.requests + requests;
        }
        let (beside_it, unasked) = components(spec, annotations, dapr, &mut silent)?;
        running.requests = running.requests + beside_it.requests;
        // One that goes on running beside the others (`restartPolicy: Always`) is there while later ones start.
        let (mut beside, mut starting) = (Reserved::default(), Reserved::default());
        if let Some((Sidecar { requests, .. }, true)) = daprd {
            beside.requests = requests;
            starting.requests = requests;
        }
        for container in &spec.init_containers {
            let own = asked(container, &mut silent)?;
            let needed = own.and(beside);
            if container.restart_policy == "Always" {
                running = running.and(own);
                beside = needed;
            }
            starting = starting.or(needed);
        }
        let mut all = whole_pod(spec, running.or(starting))?;
        all.requests = all.requests + resources(&spec.overhead, "overhead")?.unwrap_or_default();
        Ok(Self {
            requests: all.requests,
            limits: all.limits,
            sidecar: daprd.map(|(sidecar, _)| sidecar.with(beside_it)),
            unasked,
            silent,
            node_selector: spec.node_selector.0.clone(),
            tolerations: spec.tolerations.clone(),
        })
    }
}

impl Sidecar {
    /// Of so many pods.
    #[must_use]
    pub fn times(self, pods: u32) -> Self {
        Self { requests: self.requests * pods, limits: self.limits.times(pods) }
    }
}

fn asked(container: &Container, silent: &mut Vec<String>) -> Result<Reserved, String> {
    let name = if container.name.is_empty() { "a container" } else { &container.name };
    let of = &container.resources;
    let asked = with_defaults(parts(&of.requests, name)?, parts(&of.limits, name)?);
    if asked.requests == Resources::default() {
        silent.push(name.to_owned());
    }
    Ok(asked)
}

/// What a pod says of itself as a whole wins over its containers (Kubernetes 1.34, `spec.resources`).
fn whole_pod(spec: &PodSpec, containers: Reserved) -> Result<Reserved, String> {
    let of = &spec.resources;
    let (requests, limits) = (parts(&of.requests, "the pod")?, parts(&of.limits, "the pod")?);
    let own = with_defaults(requests, limits);
    let said = [requests.0.or(limits.0), requests.1.or(limits.1)].map(|part| part.is_some());
    let Resources { cpu, memory } = containers.requests;
    Ok(Reserved {
        requests: Resources {
            cpu: if said[0] { own.requests.cpu } else { cpu },
            memory: if said[1] { own.requests.memory } else { memory },
        },
        limits: Limits {
            cpu: limits.0.or(containers.limits.cpu),
            memory: limits.1.or(containers.limits.memory),
        },
    })
}

type Parts = (Option<Quantity>, Option<Quantity>);

/// A limit without a request is the request as well: the API server fills it in.
fn with_defaults((cpu, memory): Parts, (most_cpu, most_memory): Parts) -> Reserved {
    let requests = Resources {
        cpu: cpu.or(most_cpu).unwrap_or_default(),
        memory: memory.or(most_memory).unwrap_or_default(),
    };
    Reserved { requests, limits: Limits { cpu: most_cpu, memory: most_memory } }
}

fn parts(map: &Quantities, owner: &str) -> Result<Parts, String> {
    Ok((quantity(map, "cpu", owner)?, quantity(map, "memory", owner)?))
}

fn resources(map: &Quantities, owner: &str) -> Result<Option<Resources>, String> {
    let (cpu, memory) = parts(map, owner)?;
    let none = cpu.is_none() && memory.is_none();
    let some = Resources { cpu: cpu.unwrap_or_default(), memory: memory.unwrap_or_default() };
    Ok((!none).then_some(some))
}

/// A quantity of a map, as text or number; its owner and name are in the error, what it says is not.
pub(super) fn quantity(map: &Quantities, field: &str, owner: &str) -> Result<Option<Quantity>, String> {
    let text = match map.get(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            other.to_string()
        }
    };
    amount(&text, owner, field).map(Some)
}

fn amount(text: &str, owner: &str, field: &str) -> Result<Quantity, String> {
    text.parse().map_err(|error| format!("{owner}, {field}: {error}"))
}

impl Sidecar {
    fn with(self, beside: Reserved) -> Self {
        Self { requests: self.requests + beside.requests, limits: self.limits.and(beside.limits) }
    }
}

/// The containers that serve components in a pod's scope and that it does not have itself: what they ask for, and which of
/// them the pod does not ask for.
fn components(
    spec: &PodSpec,
    annotations: &Labels,
    dapr: &Dapr,
    silent: &mut Vec<String>,
) -> Result<(Reserved, Vec<String>), String> {
    let app_id = annotations.text("dapr.io/app-id").unwrap_or_default();
    let mut all = Reserved::default();
    if !truth(annotations, "dapr.io/enabled") {
        return Ok((all, Vec::new()));
    }
    let mut containers = dapr.containers(app_id);
    containers.retain(|container| !spec.has_container(&container.name));
    if !truth(annotations, dapr::INJECTION) {
        return Ok((all, containers.into_iter().map(|one| one.name.clone()).collect()));
    }
    for container in containers {
        let spec = Container::deserialize(container.spec(&container.image)).unwrap_or_default();
        all = all.and(asked(&spec, silent)?);
    }
    Ok((all, Vec::new()))
}

/// Whether an annotation says yes, as Dapr reads it (dapr/kit, `utils/isTruthy`).
fn truth(annotations: &Labels, name: &str) -> bool {
    let text = annotations.text(name).unwrap_or_default().to_ascii_lowercase();
    matches!(text.as_str(), "y" | "yes" | "true" | "on" | "1")
}

/// The sidecar that Dapr's injector adds, and whether it is a native one (docs.dapr.io, annotations; dapr/dapr v1.18.1,
/// `pkg/injector/annotations`). Without annotations it asks for nothing.
fn daprd(annotations: &Labels) -> Result<Option<(Sidecar, bool)>, String> {
    if !truth(annotations, "dapr.io/enabled") {
        return Ok(None);
    }
    let part = |what: &str| {
        let name = format!("dapr.io/sidecar-{what}");
        annotations.text(&name).map(|text| amount(text, "annotation", &name)).transpose()
    };
    let requests = (part("cpu-request")?, part("memory-request")?);
    let Reserved { requests, limits } = with_defaults(requests, (part("cpu-limit")?, part("memory-limit")?));
    Ok(Some((Sidecar { requests, limits }, truth(annotations, "dapr.io/enable-native-sidecar"))))
}

#[cfg(test)]
mod tests;
