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
use todoctl_core::invocation::Invocation;
use todoctl_core::text;
use todoctl_plan::tool::kubectl::{Kubectl, LogLines, parse_log_line};
use todoctl_run::environment::Environment;
use todoctl_run::survey;
use todoctl_screen::output::Output;

/// Lines that may wait for a slow reader.
const WAITING: usize = 1024;

/// Shows.
pub(super) async fn logs(args: &Args, command: &Logs, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::reading(args, command.profile.as_deref()).await?;
    let (profile, name) = (&environment.inputs.profile, command.service.as_str());
    let release =
        profile.releases.get(name).ok_or_else(|| unknown(profile, &environment.inputs.name, name, ""))?;
    if let Some(run) = &command.run {
        return of_run(&environment.state.join("runs").join(run), run, name, output);
    }
    let namespace = environment.inputs.namespace(release);
    let access = environment.running().await?;
    let lines = LogLines { tail: command.tail, follow: command.follow, previous: command.previous };
    let invocation = Kubectl::new(&access).release_logs(namespace, name, lines);
    let runner = environment.runner(Some(&access), None);
    let mut teller = Teller { output, told: 0, complaints: Vec::new() };
    if command.follow {
        let (send, receive) = mpsc::channel(WAITING);
        let sink =
            Box::new(move |line: Option<String>| line.is_some_and(|line| send.blocking_send(line).is_ok()));
        // Dropped at the end: kubectl ends then.
        let _guard = runner.lines(&invocation, sink)?;
        teller.follow(receive).await?;
    } else {
        let done = survey::call(&runner, invocation.clone()).await?;
        let said = String::from_utf8_lossy(&done.stdout);
        let _read_by_somebody = said.lines().all(|line| teller.tell(line));
        if !done.is_success() {
            teller.complaints.extend(done.stderr.lines().map(str::to_owned));
        }
    }
    teller.end(&environment, name, &invocation)
}

/// Prints lines of pods, and keeps what kubectl says for itself.
struct Teller<'a> {
    output: &'a mut Output,
    told: usize,
    complaints: Vec<String>,
}

impl Teller<'_> {
    /// Answers whether somebody still reads.
    fn tell(&mut self, line: &str) -> bool {
        let Some((pod, container, said)) = parse_log_line(line) else {
            self.complaints.extend((!line.trim().is_empty()).then(|| text::clean_line(line)));
            return true;
        };
        self.told += 1;
        self.output.line(format!("{pod}/{container}: {}", text::clean(said)).trim_end())
    }

    /// Until the pods end, the reader goes away, or a person has had enough.
    async fn follow(&mut self, mut lines: mpsc::Receiver<String>) -> Result<(), Diagnostic> {
        let mut interrupts = signals::listen()?;
        loop {
            tokio::select! {
                line = lines.recv() => match line {
                    Some(line) if self.tell(&line) => {}
                    Some(_) | None => return Ok(()),
                },
                Ok(_) = interrupts.wait_for(|count| *count > 0) => {
                    // Being stopped is how following ends; a silent service is no failure.
                    self.told = self.told.max(1);
                    return Ok(());
                }
            }
        }
    }

    fn end(self, environment: &Environment, name: &str, invocation: &Invocation) -> Result<Exit, Diagnostic> {
        if self.told == 0 {
            let message = format!("{name} has no logs");
            let hint = format!(
                "todoctl status --profile {}; or try it: {}",
                environment.inputs.name,
                invocation.line()
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
