//! Owns what people and programs see of a run: one renderer per kind of screen, all fed by the same events.
//! Refuses to call the engine and to fail: a dead terminal never changes an outcome.

pub mod budget;
pub mod error;
pub mod findings;
pub mod github;
mod json;
mod line;
pub mod parity;
mod plain;
pub mod plan;
mod quiet;
mod screen;
mod summary;
mod tty;

pub use github::GitHub;
pub use screen::{Screen, ScreenSink};
pub use summary::summary;

use std::io::Write;

use jiff::Timestamp;

use self::github::OnGitHub;
use crate::output::Look;
use todoctl_plan::event::Sink;

/// A sink that shows what it reads.
pub trait Renderer: Sink {
    /// Time has passed. Called several times a second, so that silence can be told from a hang.
    fn tick(&mut self, now: Timestamp);
    /// Nothing follows: the screen is left tidy. Called once, whatever happened.
    fn finish(&mut self);
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Progress {
    /// Live lines on a terminal, plain lines elsewhere.
    #[default]
    Auto,
    /// Live lines, one per running step.
    Tty,
    /// One line per change of state.
    Plain,
    /// Events as JSON lines on standard output.
    Json,
    /// Only failures, and the address at the end.
    Quiet,
}

/// Where and how a renderer shows.
pub struct Stage {
    /// Standard output, for results.
    pub result: Box<dyn Write + Send>,
    /// Standard error, for everything else.
    pub note: Box<dyn Write + Send>,
    /// What standard error can show.
    pub look: Look,
    /// Whether child commands are shown.
    pub verbose: bool,
    /// The command line that repeats this run, as a person would type it; else command and profile are named.
    pub rerun: Option<String>,
    /// The job of GitHub Actions that this is, if it is one.
    pub github: Option<GitHub>,
}

/// The renderer for a kind of progress. Live lines need a terminal: without one, plain lines are printed.
pub fn renderer(progress: Progress, mut stage: Stage) -> Box<dyn Renderer + Send> {
    let (github, rerun) = (stage.github.take(), stage.rerun.clone());
    let screen: Box<dyn Renderer + Send> = match progress {
        Progress::Json => Box::new(json::Json::new(stage)),
        Progress::Quiet => Box::new(quiet::Quiet::new(stage)),
        Progress::Auto | Progress::Tty if stage.look.live => Box::new(tty::Tty::new(stage)),
        Progress::Auto | Progress::Tty | Progress::Plain => Box::new(plain::Plain::new(stage)),
    };
    match github {
        Some(github) => Box::new(OnGitHub::new(screen, github, rerun)),
        None => screen,
    }
}

#[cfg(test)]
mod tests;
