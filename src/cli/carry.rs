//! Owns carrying out: holding the environment, undoing what a dead run left, running a plan on a screen.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::cli::args::Run;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::{folders, signals};
use crate::emitter::Emitter;
use crate::engine::{Engine, Names};
use crate::event::{Outcome, Sink};
use crate::exit::Exit;
use crate::journal::Journal;
use crate::output::Output;
use crate::plan::Plan;
use crate::record::{Found, OpenRun, Record};
use crate::render::{Screen, Stage, renderer};
use crate::report;
use crate::runner::has_living_children;
use crate::world::{Access, World};

/// How long a command of a dead run may still take: a little more than a process of helm.
const ORPHANS: Duration = Duration::from_mins(6);

impl Session {
    /// Holds the environment. A run that died here is undone first.
    pub(super) async fn take(&self, run: &Run, access: &Access, output: &mut Output) -> Result<(), Failure> {
        let record = Arc::clone(&self.record);
        let found = tokio::task::spawn_blocking(move || record.take())
            .await
            .map_err(|error| Failure::bug(error.to_string()))?;
        match found
            .map_err(|message| Failure::new(Exit::Locked, message, "look at todoctl's state folder"))?
        {
            Found::Free => Ok(()),
            Found::Held(open) => {
                let (who, since) = (&open.holder, open.since);
                let message = format!(
                    "profile {} is held by {} of {who} since {since}",
                    self.inputs.name, open.command
                );
                Err(Failure::new(Exit::Locked, message, format!("wait until run {} is done", open.run)))
            }
            Found::Abandoned(open) => {
                output.note(&format!("run {} ({}) did not finish; undoing it first", open.run, open.holder));
                self.recover(run, access, &open).await
            }
        }
    }

    async fn recover(&self, run: &Run, access: &Access, open: &OpenRun) -> Result<(), Failure> {
        wait_for_children(&self.state.join("runs").join(&open.run)).await?;
        let world = self.world(access.clone()).await?;
        let (engine, screen) = self.engine(run, "recover", Some(access), true, 4)?;
        let outcome = engine.recover(open, world.live).await;
        screen.finish();
        let exit = report::exit(&outcome);
        if exit == Exit::RolledBack {
            return Ok(());
        }
        let message = format!("run {} could not be undone", open.run);
        Err(Failure::new(exit, message, "finish the commands above, then run this again"))
    }

    /// Carries out a plan and shows it.
    pub(super) async fn carry_out(
        &self,
        plan: &Plan,
        world: World,
        (run, command): (&Run, &str),
        (rollback, jobs): (bool, usize),
    ) -> Result<Outcome, Failure> {
        let access = world.cluster.access().cloned();
        let (engine, screen) = self.engine(run, command, access.as_ref(), rollback, jobs)?;
        let outcome = engine.run(plan, world.live).await;
        screen.finish();
        Ok(outcome)
    }

    fn engine(
        &self,
        run: &Run,
        command: &str,
        access: Option<&Access>,
        rollback: bool,
        jobs: usize,
    ) -> Result<(Engine, Screen), Failure> {
        // Starting the cluster and recovering are runs of their own before the one that was asked for.
        let id = match command {
            "start" | "recover" => format!("{}-{command}", self.run),
            _ => self.run.clone(),
        };
        let folder = self.state.join("runs").join(&id);
        let broken = |error: std::io::Error| {
            Failure::preflight(
                format!("cannot write in {}: {error}; nothing was changed", folder.display()),
                "make it writable, or set TODOCTL_STATE",
            )
        };
        let journal = Journal::create(&folder).map_err(broken)?;
        let screen = self.screen(run);
        let sinks: Vec<Box<dyn Sink>> = vec![Box::new(journal), Box::new(screen.sink())];
        let interrupts: watch::Receiver<u32> = signals::listen()?;
        // The address is what a deployment results in; other commands have another result.
        let url = access.filter(|_| command == "up").and_then(|access| self.inputs.url(&access.node));
        let engine = Engine {
            runner: self.runner(access, Some(&folder)),
            events: Emitter::new(sinks),
            record: Arc::clone(&self.record) as Arc<dyn Record>,
            helm_major: self.helm_major,
            access: access.cloned(),
            namespaces: self.inputs.namespaces().into_iter().map(str::to_owned).collect(),
            jobs,
            rollback,
            interrupts,
            names: Names {
                run: id,
                command: command.to_owned(),
                profile: self.inputs.name.clone(),
                holder: folders::holder(),
                folder,
                ci: folders::ci(),
                url,
            },
        };
        Ok((engine, screen))
    }

    fn screen(&self, run: &Run) -> Screen {
        let output = Output::standard(self.color, &folders::terminal());
        let look = output.note_look;
        let (result, note) = output.into_writers();
        let (verbose, rerun) = (self.verbose, Some(folders::command_line()));
        Screen::start(renderer(run.progress(), Stage { result, note, look, verbose, rerun }))
    }
}

/// Waits until no command of a dead run is at work any more: helm ends what it began also without todoctl.
async fn wait_for_children(logs: &Path) -> Result<(), Failure> {
    let patience = Instant::now() + ORPHANS;
    while has_living_children(logs) {
        if Instant::now() > patience {
            let hint = format!("see what still writes to the logs in {}", logs.display());
            return Err(Failure::new(Exit::Locked, "a command of the unfinished run is still at work", hint));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
