//! Owns reading which images are where the cluster finds them: one read of a store that can be listed, one per image of
//! a registry, side by side.

use std::collections::BTreeSet;

use tokio::task::JoinHandle;

use super::{Answer, SurveyError, call, join};
use crate::runner::SharedRunner;
use todoctl_plan::builder::{Lookup, Store};
use todoctl_plan::world::World;
use todoctl_project::digest::{self, DigestError};
use todoctl_project::inputs::Inputs;

/// Reads that are under way.
pub(super) type Lookups = Vec<(JoinHandle<Result<Answer, SurveyError>>, Lookup)>;

/// The images of the profile that are there, and what else a store that can be listed has.
pub async fn images(
    runner: &SharedRunner,
    store: &dyn Store,
    inputs: &Inputs,
) -> Result<BTreeSet<String>, SurveyError> {
    answers(ask(runner, store, inputs), store).await
}

/// Weighs the build contexts of the images that are missing.
pub fn contexts(inputs: &Inputs, world: &mut World) -> Result<(), DigestError> {
    let Some(there) = &world.images else { return Ok(()) };
    for name in inputs.tags.keys() {
        if inputs.image_reference(name).is_some_and(|reference| !there.contains(&reference)) {
            let weight = digest::weigh(&inputs.project, &inputs.profile.images[name])?;
            world.contexts.insert(name.clone(), weight);
        }
    }
    Ok(())
}

/// Begins to ask. Nothing is asked for a run without images.
pub(super) fn ask(runner: &SharedRunner, store: &dyn Store, inputs: &Inputs) -> Lookups {
    let references = inputs.image_references();
    let looks = if references.is_empty() { Vec::new() } else { store.looks(&references) };
    looks.into_iter().map(|look| (begin(runner, &look), look)).collect()
}

/// Waits for the answers.
pub(super) async fn answers(asked: Lookups, store: &dyn Store) -> Result<BTreeSet<String>, SurveyError> {
    let mut found = BTreeSet::new();
    for (answer, look) in asked {
        found.extend(join(answer).await?.parse(|output| store.found(&look, output))?);
    }
    Ok(found)
}

/// An exit status other than 0 can be an answer too: the store says what it means.
fn begin(runner: &SharedRunner, look: &Lookup) -> JoinHandle<Result<Answer, SurveyError>> {
    let (runner, invocation) = (SharedRunner::clone(runner), look.invocation.clone());
    let what = if look.about.is_some() { "whether the registry has an image" } else { "the images" };
    tokio::spawn(async move {
        let command = invocation.shell();
        let cannot = |cause| SurveyError::Run { what: what.to_owned(), cause };
        let output = call(&runner, invocation).await.map_err(cannot)?;
        Ok(Answer { what, command, output })
    })
}
