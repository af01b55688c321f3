//! Owns undoing a run whose Lease was taken over, from the cluster alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Ask, Environment, Execution};
use crate::engine::Engine;
use crate::lock::Lock;
use crate::survey;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::event::Outcome;
use todoctl_plan::finalize;
use todoctl_plan::world::Access;
use todoctl_plan::world::lease::OpenRun;

/// Steps that may be undone at once.
const JOBS: usize = 4;

impl Environment {
    /// Undoes a run whose Lease was taken over, and releases it. What cannot be undone stays on record.
    pub(super) async fn recover(
        &self,
        access: &Access,
        lock: &Arc<Lock>,
        open: OpenRun,
        ask: &mut dyn Ask,
    ) -> Result<(), Diagnostic> {
        match self.undo(access, lock, open, ask).await {
            Err(Recovery::Unread(failure)) => {
                // Nothing was undone yet; the next one need not wait.
                if let Err(why) = lock.leave().await {
                    ask.say(&format!("the lock was not left: {why}"));
                }
                Err(failure)
            }
            Err(Recovery::Stuck(failure)) => Err(failure),
            Ok(()) => Ok(()),
        }
    }

    async fn undo(
        &self,
        access: &Access,
        lock: &Arc<Lock>,
        mut open: OpenRun,
        ask: &mut dyn Ask,
    ) -> Result<(), Recovery> {
        let cluster = self.connection(access).await?;
        let ours = self.inputs.namespaces().into_iter();
        let namespaces: BTreeSet<&str> =
            ours.chain(open.releases().map(|(namespace, _)| namespace)).collect();
        let namespaces: Vec<String> = namespaces.into_iter().map(str::to_owned).collect();
        let places: Vec<&str> = namespaces.iter().map(String::as_str).collect();
        let now = survey::releases(&cluster, &places).await.map_err(Diagnostic::from)?;
        if finalize::is_complete(&open, &now) {
            ask.say(&format!(
                "run {} ({}) was verified and cut off only after that; nothing to undo",
                open.run, open.who
            ));
            let hint = "run it again: todoctl recover";
            return lock
                .release()
                .await
                .map_err(|message| Recovery::Stuck(Diagnostic::new(Code::RunStuck, message, hint)));
        }
        ask.say(&format!("run {} ({}) did not finish; undoing it first", open.run, open.who));
        if open.has_content {
            let what = format!("the earlier content of run {}", open.run);
            let whole = survey::content_before(&cluster, &self.inputs.profile.namespace, &open.run).await;
            let whole = whole.map_err(Diagnostic::from)?.and_then(|whole| open.put_objects(&whole));
            whole.map_err(|why| {
                Diagnostic::new(Code::RunStuck, format!("{what} cannot be read: {why}"), "todoctl recover")
            })?;
        }
        let world = self.observe(access.clone()).await?;
        let how = Execution::of("recover", JOBS).under(Some(Arc::clone(lock)));
        let (engine, screen) = self.engine(&how, Some(access), ask).await?;
        let engine = Engine { namespaces, ..engine };
        let outcome = engine.recover(&open, world.live, &now).await;
        screen.finish();
        let code = match &outcome {
            Outcome::RolledBack { cause, stays: _ } if !cause.interrupted => return Ok(()),
            Outcome::Stuck { cause, remaining: _ } if cause.interrupted => Code::RunInterrupted,
            Outcome::Deployed
            | Outcome::RolledBack { .. }
            | Outcome::Failed { .. }
            | Outcome::Stuck { .. }
            | Outcome::Kept { .. } => Code::RunStuck,
        };
        let message = format!("run {} could not be undone", open.run);
        let hint = "mend what is named above, then: todoctl recover";
        Err(Recovery::Stuck(Diagnostic::new(code, message, hint)))
    }
}

/// Why a recovery ended without its result.
enum Recovery {
    /// It could not begin.
    Unread(Diagnostic),
    /// It has begun, and the engine has left the Lease as it must be.
    Stuck(Diagnostic),
}

impl From<Diagnostic> for Recovery {
    fn from(failure: Diagnostic) -> Self {
        Self::Unread(failure)
    }
}
