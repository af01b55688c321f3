//! Owns what is read of the cluster's objects: which looks a question needs, and what their answers mean.
//! Refuses to know how they are asked (`cluster`): a look that fails is an error, never an absence.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use futures_util::{join, try_join};
use serde_json::Value;

use super::SurveyError;
use crate::cluster::Connection;
use todoctl_core::workload::Workload;
use todoctl_plan::look::{self, Look, resource};
use todoctl_plan::resources::Nodes;
use todoctl_plan::run_record::object_name;
use todoctl_plan::tool::kubectl::{self, content_name};
use todoctl_plan::world::components::Components;
use todoctl_plan::world::leftovers::{self, Leftover};
use todoctl_plan::world::live::{self, Live};
use todoctl_plan::world::releases::Releases;
use todoctl_plan::world::runs::Runs;
use todoctl_plan::world::secrets::{self, Versions};
use todoctl_project::inputs::Inputs;

/// Reads the objects of some questions, side by side.
async fn objects(cluster: &Connection, what: &str, looks: &[Look]) -> Result<Vec<Value>, SurveyError> {
    cluster.all(looks).await.map_err(|(look, refusal)| refused(cluster, what, &look, &refusal))
}

/// The same as far as this user may see it: what is forbidden is left out.
async fn visible(cluster: &Connection, what: &str, looks: &[Look]) -> Result<Vec<Value>, SurveyError> {
    let found = try_join_all(looks.iter().map(|look| async move {
        match cluster.objects(look).await {
            Err(refusal) if refusal.is_forbidden() => Ok(Vec::new()),
            answer => answer.map_err(|refusal| refused(cluster, what, look, &refusal)),
        }
    }));
    Ok(found.await?.into_iter().flatten().collect())
}

fn refused(cluster: &Connection, what: &str, look: &Look, complaint: &impl ToString) -> SurveyError {
    let (what, command) = (what.to_owned(), look.command(cluster.context()));
    SurveyError::Refused { what, complaint: complaint.to_string(), command }
}

/// What was read, understood. An answer that cannot be is an error, never an absence.
fn understood<T>(
    cluster: &Connection,
    what: &str,
    look: &Look,
    answer: Result<T, String>,
) -> Result<T, SurveyError> {
    answer.map_err(|complaint| refused(cluster, what, look, &complaint))
}

/// Reads namespaces, and the workloads, pods and Leases of some of them; nodes when they matter.
pub async fn live(cluster: &Connection, namespaces: &[&str], nodes: bool) -> Result<Live, SurveyError> {
    let what = "what runs";
    let looks = look::live(place(namespaces));
    // They only warn: whoever may not see them deploys all the same.
    let node_looks = Vec::from_iter(nodes.then(|| Look::all(resource::NODES)));
    let nodes = visible(cluster, what, &node_looks);
    let (there, running, nodes) = join!(existing(cluster, namespaces), objects(cluster, what, &looks), nodes);
    let (there, identity_is_hidden) = there?;
    let live = Live::of(there.into_iter().chain(running?).chain(nodes?));
    let mut live = understood(cluster, what, &looks[0], live)?;
    if identity_is_hidden {
        live.hide_identity();
    }
    Ok(live)
}

/// Reads the pods of a namespace, and the workloads that know them as far as this user may see those.
pub async fn pods(cluster: &Connection, namespace: &str) -> Result<Live, SurveyError> {
    let (what, look) = ("the pods", Look::all(resource::PODS).within(namespace));
    let workloads =
        [resource::DEPLOYMENTS, resource::STATEFUL_SETS].map(|kind| Look::all(kind).within(namespace));
    let workloads = visible(cluster, what, &workloads);
    let (pods, workloads) = try_join!(objects(cluster, what, std::slice::from_ref(&look)), workloads)?;
    understood(cluster, what, &look, Live::of(pods.into_iter().chain(workloads)))
}

/// The namespaces that there are, and whether the one that identifies the cluster is hidden. Whoever may not see all of
/// them is asked about by name: a role within one namespace lets it be seen.
async fn existing(cluster: &Connection, namespaces: &[&str]) -> Result<(Vec<Value>, bool), SurveyError> {
    let (what, look) = ("the namespaces", Look::all(resource::NAMESPACES).metadata());
    match cluster.objects(&look).await {
        Ok(all) => return Ok((all, false)),
        Err(refusal) if refusal.is_forbidden() && !namespaces.is_empty() => {}
        Err(refusal) => return Err(refused(cluster, what, &look, &refusal)),
    }
    let named = |name| cluster.object(&look, name);
    let (own, identity) =
        join!(try_join_all(namespaces.iter().map(|name| named(name))), named(live::IDENTITY));
    let own = own.map_err(|refusal| refused(cluster, what, &look, &refusal))?;
    let (identity, is_hidden) = match identity {
        Err(refusal) if refusal.is_forbidden() => (None, true),
        answer => (answer.map_err(|refusal| refused(cluster, what, &look, &refusal))?, false),
    };
    Ok((own.into_iter().flatten().chain(identity).collect(), is_hidden))
}

/// Where to look: in the one namespace that is named, else in all of them, because a record of an earlier run may name
/// one that the profile has no more.
fn place<'a>(namespaces: &[&'a str]) -> Option<&'a str> {
    if let [only] = namespaces { Some(only) } else { None }
}

/// Reads todoctl's versions of Secrets: sensitive.
pub(super) async fn secrets(
    cluster: &Connection,
    namespace: &str,
) -> Result<BTreeMap<String, Versions>, SurveyError> {
    let (what, look) = ("the secrets", look::secrets(namespace));
    let found = objects(cluster, what, std::slice::from_ref(&look)).await?;
    understood(cluster, what, &look, secrets::of(found))
}

/// Reads the Dapr objects. That Kubernetes does not know their kinds is an answer; every other failure is one.
pub(super) async fn components(cluster: &Connection, inputs: &Inputs) -> Result<Components, SurveyError> {
    let what = "the Dapr objects";
    if inputs.profile.dapr.is_none() {
        return Ok(Components::default());
    }
    let looks = look::components(&inputs.profile.namespace);
    match cluster.all(&looks).await {
        Ok(objects) => understood(cluster, what, &looks[0], Components::of(&objects)),
        Err((_, refusal)) if refusal.lacks_resource() => Ok(Components::default()),
        Err((look, refusal)) => Err(refused(cluster, what, &look, &refusal)),
    }
}

/// Reads only helm's view, to see what changed; that of the whole cluster unless one namespace is named.
pub async fn releases(cluster: &Connection, namespaces: &[&str]) -> Result<Releases, SurveyError> {
    let (what, look) = ("the helm releases", look::releases(place(namespaces)));
    let records = objects(cluster, what, std::slice::from_ref(&look)).await?;
    understood(cluster, what, &look, Releases::of(records))
}

/// Reads the records of earlier runs.
pub async fn runs(cluster: &Connection, namespace: &str) -> Result<Runs, SurveyError> {
    let (what, look) = ("the records of earlier runs", look::run_records(namespace));
    let records = objects(cluster, what, std::slice::from_ref(&look)).await?;
    understood(cluster, what, &look, Runs::of(records))
}

/// What the nodes can give, and what runs on them. None when this user may not see that.
pub async fn nodes(cluster: &Connection) -> Result<Option<Nodes>, SurveyError> {
    let (what, looks) = ("the nodes", [Look::all(resource::NODES), Look::all(resource::PODS)]);
    match cluster.all(&looks).await {
        Ok(objects) => understood(cluster, what, &looks[0], Nodes::of(objects)).map(Some),
        Err((_, refusal)) if refusal.is_forbidden() => Ok(None),
        Err((look, refusal)) => Err(refused(cluster, what, &look, &refusal)),
    }
}

/// The runs whose Dapr objects are kept.
pub async fn run_contents(cluster: &Connection, namespace: &str) -> Result<BTreeSet<String>, SurveyError> {
    let kept = objects(cluster, "the components of earlier runs", &[look::run_contents(namespace)]).await?;
    let prefix = object_name("");
    let run = |one: &Value| Some(one["metadata"]["name"].as_str()?.strip_prefix(&prefix)?.to_owned());
    Ok(kept.iter().filter_map(run).collect())
}

/// The Dapr objects that a run left. Sensitive: somebody else's object may hold a password.
pub async fn content_after(
    cluster: &Connection,
    namespace: &str,
    run: &str,
) -> Result<Vec<Value>, SurveyError> {
    let what = "the components of an earlier run";
    let (look, kept) = content(cluster, what, namespace, run).await?;
    understood(cluster, what, &look, kubectl::content_after(kept.as_ref()))
}

/// The Dapr objects that a run found, or why they cannot be understood. Sensitive.
pub async fn content_before(
    cluster: &Connection,
    namespace: &str,
    run: &str,
) -> Result<Result<Vec<Value>, String>, SurveyError> {
    let (_, kept) = content(cluster, "the components before the run", namespace, run).await?;
    Ok(kubectl::content_before(kept.as_ref()))
}

/// The Secret that keeps what a run had of Dapr objects.
async fn content(
    cluster: &Connection,
    what: &str,
    namespace: &str,
    run: &str,
) -> Result<(Look, Option<Value>), SurveyError> {
    let look = Look::all(resource::SECRETS).within(namespace);
    match cluster.object(&look, &content_name(run)).await {
        Ok(kept) => Ok((look, kept)),
        Err(refusal) => Err(refused(cluster, what, &look, &refusal)),
    }
}

/// Workloads by name. One that does not exist is an error: it was just made.
pub async fn workloads(
    cluster: &Connection,
    namespace: &str,
    workloads: &[Workload],
) -> Result<Vec<Value>, SurveyError> {
    let what = "the workloads";
    try_join_all(workloads.iter().map(|workload| async move {
        let look = Look::all(resource::of_workload(workload.kind)).within(namespace);
        let found = cluster.object(&look, &workload.name).await;
        let found = found.map_err(|refusal| refused(cluster, what, &look, &refusal))?;
        understood(
            cluster,
            what,
            &look,
            found.ok_or_else(|| format!("{} {} is not there", workload.kind, workload.name)),
        )
    }))
    .await
}

/// Reads the claims of volumes in some namespaces.
pub async fn volume_claims(cluster: &Connection, namespaces: &[&str]) -> Result<Vec<Leftover>, SurveyError> {
    let found = objects(cluster, "the volume claims", &look::volume_claims(namespaces)).await?;
    Ok(leftovers::of(&found))
}

/// Reads what may stay of releases that are gone, in all namespaces.
pub async fn leftovers(cluster: &Connection) -> Result<Vec<Leftover>, SurveyError> {
    Ok(leftovers::of(&objects(cluster, "what stays", &look::leftovers()).await?))
}
