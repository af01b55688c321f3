//! Owns carrying out: running a plan on a screen, with a journal.

use std::sync::Arc;

use tokio::sync::watch;

use crate::args::Run;
use crate::session::Session;
use crate::{folders, github, holder, hygiene};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::event::{Outcome, Sink};
use todoctl_plan::plan::Plan;
use todoctl_plan::world::{Access, World};
use todoctl_run::emitter::Emitter;
use todoctl_run::engine::{Engine, Names};
use todoctl_run::journal::Journal;
use todoctl_run::lock::Lock;
use todoctl_screen::output::Output;
use todoctl_screen::render::{Screen, Stage, renderer};

impl Session {
    /// Carries out a plan and shows it. What it changes must be on record in a Lease.
    pub(super) async fn carry_out(
        &self,
        plan: &Plan,
        world: World,
        (run, command): (&Run, &str),
        how: (bool, usize),
        lock: Option<&Arc<Lock>>,
    ) -> Result<Outcome, Diagnostic> {
        self.learn(&world);
        let access = world.cluster.access().cloned();
        let (engine, screen) = self.engine(run, command, access.as_ref(), how, lock)?;
        let outcome = engine.run(plan, world.live).await;
        screen.finish();
        Ok(outcome)
    }

    /// An engine and its screen. `rollback`: whether a failure is rolled back; `jobs`: steps that may run at once.
    pub(super) fn engine(
        &self,
        run: &Run,
        command: &str,
        access: Option<&Access>,
        (rollback, jobs): (bool, usize),
        lock: Option<&Arc<Lock>>,
    ) -> Result<(Engine, Screen), Diagnostic> {
        // Starting the cluster and recovering are runs of their own before the one that was asked for.
        let id = match command {
            "start" | "recover" => format!("{}-{command}", self.run),
            _ => self.run.clone(),
        };
        let folder = self.state.join("runs").join(&id);
        let broken = |error: std::io::Error| {
            Diagnostic::new(
                Code::MachineFolder,
                format!("cannot write in {}: {error}; nothing was changed", folder.display()),
                "make it writable, or set TODOCTL_STATE",
            )
        };
        let journal = Journal::create(&folder).map_err(broken)?;
        let screen = self.screen(run);
        let sinks: Vec<Box<dyn Sink>> = vec![Box::new(journal), Box::new(screen.sink())];
        let interrupts: watch::Receiver<u32> = self.listen()?;
        // The address is what a deployment results in; other commands have another result.
        let url = access.filter(|_| command == "up").and_then(|access| self.inputs.url(&access.node));
        let inherited = lock.and_then(|lock| lock.local()).map(|local| Arc::clone(local.file()));
        let engine = Engine {
            runner: self.runner_of(access, Some(&folder), inherited),
            events: Emitter::new(sinks, hygiene::redactor().clone()),
            lock: lock.cloned(),
            helm_major: self.helm_major,
            access: access.cloned(),
            provider: Arc::clone(&self.provider),
            store: Arc::clone(&self.images.store),
            namespaces: self.inputs.namespaces().into_iter().map(str::to_owned).collect(),
            jobs,
            rollback,
            interrupts,
            names: Names {
                run: id,
                command: command.to_owned(),
                profile: self.inputs.name.clone(),
                folder,
                holder: holder::who(),
                ci: holder::job(),
                url,
            },
        };
        Ok((engine, screen))
    }

    fn screen(&self, run: &Run) -> Screen {
        let output = Output::standard(self.color, &folders::terminal(), hygiene::redactor().clone());
        let look = output.note_look;
        let (result, note) = output.into_writers();
        let (verbose, rerun) = (self.verbose, Some(folders::command_line()));
        Screen::start(renderer(
            run.progress(),
            Stage { result, note, look, verbose, rerun, github: github::of_screen(self.color) },
        ))
    }
}
