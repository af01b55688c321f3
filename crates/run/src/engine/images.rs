//! Owns asking the store for images, after what brings or removes them has ended.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::Engine;
use crate::survey;
use todoctl_plan::event::Event;

impl Engine {
    /// Which of these images the store does not have. A failed read is an error, never an absence.
    pub(super) async fn missing(&self, images: &[String]) -> Result<Vec<String>, String> {
        let found = self.stored(images).await?;
        Ok(images.iter().filter(|image| !found.contains(*image)).cloned().collect())
    }

    /// Says so when images are still there that were to be removed.
    pub(super) async fn prove_gone(&self, title: &str, images: &[String]) {
        if images.is_empty() {
            return;
        }
        let why = match self.stored(images).await {
            Ok(found) => {
                let left: Vec<&str> =
                    images.iter().filter(|image| found.contains(*image)).map(String::as_str).collect();
                if left.is_empty() {
                    return;
                }
                format!("{} is still there", left.join(", "))
            }
            Err(why) => why,
        };
        self.events.emit(Event::Warning { message: format!("could not {title}: {why}") });
    }

    async fn stored(&self, images: &[String]) -> Result<BTreeSet<String>, String> {
        let looks = self.store.looks(images);
        let found = looks.iter().map(async |look| {
            let output = survey::call(&self.runner, look.invocation.clone()).await;
            let output = output.map_err(|error| format!("cannot read the images: {error}"))?;
            self.store.found(look, &output).map_err(|why| format!("cannot read the images: {why}"))
        });
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }
}
