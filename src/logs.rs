//! `todoctl logs SERVICE`: what the pods of a release say, or what is on disk of a recorded run. Only reads.
//!
//! Foreign text is cleaned before it reaches a terminal. Each line begins with its pod and container.

use std::path::Path;

use tokio::sync::mpsc;

use crate::args::{Args, Logs};
use crate::select::unknown;
use crate::{open, signals};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_core::text;
use todoctl_plan::world::Access;
use todoctl_plan::world::releases::ReleaseRef;
use todoctl_run::environment::Environment;
use todoctl_run::logs::{self, Told, Wanted};
use todoctl_screen::output::Output;

/// Lines that may wait for a slow reader.
const WAITING: usize = 1024;

/// Shows.
pub(super) async fn logs(args: &Args, command: &Logs, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::looking(args, command.profile.as_deref()).await?;
    let (profile, name) = (&environment.inputs.profile, command.service.as_str());
    let release =
        profile.releases.get(name).ok_or_else(|| unknown(profile, &environment.inputs.name, name, ""))?;
    if let Some(run) = &command.run {
        return of_run(&environment.state.join("runs").join(run), run, name, output);
    }
    let place = ReleaseRef { namespace: environment.inputs.namespace(release), name };
    let access = environment.running().await?;
    let cluster = environment.connection(&access).await?;
    let wanted = Wanted { tail: u32::try_from(command.tail).ok(), previous: command.previous };
    let (send, receive) = mpsc::channel(WAITING);
    let mut teller = Teller { output, follows: command.follow, lines: 0, complaints: Vec::new() };
    if command.follow {
        let mut interrupts = signals::listen()?;
        tokio::select! {
            done = async { tokio::join!(logs::follow(&cluster, place, wanted, send), teller.listen(receive)) } => done.0?,
            // Being stopped is how following ends; a silent service is no failure.
            Ok(_) = interrupts.wait_for(|count| *count > 0) => return Ok(Exit::Done),
        }
    } else {
        // The sender goes when everything is told.
        let present = async move { logs::present(&cluster, place, wanted, &send).await };
        tokio::join!(present, teller.listen(receive)).0?;
    }
    teller.end(&environment, place, &access)
}

/// Prints lines of pods. Complaints are kept for the end, where there is one.
struct Teller<'a> {
    output: &'a mut Output,
    follows: bool,
    lines: usize,
    complaints: Vec<String>,
}

impl Teller<'_> {
    /// Until everything is told, or the reader has gone away.
    async fn listen(&mut self, mut told: mpsc::Receiver<Told>) {
        while let Some(one) = told.recv().await {
            match one {
                Told::Line { pod, container, text } => {
                    self.lines += 1;
                    if !self.output.line(format!("{pod}/{container}: {}", text::clean(&text)).trim_end()) {
                        return;
                    }
                }
                Told::Complaint(why) if self.follows => self.output.note(&text::clean_line(&why)),
                Told::Complaint(why) => self.complaints.push(text::clean_line(&why)),
            }
        }
    }

    fn end(
        self,
        environment: &Environment,
        ReleaseRef { namespace, name }: ReleaseRef<'_>,
        access: &Access,
    ) -> Result<Exit, Diagnostic> {
        if self.lines == 0 {
            let message = format!("{name} has no logs");
            let hint = format!(
                "todoctl status --profile {}; or see its pods: kubectl get pods -n {namespace} --context {}",
                environment.inputs.name, access.context
            );
            return Err(Diagnostic {
                evidence: self.complaints,
                ..Diagnostic::new(Code::ReleaseAbsent, message, hint)
            });
        }
        for complaint in &self.complaints {
            self.output.note(complaint);
        }
        Ok(Exit::Done)
    }
}

/// What this machine has of a run: the output of the release's commands, and the evidence that was saved.
fn of_run(folder: &Path, run: &str, name: &str, output: &mut Output) -> Result<Exit, Diagnostic> {
    if !is_id(run) || !folder.is_dir() {
        let message = format!("this machine has no files of run {run}");
        let hint = "todoctl history -o json says who ran it, and where";
        return Err(Diagnostic::new(Code::RunUnknown, message, hint));
    }
    let mut shown = 0;
    let step = format!("release-{name}.log");
    for (title, path) in
        files(folder, &|file| file == step).into_iter().chain(files(&folder.join("evidence"), &|file| {
            file.starts_with(&format!("{name}-")) || file == format!("{name}.diff")
        }))
    {
        let bytes = std::fs::read(&path).map_err(|error| {
            Diagnostic::new(
                Code::MachineFolder,
                format!("cannot read {}: {error}", path.display()),
                "look at it",
            )
        })?;
        output.result(&format!("==> {title} <=="));
        output.result(&text::clean(&String::from_utf8_lossy(&bytes)));
        shown += 1;
    }
    if shown == 0 {
        output.note(&format!("Run {run} did nothing with {name}."));
    }
    Ok(Exit::Done)
}

/// Whether a text is a run's id and no path.
fn is_id(run: &str) -> bool {
    !run.is_empty() && run.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The files of a folder with some names, in order.
fn files(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<(String, std::path::PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())));
    let mut found: Vec<_> = named.filter(|(name, _)| wanted(name)).collect();
    found.sort();
    found
}
