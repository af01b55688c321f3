//! `todoctl recover`: undoes a run that was killed or got stuck, from the cluster alone. Also what every other command
//! does before its own work.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::args::{Args, Recover, Run};
use crate::session::Session;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_plan::closing;
use todoctl_plan::tool::kubectl::{Kubectl, content_before};
use todoctl_plan::world::Access;
use todoctl_plan::world::lease::OpenRun;
use todoctl_run::lock::Lock;
use todoctl_run::survey;
use todoctl_screen::output::Output;
use todoctl_screen::report;

/// Recovers.
pub(super) async fn recover(args: &Args, command: &Recover, output: &mut Output) -> Result<Exit, Diagnostic> {
    let session = Session::reading(args, command.profile.as_deref()).await?;
    let access = session.running().await?;
    let world = session.world(access.clone()).await?;
    session.trust(&world, output)?;
    let Some(lease) = session.lease(&world)? else {
        output.note(&format!("Nothing to recover: no run of profile {} is open.", session.inputs.name));
        return Ok(Exit::Done);
    };
    session.attend(&command.run, &access, lease, true, output).await?;
    Ok(Exit::Done)
}

impl Session {
    /// Undoes a run whose Lease was taken over, and releases it. What cannot be undone stays on record.
    pub(super) async fn recover(
        &self,
        run: &Run,
        access: &Access,
        lock: &Arc<Lock>,
        open: OpenRun,
        output: &mut Output,
    ) -> Result<(), Diagnostic> {
        let begun = self.undo(run, access, lock, open, output).await;
        if let Err(Recovery::Unread(failure)) = begun {
            // Nothing was undone yet; the next one need not wait.
            if let Err(why) = lock.leave().await {
                output.note(&format!("the lock was not left: {why}"));
            }
            return Err(failure);
        }
        begun.map_err(|recovery| match recovery {
            Recovery::Unread(failure) | Recovery::Stuck(failure) => failure,
        })
    }

    async fn undo(
        &self,
        run: &Run,
        access: &Access,
        lock: &Arc<Lock>,
        mut open: OpenRun,
        output: &mut Output,
    ) -> Result<(), Recovery> {
        let runner = self.runner(Some(access), None);
        let ours = self.inputs.namespaces().into_iter();
        let namespaces: BTreeSet<&str> =
            ours.chain(open.releases().map(|(namespace, _)| namespace)).collect();
        let namespaces: Vec<String> = namespaces.into_iter().map(str::to_owned).collect();
        let places: Vec<&str> = namespaces.iter().map(String::as_str).collect();
        let now = survey::releases(&runner, access, &places).await.map_err(Diagnostic::from)?;
        if closing::is_complete(&open, &now) {
            output.note(&format!(
                "run {} ({}) was verified and cut off only after that; nothing to undo",
                open.run, open.who
            ));
            let hint = "run it again: todoctl recover";
            return lock
                .release()
                .await
                .map_err(|message| Recovery::Stuck(Diagnostic::new(Code::RunStuck, message, hint)));
        }
        output.note(&format!("run {} ({}) did not finish; undoing it first", open.run, open.who));
        if open.has_content {
            let what = format!("the earlier content of run {}", open.run);
            let read = Kubectl::new(access).secret(
                &self.inputs.profile.namespace,
                &todoctl_plan::tool::kubectl::content_name(&open.run),
            );
            let done = survey::call(&runner, read).await.map_err(Diagnostic::from)?;
            let whole = content_before(&done.stdout).and_then(|whole| open.put_objects(&whole));
            whole.map_err(|why| {
                Diagnostic::new(Code::RunStuck, format!("{what} cannot be read: {why}"), "todoctl recover")
            })?;
        }
        let world = self.world(access.clone()).await?;
        let (engine, screen) = self.engine(run, "recover", Some(access), (true, 4), Some(lock))?;
        let engine = todoctl_run::engine::Engine { namespaces, ..engine };
        let outcome = engine.recover(&open, world.live, &now).await;
        screen.finish();
        let exit = report::exit(&outcome);
        if exit == Exit::RolledBack {
            return Ok(());
        }
        let message = format!("run {} could not be undone", open.run);
        let hint = "mend what is named above, then: todoctl recover";
        Err(Recovery::Stuck(Diagnostic::new(Code::RunStuck, message, hint)))
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
