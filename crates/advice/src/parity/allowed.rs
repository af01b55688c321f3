//! Owns what may differ between environments: values, sources of secrets, addresses, the events' component, registry
//! and builds, sizes and places. Everything else, new fields too, is a finding.

use serde_json::Value;

use super::diff::{Differs, Found};
use todoctl_plan::kubernetes::Object;
use todoctl_project::dapr;

/// Fields of a profile that are about the environment.
const ENVIRONMENT: [&str; 10] = [
    "extends",
    "confirm",
    "cluster",
    "variables",
    "registry",
    "builder",
    "delivery",
    "url",
    "capacity",
    "parity",
];
/// Fields of a release that are values, sizes and times; what they make of a chart is compared.
const OF_RELEASES: [&str; 4] = ["values", "set", "optional", "ready-seconds"];
/// Fields of a secret value that say where it comes from.
const SOURCES: [&str; 4] = ["description", "env", "command", "generate"];
/// Fields anywhere in a manifest that are sizes, places and times.
const SIZES: [&str; 16] = [
    "resources",
    "replicas",
    "imagePullPolicy",
    "imagePullSecrets",
    "nodeSelector",
    "tolerations",
    "affinity",
    "topologySpreadConstraints",
    "terminationGracePeriodSeconds",
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "failureThreshold",
    "successThreshold",
    "nodePort",
    "externalTrafficPolicy",
];
/// Annotations of pods that are sizes, logs and digests, and what goes with another component for events.
const ANNOTATIONS: [&str; 6] = [
    "dapr.io/sidecar-cpu",
    "dapr.io/sidecar-memory",
    "dapr.io/log-",
    dapr::INJECTION,
    "todoctl.dev/",
    "checksum/",
];

/// Whether a difference of the profiles themselves is allowed.
pub(super) fn in_profile(names: &[&str], found: &Found) -> bool {
    match names {
        [field, ..] if ENVIRONMENT.contains(field) => true,
        ["dapr", "components" | "pluggable", ..] | ["checks", .., "within-seconds"] => true,
        ["images", _, "repository"] => base(&found.left) == base(&found.right),
        ["secrets", "values", _] => found.differs != Differs::Both,
        ["secrets", "values", _, field, ..] => SOURCES.contains(field),
        ["releases", _, field, ..] => OF_RELEASES.contains(field),
        _ => false,
    }
}

/// Whether a difference of a Dapr object is allowed: another broker for events, other addresses.
pub(super) fn in_object(names: &[&str], events: bool) -> bool {
    match names {
        ["spec" | "auth", ..] if events => true,
        // The same entry with another value, or from a Secret instead.
        ["spec", "metadata", _, field, ..] => matches!(*field, "value" | "secretKeyRef"),
        _ => false,
    }
}

/// Whether a difference of a rendered chart is allowed.
pub(super) fn in_manifest(found: &Found, (left, right): (&[Value], &[Value])) -> bool {
    let names = found.names();
    let Some((object, path)) = names.split_first() else { return false };
    let kind = object.split(' ').next().unwrap_or_default();
    if path.iter().any(|name| SIZES.contains(name)) {
        return true;
    }
    match (kind, path) {
        (_, [.., "image"]) => base(&found.left) == base(&found.right),
        ("ConfigMap", ["data", _]) | (_, [.., "env", _, "value"]) => found.differs == Differs::Both,
        ("Service", ["spec", "type"] | ["metadata", "annotations", ..]) => true,
        // Another entry from outside may have another port; the port inside is the same.
        ("Service", ["spec", "ports", _, "port"]) => {
            service_type(left, object) != service_type(right, object)
        }
        (_, [.., "annotations", name]) => ANNOTATIONS.iter().any(|start| name.starts_with(start)),
        _ => false,
    }
}

fn service_type(objects: &[Value], name: &str) -> Option<String> {
    let name = name.strip_prefix("Service ")?;
    let mut services = objects.iter().filter_map(Object::of).filter(|one| one.kind == "Service");
    services.find(|one| one.metadata.name == name)?.spec.kind
}

/// The last part of an image's name: what comes before is the registry and the place in it. The tag is the hash of the
/// sources, which are compared themselves, and of the platforms.
fn base(image: &Value) -> &str {
    let name = image.as_str().and_then(|text| text.rsplit('/').next()).unwrap_or_default();
    name.split(':').next().unwrap_or_default()
}
