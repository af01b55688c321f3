//! Owns what is asked of the API server, as data: of which resource, where, which objects, how much of each.
//! Refuses to ask (`run::cluster`) and to judge the answers (`world`).

mod log;
pub mod resource;
mod right;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use log::LogLook;
pub use resource::Resource;
pub use right::{Right, grants};

use todoctl_core::labels;
use todoctl_project::dapr::Kind;

/// What stays as it is in a part of an address: what names and labels are made of.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A question for objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What they are.
    pub resource: Resource,
    /// Where; every namespace when absent, and of what belongs to the whole cluster.
    pub namespace: Option<String>,
    /// The label that they have: `name`, or `name=value`; every object when empty.
    pub label: String,
    /// How much of each.
    pub part: Part,
}

/// How much of an object is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// Only its metadata: what is in it stays in the cluster.
    Metadata,
}

impl Look {
    /// For every object of a resource, whole.
    pub fn all(resource: Resource) -> Self {
        Self { resource, namespace: None, label: String::new(), part: Part::Whole }
    }

    /// Those of a namespace.
    #[must_use]
    pub fn within(self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self }
    }

    /// Those with a label.
    #[must_use]
    pub fn labelled(self, label: &str) -> Self {
        Self { label: label.to_owned(), ..self }
    }

    /// Without their content.
    #[must_use]
    pub fn metadata(self) -> Self {
        Self { part: Part::Metadata, ..self }
    }

    /// The address of the list, with its label, without a page.
    pub fn path(&self) -> String {
        let path = self.resource.path(self.namespace.as_deref());
        if self.label.is_empty() { path } else { format!("{path}?labelSelector={}", encoded(&self.label)) }
    }

    /// The address of one of them.
    pub fn path_of(&self, name: &str) -> String {
        format!("{}/{}", self.resource.path(self.namespace.as_deref()), encoded(name))
    }

    /// With which a person asks the same.
    pub fn command(&self, context: &str) -> String {
        let place = match &self.namespace {
            Some(namespace) => format!(" -n {namespace}"),
            None if self.resource.is_of_the_cluster() => String::new(),
            None => " --all-namespaces".to_owned(),
        };
        let label = if self.label.is_empty() { String::new() } else { format!(" -l {}", self.label) };
        format!("kubectl get {}{place}{label} --context {context}", self.resource.name())
    }
}

/// What happened in a namespace.
pub fn events(namespace: &str) -> Look {
    Look::all(resource::EVENTS).within(namespace)
}

/// The records of every revision of every helm release: metadata only, because the payload holds every value in clear.
pub fn releases(namespace: Option<&str>) -> Look {
    placed(resource::SECRETS, namespace).labelled("owner=helm").metadata()
}

/// todoctl's versioned Secrets of a namespace, with their data: sensitive.
pub fn secrets(namespace: &str) -> Look {
    Look::all(resource::SECRETS).within(namespace).labelled(labels::SECRET)
}

/// The records of earlier runs.
pub fn run_records(namespace: &str) -> Look {
    Look::all(resource::CONFIG_MAPS).within(namespace).labelled(labels::RUN)
}

/// The Secrets that keep what runs had of Dapr objects, without it.
pub fn run_contents(namespace: &str) -> Look {
    Look::all(resource::SECRETS).within(namespace).labelled(labels::RUN).metadata()
}

/// What tells how releases are: the workloads, pods and Leases of a namespace, or of all.
pub fn live(namespace: Option<&str>) -> Vec<Look> {
    let kinds = [
        resource::DEPLOYMENTS,
        resource::STATEFUL_SETS,
        resource::REPLICA_SETS,
        resource::PODS,
        resource::LEASES,
    ];
    kinds.into_iter().map(|kind| placed(kind, namespace)).collect()
}

/// The Dapr objects of a namespace.
pub fn components(namespace: &str) -> Vec<Look> {
    Kind::ALL.into_iter().map(|kind| Look::all(resource::of_dapr(kind)).within(namespace)).collect()
}

/// The claims of volumes in some namespaces.
pub fn volume_claims(namespaces: &[&str]) -> Vec<Look> {
    namespaces.iter().map(|namespace| placed(resource::VOLUME_CLAIMS, Some(namespace)).metadata()).collect()
}

/// What may stay when releases are gone, in all namespaces: Secrets without their content.
pub fn leftovers() -> Vec<Look> {
    let bare = [
        resource::NAMESPACES,
        resource::VOLUME_CLAIMS,
        resource::SECRETS,
        resource::CONFIG_MAPS,
        resource::CRDS,
    ];
    let bare = bare.into_iter().map(|kind| Look::all(kind).metadata());
    // Whose claim a volume belongs to is in its spec.
    bare.chain([Look::all(resource::VOLUMES)]).collect()
}

fn placed(resource: Resource, namespace: Option<&str>) -> Look {
    Look { namespace: namespace.map(str::to_owned), ..Look::all(resource) }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_commands_say_the_same() {
        let looks = [releases(None), releases(Some("todo")), secrets("todo"), run_contents("todo")];
        let told: Vec<String> =
            looks.iter().map(|look| format!("{}  {}", look.path(), look.command("k"))).collect();
        insta::assert_snapshot!(told.join("\n"), @"
        /api/v1/secrets?labelSelector=owner%3Dhelm  kubectl get secrets --all-namespaces -l owner=helm --context k
        /api/v1/namespaces/todo/secrets?labelSelector=owner%3Dhelm  kubectl get secrets -n todo -l owner=helm --context k
        /api/v1/namespaces/todo/secrets?labelSelector=todoctl.dev%2Fsecret  kubectl get secrets -n todo -l todoctl.dev/secret --context k
        /api/v1/namespaces/todo/secrets?labelSelector=todoctl.dev%2Frun  kubectl get secrets -n todo -l todoctl.dev/run --context k
        ");
        let all = live(Some("todo")).into_iter().chain(components("todo")).chain(leftovers());
        let told: Vec<String> = all.map(|look| format!("{}  {}", look.path(), look.command("k"))).collect();
        insta::assert_snapshot!(told.join("\n"), @"
        /apis/apps/v1/namespaces/todo/deployments  kubectl get deployments.apps -n todo --context k
        /apis/apps/v1/namespaces/todo/statefulsets  kubectl get statefulsets.apps -n todo --context k
        /apis/apps/v1/namespaces/todo/replicasets  kubectl get replicasets.apps -n todo --context k
        /api/v1/namespaces/todo/pods  kubectl get pods -n todo --context k
        /apis/coordination.k8s.io/v1/namespaces/todo/leases  kubectl get leases.coordination.k8s.io -n todo --context k
        /apis/dapr.io/v1alpha1/namespaces/todo/components  kubectl get components.dapr.io -n todo --context k
        /apis/dapr.io/v1alpha1/namespaces/todo/configurations  kubectl get configurations.dapr.io -n todo --context k
        /apis/dapr.io/v1alpha1/namespaces/todo/resiliencies  kubectl get resiliencies.dapr.io -n todo --context k
        /apis/dapr.io/v2alpha1/namespaces/todo/subscriptions  kubectl get subscriptions.dapr.io -n todo --context k
        /api/v1/namespaces  kubectl get namespaces --context k
        /api/v1/persistentvolumeclaims  kubectl get persistentvolumeclaims --all-namespaces --context k
        /api/v1/secrets  kubectl get secrets --all-namespaces --context k
        /api/v1/configmaps  kubectl get configmaps --all-namespaces --context k
        /apis/apiextensions.k8s.io/v1/customresourcedefinitions  kubectl get customresourcedefinitions.apiextensions.k8s.io --context k
        /api/v1/persistentvolumes  kubectl get persistentvolumes --context k
        ");
    }

    #[test]
    fn helms_payload_and_the_secrets_of_others_are_never_asked_for() {
        let secrets = leftovers().into_iter().chain([releases(None), run_contents("todo")]);
        for look in secrets.filter(|look| look.resource == resource::SECRETS) {
            assert_eq!(look.part, Part::Metadata, "{look:?}");
        }
    }

    #[test]
    fn a_name_stays_one_part_of_an_address() {
        let look = Look::all(resource::LEASES).within("todo");
        assert_eq!(
            look.path_of("../secrets/a?b"),
            "/apis/coordination.k8s.io/v1/namespaces/todo/leases/..%2Fsecrets%2Fa%3Fb"
        );
    }
}
