//! Owns what rendered objects ask of a cluster: pods, volumes, load balancers.
//! Refuses to keep anything else of them: a manifest may hold Secrets.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pod::{Pod, quantity};
use crate::kubernetes::{Object, Requirements};
use todoctl_core::quantity::Quantity;
use todoctl_project::dapr::Dapr;

/// helm's hooks whose objects are made by an installation or an upgrade (`helm.sh/docs/topics/charts_hooks`).
const MADE: [&str; 4] = ["pre-install", "post-install", "pre-upgrade", "post-upgrade"];
/// The annotation that makes a hook.
const HOOK: &str = "helm.sh/hook";

/// What the objects of one release ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// What makes pods, in the order of the manifest.
    pub workloads: Vec<WorkloadDemand>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// Services that want a load balancer of the cloud.
    pub load_balancers: Vec<String>,
}

/// Something that makes equal pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadDemand {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// How many pods.
    pub count: Count,
    /// What one of them asks for.
    pub pod: Pod,
    /// Labels by which its pods are known; empty when nothing knows them so.
    pub selector: BTreeMap<String, String>,
    /// Whether its pods end by themselves: those of jobs.
    pub ends: bool,
}

/// How many pods a workload makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Pods(u32),
    /// One on every node that it may run on.
    PerNode,
}

impl Count {
    /// How many pods that is on so many nodes.
    pub fn on(self, nodes: usize) -> u32 {
        match self {
            Self::Pods(pods) => pods,
            Self::PerNode => u32::try_from(nodes).unwrap_or(u32::MAX),
        }
    }
}

/// Volumes of one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The claim, or the workload and its template.
    pub name: String,
    /// Size that is asked for.
    pub size: Quantity,
    /// How many.
    pub count: u32,
}

impl Demand {
    /// Reads the objects of a release, with the Dapr objects that Dapr's injector knows. `namespace` is that of objects
    /// which name none.
    pub fn read(objects: &[Value], namespace: &str, dapr: &Dapr) -> Result<Self, String> {
        let mut demand = Self::default();
        for object in objects {
            demand.take(object, namespace, dapr)?;
        }
        Ok(demand)
    }

    fn take(&mut self, object: &Value, namespace: &str, dapr: &Dapr) -> Result<(), String> {
        if let Some(items) = object.get("items").and_then(Value::as_array) {
            return items.iter().try_for_each(|item| self.take(item, namespace, dapr));
        }
        let Some(object) = Object::of(object).filter(is_made) else { return Ok(()) };
        let (name, spec) = (object.metadata.name.as_str(), &object.spec);
        let pods = |number: Option<u64>| Count::Pods(u32::try_from(number.unwrap_or(1)).unwrap_or(u32::MAX));
        let (count, ends) = match object.kind.as_str() {
            "Deployment" | "ReplicaSet" => (pods(spec.replicas), false),
            "StatefulSet" => {
                self.claims(&object, pods(spec.replicas))?;
                (pods(spec.replicas), false)
            }
            "DaemonSet" => (Count::PerNode, false),
            "Job" | "CronJob" => (pods(spec.parallelism), true),
            "Pod" => (Count::Pods(1), false),
            "PersistentVolumeClaim" => {
                let size = claimed(&spec.resources, name)?;
                self.volumes.push(Volume { name: name.to_owned(), size, count: 1 });
                return Ok(());
            }
            "Service" if spec.kind.as_deref() == Some("LoadBalancer") => {
                self.load_balancers.push(name.to_owned());
                return Ok(());
            }
            _ => return Ok(()),
        };
        let annotations = &spec.template.metadata.annotations;
        let pod = Pod::read(object.pod(), annotations, dapr).map_err(|error| format!("{name}: {error}"))?;
        self.workloads.push(WorkloadDemand {
            name: name.to_owned(),
            namespace: object.metadata.namespace_or(namespace).to_owned(),
            count,
            pod,
            selector: spec.selector.match_labels.0.clone(),
            ends,
        });
        Ok(())
    }

    fn claims(&mut self, object: &Object, count: Count) -> Result<(), String> {
        for claim in &object.spec.volume_claim_templates {
            let name = format!("{}/{}", object.metadata.name, claim.metadata.name);
            let size = claimed(&claim.spec.resources, &name)?;
            self.volumes.push(Volume { name, size, count: count.on(0) });
        }
        Ok(())
    }
}

/// Whether an installation or an upgrade makes an object: it is no hook, or one of theirs.
fn is_made(object: &Object) -> bool {
    object.metadata.annotations.text(HOOK).is_none() || is_hook(object)
}

/// Whether an object is one of the hooks of an installation or an upgrade.
pub fn is_hook(object: &Object) -> bool {
    object.metadata.annotations.words(HOOK).any(|hook| MADE.contains(&hook))
}

fn claimed(resources: &Requirements, name: &str) -> Result<Quantity, String> {
    Ok(quantity(&resources.requests, "storage", name)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(cpu: &str) -> Value {
        json!({"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": cpu}}}]}})
    }

    fn shown(objects: &[Value]) -> Vec<String> {
        let demand = Demand::read(objects, "todo", &Dapr::default()).unwrap();
        let workload = |one: &WorkloadDemand| {
            let ends = if one.ends { ", ends" } else { "" };
            format!("{}/{} {:?} x {}{ends}", one.namespace, one.name, one.count, one.pod.requests.cpu.cpu())
        };
        let volume = |one: &Volume| format!("{} {} x {}", one.name, one.count, one.size.memory());
        let balancers = demand.load_balancers.iter().map(|name| format!("load balancer {name}"));
        demand
            .workloads
            .iter()
            .map(workload)
            .chain(demand.volumes.iter().map(volume))
            .chain(balancers)
            .collect()
    }

    #[test]
    fn what_cannot_be_read_names_the_object() {
        let object = json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
            "spec": {"resources": {"requests": {"storage": "much"}}}});
        let error = Demand::read(&[object], "todo", &Dapr::default()).unwrap_err();
        assert!(error.starts_with("data, storage: not a quantity"), "{error}");
        let object = json!({"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": template("much")}});
        let error = Demand::read(&[object], "todo", &Dapr::default()).unwrap_err();
        assert!(error.starts_with("web: app, cpu: not a quantity"), "{error}");
    }

    #[test]
    fn every_kind_that_makes_pods_is_counted() {
        let of = |kind: &str, mut spec: Value| {
            spec["template"] = template("10m");
            json!({"kind": kind, "metadata": {"name": kind.to_lowercase()}, "spec": spec})
        };
        let claim =
            json!({"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "16Gi"}}}});
        let objects = [
            of("Deployment", json!({"replicas": 2})),
            of("Deployment", json!({})),
            of("StatefulSet", json!({"replicas": 3, "volumeClaimTemplates": [claim]})),
            of("DaemonSet", json!({})),
            of("Job", json!({"parallelism": 2})),
            json!({"kind": "CronJob", "metadata": {"name": "cron"}, "spec": {"jobTemplate": {"spec": {"template": template("5m")}}}}),
            json!({"kind": "Pod", "metadata": {"name": "pod", "namespace": "other"}, "spec": template("1")["spec"]}),
            json!({"kind": "List", "items": [{"kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "LoadBalancer"}}]}),
            json!({"kind": "Service", "metadata": {"name": "inner"}, "spec": {"type": "ClusterIP"}}),
            json!({"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "b"}}),
        ];
        let expected = [
            "todo/deployment Pods(2) x 10m",
            "todo/deployment Pods(1) x 10m",
            "todo/statefulset Pods(3) x 10m",
            "todo/daemonset PerNode x 10m",
            "todo/job Pods(2) x 10m, ends",
            "todo/cron Pods(1) x 5m, ends",
            "other/pod Pods(1) x 1",
            "statefulset/data 3 x 16Gi",
            "load balancer web",
        ];
        assert_eq!(shown(&objects), expected);
    }

    #[test]
    fn hooks_count_when_an_installation_makes_them() {
        let hook = |hook: &str| {
            json!({"kind": "Pod", "metadata": {"name": hook, "annotations": {"helm.sh/hook": hook}},
                "spec": template("1")["spec"]})
        };
        let objects = ["test", "pre-delete", "post-install, post-upgrade", "pre-rollback"].map(hook);
        assert_eq!(shown(&objects), ["todo/post-install, post-upgrade Pods(1) x 1"]);
    }
}
