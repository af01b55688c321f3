//! Owns reading which images are where the cluster finds them: one read of a store that can be listed, one per image of
//! a registry, side by side.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::{Answer, SurveyError, call};
use crate::runner::SharedRunner;
use todoctl_plan::builder::{Lookup, Store};
use todoctl_plan::world::World;
use todoctl_project::digest::{self, DigestError};
use todoctl_project::inputs::Inputs;

/// The images of the profile that are there, and what else a store that can be listed has. Nothing is asked for a
/// profile without images.
pub async fn images(
    runner: &SharedRunner,
    store: &dyn Store,
    inputs: &Inputs,
) -> Result<BTreeSet<String>, SurveyError> {
    let references = inputs.image_references();
    let looks = if references.is_empty() { Vec::new() } else { store.looks(&references) };
    let answers = join_all(looks.into_iter().map(|look| async move {
        let answer = ask(runner, &look).await?;
        answer.parse(|output| store.found(&look, output))
    }));
    // Of several failures the first in order is told, whichever came first.
    let found: Vec<_> = answers.await.into_iter().collect::<Result<_, _>>()?;
    Ok(found.into_iter().flatten().collect())
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

/// An exit status other than 0 can be an answer too: the store says what it means.
async fn ask(runner: &SharedRunner, look: &Lookup) -> Result<Answer, SurveyError> {
    let invocation = look.invocation.clone();
    let what = if look.about.is_some() { "whether the registry has an image" } else { "the images" };
    let command = invocation.shell();
    let cannot = |cause| SurveyError::Run { what: what.to_owned(), cause };
    let output = call(runner, invocation).await.map_err(cannot)?;
    Ok(Answer { what, command, output })
}
