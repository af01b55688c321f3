//! Owns carrying out: running a plan with a screen and a journal.

use std::sync::Arc;

use super::{Ask, Environment, Show};
use crate::emitter::Emitter;
use crate::engine::{Engine, Names};
use crate::journal::Journal;
use crate::lock::Lock;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::event::{Outcome, Sink};
use todoctl_plan::plan::Plan;
use todoctl_plan::world::{Access, World};

/// How a plan is carried out.
#[derive(Clone)]
pub struct Execution<'a> {
    /// What was asked for, such as `up`.
    pub command: &'a str,
    /// Whether a failure is rolled back.
    pub rollback: bool,
    /// Steps of one lane that may run at once; 1: one step at a time, in the documented order.
    pub jobs: usize,
    /// The Lease that has the undo list; absent when nothing is changed that could be undone.
    pub lock: Option<Arc<Lock>>,
}

impl<'a> Execution<'a> {
    /// Of a command, with so many steps at once; a failure is rolled back.
    pub fn of(command: &'a str, jobs: usize) -> Self {
        Self { command, rollback: true, jobs, lock: None }
    }

    /// The same under a Lease.
    #[must_use]
    pub fn under(self, lock: Option<Arc<Lock>>) -> Self {
        Self { lock, ..self }
    }
}

impl Environment {
    /// Carries out a plan and shows it. What it changes must be on record in a Lease.
    pub async fn execute(
        &self,
        plan: &Plan,
        world: World,
        how: Execution<'_>,
        ask: &mut dyn Ask,
    ) -> Result<Outcome, Diagnostic> {
        self.learn(&world);
        let access = world.cluster.access().cloned();
        let (engine, screen) = self.engine(&how, access.as_ref(), ask).await?;
        let outcome = engine.run(plan, world.live).await;
        screen.finish();
        Ok(outcome)
    }

    /// An engine and its screen.
    pub(super) async fn engine(
        &self,
        how: &Execution<'_>,
        access: Option<&Access>,
        ask: &mut dyn Ask,
    ) -> Result<(Engine, Box<dyn Show>), Diagnostic> {
        let command = how.command;
        // Starting the cluster and recovering are runs of their own before the one that was asked for.
        let id = match command {
            "start" | "recover" => format!("{}-{command}", self.run),
            _ => self.run.clone(),
        };
        let folder = self.state.join("runs").join(&id);
        let broken = |error: std::io::Error| {
            let what = format!("cannot write in {}: {error}; nothing was changed", folder.display());
            Diagnostic::usual(Code::MachineFolder, what)
        };
        let cluster = self.connection_to(access).await?;
        let journal = Journal::create(&folder).map_err(broken)?;
        let screen = ask.show();
        let sinks: Vec<Box<dyn Sink>> = vec![Box::new(journal), screen.sink()];
        let interrupts = ask.interrupts()?;
        // The address is what a deployment results in; other commands have another result.
        let url = access.filter(|_| command == "up").and_then(|access| self.inputs.url(&access.node));
        let local = how.lock.as_ref().and_then(|lock| lock.local());
        let inherited = local.map(|local| Arc::clone(local.file()));
        let engine = Engine {
            runner: self.runner_of(access, Some(&folder), inherited),
            events: Emitter::new(sinks, self.host.redactor.clone()),
            lock: how.lock.clone(),
            helm_major: self.helm_major,
            access: access.cloned(),
            cluster,
            provider: Arc::clone(&self.provider),
            store: Arc::clone(&self.images.store),
            namespaces: self.inputs.namespaces().into_iter().map(str::to_owned).collect(),
            jobs: how.jobs,
            rollback: how.rollback,
            interrupts,
            names: Names {
                run: id,
                command: command.to_owned(),
                profile: self.inputs.name.clone(),
                folder,
                holder: self.host.who.clone(),
                ci: self.host.job.clone(),
                url,
            },
        };
        Ok((engine, screen))
    }
}
