//! Owns rendering charts without a cluster: what a profile would make of them, as objects.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::task::JoinSet;

use super::call;
use crate::runner::SharedRunner;
use todoctl_plan::steps;
use todoctl_plan::tool::helm::Helm;
use todoctl_plan::world::{World, manifest};
use todoctl_project::inputs::Inputs;

/// The objects of each release's chart, by release, or why it does not render. Sensitive: a chart may make a Secret.
pub async fn rendered(
    runner: &SharedRunner,
    inputs: &Inputs,
    world: &World,
) -> BTreeMap<String, Result<Vec<Value>, String>> {
    let helm = Helm::offline(world.helm_major);
    let mut jobs = JoinSet::new();
    for (name, _) in inputs.releases() {
        let template = helm.template(&steps::upgrade(inputs, name, world));
        let (runner, name) = (SharedRunner::clone(runner), name.to_owned());
        jobs.spawn(async move {
            let objects = match call(&runner, template).await {
                Ok(output) if output.is_success() => manifest::objects(&output.text()),
                Ok(output) => Err(output.complaint()),
                Err(cause) => Err(cause.to_string()),
            };
            (name, objects)
        });
    }
    jobs.join_all().await.into_iter().collect()
}
