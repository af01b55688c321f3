//! Owns reading manifests: rendered from charts, and those of revisions, side by side for all releases.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use super::{SurveyError, call, stopped};
use crate::runner::SharedRunner;
use todoctl_core::invocation::Invocation;
use todoctl_plan::resources::Demand;
use todoctl_plan::steps;
use todoctl_plan::tool::helm::Helm;
use todoctl_plan::world::releases::{ReleaseRef, installed, target};
use todoctl_plan::world::{Manifests, World, manifest};
use todoctl_project::dapr::{self, Dapr};
use todoctl_project::inputs::Inputs;

/// Renders the charts of the releases that are not current, and reads the manifests that an undo returns to.
pub async fn manifests(runner: &SharedRunner, inputs: &Inputs, world: &mut World) -> Result<(), SurveyError> {
    let Some(access) = world.cluster.access() else {
        return Ok(());
    };
    let helm = Helm::new(world.helm_major, access);
    let mut jobs = JoinSet::new();
    for (name, release) in inputs.releases().filter(|(name, _)| !steps::is_current(inputs, name, world)) {
        let namespace = inputs.namespace(release).to_owned();
        let template = helm.template(&steps::upgrade(inputs, name, world));
        let history = world.releases.history(&namespace, name);
        let broken = steps::is_broken(name, &namespace, world);
        let back = target(history, broken).revision();
        let place = ReleaseRef { namespace: &namespace, name };
        let back = back.map(|number| Earlier::of(&helm, world, place, number));
        let (mut own, mut kept) = (Vec::new(), Vec::new());
        if inputs.installs_dapr(name) {
            own = crds(inputs, name)?;
        } else if installed(history).is_none() {
            // helm applies them with an installation only. What it cannot read, it tells itself.
            let brought = crds(inputs, name).unwrap_or_default();
            kept.extend(brought.iter().map(|crd| format!("CustomResourceDefinition {}", crd.name)));
        }
        let (runner, name) = (SharedRunner::clone(runner), name.to_owned());
        let dapr = inputs.dapr.clone();
        jobs.spawn(async move {
            let (rendered, target) =
                tokio::join!(render(&runner, template, &namespace, &dapr), read(&runner, back, &namespace));
            let (wanted, demand, left) = match rendered? {
                Ok(Rendered { workloads, demand, left }) => (Ok(workloads), demand, left),
                Err(why) => (Err(why), Demand::default(), Vec::new()),
            };
            kept.extend(left);
            let wanted = Some(wanted);
            Ok::<_, SurveyError>((name, Manifests { wanted, demand, target: target?, crds: own, kept }))
        });
    }
    let mut found = BTreeMap::new();
    while let Some(done) = jobs.join_next().await {
        let (name, manifests) = done.map_err(|error| stopped("the charts", &error))??;
        found.insert(name, manifests);
    }
    world.manifests = found;
    Ok(())
}

/// The CRDs that a chart brings.
fn crds(inputs: &Inputs, release: &str) -> Result<Vec<dapr::Crd>, SurveyError> {
    let chart = inputs.chart(release);
    dapr::crds(&inputs.project, &chart).map_err(|complaint| SurveyError::Refused {
        what: "the CRDs of a chart".to_owned(),
        complaint,
        command: format!("helm show crds {}", chart.display()),
    })
}

/// Reads the manifests of the newest revisions, to compare what runs with them.
pub async fn current(runner: &SharedRunner, inputs: &Inputs, world: &mut World) -> Result<(), SurveyError> {
    let Some(access) = world.cluster.access() else { return Ok(()) };
    let helm = Helm::new(world.helm_major, access);
    let mut jobs = JoinSet::new();
    for (name, release) in inputs.releases() {
        let namespace = inputs.namespace(release).to_owned();
        let Some(newest) = world.releases.newest(&namespace, name) else { continue };
        let place = ReleaseRef { namespace: &namespace, name };
        let manifest = Earlier::of(&helm, world, place, newest.number);
        let (runner, name) = (SharedRunner::clone(runner), name.to_owned());
        jobs.spawn(
            async move { Ok::<_, SurveyError>((name, read(&runner, Some(manifest), &namespace).await?)) },
        );
    }
    while let Some(done) = jobs.join_next().await {
        let (name, target) = done.map_err(|error| stopped("the manifests", &error))??;
        world.manifests.insert(name, Manifests { target, ..Manifests::default() });
    }
    Ok(())
}

/// Reads two revisions of each release, given by namespace, name and revision: the one to return to, and the one that
/// an undo returns to.
pub async fn revisions(
    runner: &SharedRunner,
    world: &mut World,
    wanted: &[(ReleaseRef<'_>, u32)],
) -> Result<(), SurveyError> {
    let Some(access) = world.cluster.access() else {
        return Ok(());
    };
    let helm = Helm::new(world.helm_major, access);
    let mut jobs = JoinSet::new();
    for &(ReleaseRef { namespace, name }, revision) in wanted {
        let broken = steps::is_broken(name, namespace, world);
        let back = target(world.releases.history(namespace, name), broken).revision();
        let manifest = |number| Earlier::of(&helm, world, ReleaseRef { namespace, name }, number);
        let (to, back) = (manifest(revision), back.map(manifest));
        let (runner, name, namespace) = (SharedRunner::clone(runner), name.to_owned(), namespace.to_owned());
        jobs.spawn(async move {
            let (wanted, target) =
                tokio::join!(read(&runner, Some(to), &namespace), read(&runner, back, &namespace));
            let (wanted, target) = (wanted?.map(Ok), target?);
            Ok::<_, SurveyError>((name, Manifests { wanted, target, ..Manifests::default() }))
        });
    }
    while let Some(done) = jobs.join_next().await {
        let (name, manifests) = done.map_err(|error| stopped("the manifests", &error))??;
        world.manifests.insert(name, manifests);
    }
    Ok(())
}

type Workloads = Vec<todoctl_core::workload::Workload>;

/// What a chart renders to, as far as decisions need it.
struct Rendered {
    workloads: Workloads,
    demand: Demand,
    /// What helm would leave of it.
    left: Vec<String>,
}

/// A chart that does not render is an answer, not a failed read.
async fn render(
    runner: &SharedRunner,
    invocation: Invocation,
    namespace: &str,
    dapr: &Dapr,
) -> Result<Result<Rendered, String>, SurveyError> {
    let output = call(runner, invocation)
        .await
        .map_err(|cause| SurveyError::Run { what: "the charts".to_owned(), cause })?;
    Ok(if output.is_success() {
        manifest::objects(&output.text()).and_then(|objects| {
            let (workloads, left) = (manifest::workloads_of(&objects, namespace), manifest::kept(&objects));
            Ok(Rendered { workloads, demand: Demand::read(&objects, namespace, dapr)?, left })
        })
    } else {
        Err(output.complaint())
    })
}

/// The manifest of a revision, as far as it is not known.
enum Earlier {
    /// What is live tells its workloads.
    Live(Workloads),
    /// helm tells it.
    Stored(Invocation),
}

impl Earlier {
    fn of(helm: &Helm, world: &World, release: ReleaseRef<'_>, revision: u32) -> Self {
        match steps::live_workloads_of(release, revision, world) {
            Some(workloads) => Self::Live(workloads),
            None => Self::Stored(helm.manifest(release.name, release.namespace, revision)),
        }
    }
}

async fn read(
    runner: &SharedRunner,
    earlier: Option<Earlier>,
    namespace: &str,
) -> Result<Option<Workloads>, SurveyError> {
    let invocation = match earlier {
        None => return Ok(None),
        Some(Earlier::Live(workloads)) => return Ok(Some(workloads)),
        Some(Earlier::Stored(invocation)) => invocation,
    };
    let answer = super::read(SharedRunner::clone(runner), "an earlier manifest", invocation).await?;
    answer.parse(|output| manifest::workloads(&output.text(), namespace)).map(Some)
}
