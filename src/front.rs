//! Owns the front of a command that runs something: what is said beside a run, its screen, the question about a cluster
//! that is used for the first time.

use std::ops::{Deref, DerefMut};

use tokio::sync::watch;

use crate::args::{Args, Run};
use crate::prompt::{self, ask_now, declined};
use crate::{folders, github, hygiene, signals};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::event::Sink;
use todoctl_run::environment::{Ask, FirstUse, Show};
use todoctl_screen::output::{Color, Output};
use todoctl_screen::render::{Progress, Screen, Stage, renderer};

/// The two streams, and how progress is shown.
pub(super) struct Front<'a> {
    output: &'a mut Output,
    progress: Progress,
    verbose: bool,
    color: Color,
}

impl<'a> Front<'a> {
    pub(super) fn of(args: &Args, run: &Run, output: &'a mut Output) -> Self {
        Self { output, progress: run.progress(), verbose: args.verbose, color: args.color }
    }
}

impl Deref for Front<'_> {
    type Target = Output;

    fn deref(&self) -> &Output {
        self.output
    }
}

impl DerefMut for Front<'_> {
    fn deref_mut(&mut self) -> &mut Output {
        self.output
    }
}

impl Ask for Front<'_> {
    fn say(&mut self, text: &str) {
        self.output.note(text);
    }

    fn agree(&mut self, first: &FirstUse) -> Result<(), Diagnostic> {
        let FirstUse { title, server, uid, profile, line } = first;
        if !prompt::has_terminal() {
            let what = format!(
                "{title} is used for the first time, and there is no terminal to ask on: {server}, UID {uid}"
            );
            let fix = format!("if it is the right one, put into the profile: {line}");
            return Err(Diagnostic::new(Code::ClusterUnpinned, what, fix).unchanged());
        }
        let text = format!("First use of {title}: {server}, UID {uid}. Deploy profile {profile} to it?");
        let question = move || dialoguer::Confirm::new().with_prompt(text).default(false).interact_opt();
        if ask_now(question)? == Some(true) { Ok(()) } else { Err(declined("declined")) }
    }

    fn show(&mut self) -> Box<dyn Show> {
        let output = Output::standard(self.color, &folders::terminal(), hygiene::redactor().clone());
        let look = output.note_look;
        let (result, note) = output.into_writers();
        let (verbose, rerun) = (self.verbose, Some(folders::command_line()));
        let stage = Stage { result, note, look, verbose, rerun, github: github::of_screen(self.color) };
        Box::new(Shown(Screen::start(renderer(self.progress, stage))))
    }

    fn interrupts(&mut self) -> Result<watch::Receiver<u32>, Diagnostic> {
        signals::listen()
    }
}

/// The screen of one run.
struct Shown(Screen);

impl Show for Shown {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new(self.0.sink())
    }

    fn finish(self: Box<Self>) {
        self.0.finish();
    }
}
