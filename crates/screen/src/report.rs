//! Owns what a stream of events adds up to: what each step did, how long it took, how the run ended.
//! Refuses to print it (`render`).

use std::path::PathBuf;

use jiff::Timestamp;

use todoctl_core::exit::Exit;
use todoctl_plan::event::{Event, Outcome, Seen, Stamped, StepInfo, StepResult, UndoResult};
use todoctl_plan::step::{Change, StepId};

/// Seconds from which a step is part of the story of how long a run took.
const WORTH_TELLING: f64 = 0.1;

/// A run so far. Folding the same events always gives the same report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Id of the run.
    pub run: String,
    /// What was asked for, such as `up`.
    pub command: String,
    /// Name of the profile.
    pub profile: String,
    /// Version of todoctl.
    pub version: String,
    /// Folder of the run's files.
    pub folder: PathBuf,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When the newest event happened.
    pub newest: Option<Timestamp>,
    /// Every step, in the documented order.
    pub steps: Vec<StepReport>,
    /// The rollback, once it began.
    pub unwind: Option<Unwind>,
    /// Saved evidence, once there is some.
    pub evidence: Option<Evidence>,
    /// Warnings, in order.
    pub warnings: Vec<String>,
    /// The end, once it is over.
    pub finished: Option<Finished>,
}

/// What one step did.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    /// The step as announced.
    pub info: StepInfo,
    /// Where it is on the way forward.
    pub forward: StepProgress<StepResult>,
    /// When it ended on the way forward.
    pub ended: Option<Timestamp>,
    /// Where its undo is.
    pub undo: StepProgress<UndoResult>,
    /// What it waits for, while it runs.
    pub waiting: Option<String>,
    /// The newest line of the command that it runs.
    pub said: Option<String>,
    /// Commands it has started.
    pub commands: usize,
    /// Its checks that programs answered, in the order in which they held.
    pub held: Vec<Held>,
}

/// A check that holds, in figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Its name.
    pub check: String,
    /// Seconds from the first question to the last answer.
    pub seconds: f64,
    /// Requests that were sent.
    pub requests: u32,
    /// What was expected of other programs, and seen.
    pub seen: Vec<Seen>,
}

impl StepReport {
    /// Since when it, or its undo, has been running.
    pub fn running_since(&self) -> Option<Timestamp> {
        self.undo.since().or(self.forward.since())
    }
}

/// Where something is.
#[derive(Debug, Clone, PartialEq)]
pub enum StepProgress<R> {
    /// It has not begun.
    Pending,
    /// It is going on.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// It is over.
    Finished {
        /// How it ended.
        result: R,
        /// Seconds it took.
        seconds: f64,
    },
}

impl<R> StepProgress<R> {
    /// Since when it has been running; nothing when it is not.
    pub fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Running { since } => Some(*since),
            Self::Pending | Self::Finished { .. } => None,
        }
    }

    /// How it ended.
    pub fn result(&self) -> Option<&R> {
        match self {
            Self::Finished { result, .. } => Some(result),
            Self::Pending | Self::Running { .. } => None,
        }
    }
}

/// A rollback.
#[derive(Debug, Clone, PartialEq)]
pub struct Unwind {
    /// Why.
    pub cause: String,
    /// When it began.
    pub started: Timestamp,
    /// The steps to undo, in order.
    pub steps: Vec<StepId>,
}

/// Evidence that was saved before a rollback.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Folder it is in.
    pub folder: PathBuf,
    /// Lines that show the failure, newest last.
    pub excerpt: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: Outcome,
    /// Seconds the run took.
    pub seconds: f64,
    /// Address of the application, when it is up.
    pub url: Option<String>,
}

impl Report {
    /// Adds up a whole stream.
    pub fn fold(events: &[Stamped]) -> Self {
        let mut report = Self::default();
        for event in events {
            report.apply(event);
        }
        report
    }

    /// Adds one event. Events of steps that were never announced are ignored.
    pub fn apply(&mut self, Stamped { at, event }: &Stamped) {
        match event {
            Event::RunStarted { format: _, run, command, profile, version, folder, steps } => {
                *self = Self {
                    run: run.clone(),
                    command: command.clone(),
                    profile: profile.clone(),
                    version: version.clone(),
                    folder: folder.clone(),
                    started: Some(*at),
                    steps: steps.iter().cloned().map(StepReport::from).collect(),
                    ..Self::default()
                };
            }
            Event::EvidenceSaved { folder, excerpt } => {
                self.evidence = Some(Evidence { folder: folder.clone(), excerpt: excerpt.clone() });
            }
            Event::UnwindStarted { cause, steps } => {
                self.unwind = Some(Unwind { cause: cause.clone(), started: *at, steps: steps.clone() });
            }
            Event::Warning { message } => self.warnings.push(message.clone()),
            Event::RunFinished { outcome, seconds, url } => {
                self.finished =
                    Some(Finished { at: *at, outcome: outcome.clone(), seconds: *seconds, url: url.clone() });
            }
            Event::StepStarted { .. }
            | Event::CommandStarted { .. }
            | Event::CommandFinished { .. }
            | Event::StepWaiting { .. }
            | Event::StepProgress { .. }
            | Event::CommandSaid { .. }
            | Event::CheckPassed { .. }
            | Event::StepFinished { .. }
            | Event::UndoStarted { .. }
            | Event::UndoFinished { .. } => self.apply_to_step(*at, event),
        }
        self.newest = Some(*at);
    }

    fn apply_to_step(&mut self, at: Timestamp, event: &Event) {
        let Some(report) = event.step().and_then(|step| self.step_mut(step)) else {
            return;
        };
        match event {
            Event::StepStarted { .. } => report.forward = StepProgress::Running { since: at },
            Event::CommandStarted { .. } => {
                report.said = None;
                report.commands += 1;
            }
            Event::CommandFinished { .. } => report.said = None,
            Event::CommandSaid { line, .. } => report.said = Some(line.clone()),
            Event::StepWaiting { why: what, .. } | Event::StepProgress { what, .. } => {
                report.said = None;
                report.waiting = Some(what.clone());
            }
            Event::CheckPassed { check, seconds, requests, seen, .. } => report.held.push(Held {
                check: check.clone(),
                seconds: *seconds,
                requests: *requests,
                seen: seen.clone(),
            }),
            Event::StepFinished { result, seconds, .. } => {
                report.waiting = None;
                report.ended = Some(at);
                report.forward = StepProgress::Finished { result: result.clone(), seconds: *seconds };
            }
            Event::UndoStarted { .. } => report.undo = StepProgress::Running { since: at },
            Event::UndoFinished { result, seconds, .. } => {
                report.waiting = None;
                report.undo = StepProgress::Finished { result: result.clone(), seconds: *seconds };
            }
            Event::RunStarted { .. }
            | Event::EvidenceSaved { .. }
            | Event::UnwindStarted { .. }
            | Event::Warning { .. }
            | Event::RunFinished { .. } => {}
        }
    }

    /// The report of a step.
    pub fn step(&self, id: &StepId) -> Option<&StepReport> {
        self.steps.iter().find(|report| report.info.step == *id)
    }

    fn step_mut(&mut self, id: &StepId) -> Option<&mut StepReport> {
        self.steps.iter_mut().find(|report| report.info.step == *id)
    }

    /// The title of a step; its id when it was never announced.
    pub fn title(&self, id: &StepId) -> String {
        self.step(id).map_or_else(|| id.to_string(), |report| report.info.title.clone())
    }

    /// What is said of a step, without the title that it may begin with.
    pub fn own<'a>(&self, id: &StepId, message: &'a str) -> &'a str {
        let rest = self.step(id).and_then(|step| message.strip_prefix(&step.info.title)?.strip_prefix(": "));
        rest.unwrap_or(message)
    }

    /// What was asked for, in words: `todoctl up sandbox`.
    pub fn request(&self) -> String {
        format!("todoctl {} {}", self.command, self.profile).trim_end().to_owned()
    }

    /// The steps that decided how long the way forward took, first one first: the step that ended last, before it the
    /// one of its needs that ended last, and so on. Steps that took no time worth telling are left out.
    pub fn longest_chain(&self) -> Vec<&StepReport> {
        let last = |steps: &mut dyn Iterator<Item = &StepReport>| {
            let ended = steps.filter_map(|step| Some((step.ended?, step.info.step.clone())));
            ended.max_by_key(|(at, _)| *at).map(|(_, id)| id)
        };
        let mut chain = Vec::new();
        let mut next = last(&mut self.steps.iter());
        while let Some(step) = next.and_then(|id| self.step(&id)) {
            chain.push(step);
            next = last(&mut step.info.needs.iter().filter_map(|need| self.step(need)));
        }
        chain.reverse();
        chain.retain(
            |step| matches!(step.forward, StepProgress::Finished { seconds, .. } if seconds >= WORTH_TELLING),
        );
        chain
    }

    /// The steps that changed something and are verified.
    pub fn changed(&self) -> impl Iterator<Item = &StepReport> {
        self.steps.iter().filter(|step| step.forward.result() == Some(&StepResult::Verified))
    }

    /// The steps that had nothing to change.
    pub fn unchanged(&self) -> impl Iterator<Item = &StepReport> {
        self.steps
            .iter()
            .filter(|step| matches!(step.forward.result(), Some(StepResult::Unchanged | StepResult::Checked)))
    }

    /// Seconds from the beginning of the rollback to the end of the run.
    pub fn unwind_seconds(&self) -> Option<f64> {
        let (unwind, finished) = (self.unwind.as_ref()?, self.finished.as_ref()?);
        Some(seconds_between(unwind.started, finished.at))
    }
}

impl From<StepInfo> for StepReport {
    fn from(info: StepInfo) -> Self {
        Self {
            info,
            forward: StepProgress::Pending,
            ended: None,
            undo: StepProgress::Pending,
            waiting: None,
            said: None,
            commands: 0,
            held: Vec::new(),
        }
    }
}

/// Seconds between two moments.
pub fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// Whether a change belongs to a release, by the kind in its step's name.
pub fn is_release(step: &StepReport) -> bool {
    step.info.step.as_str().starts_with("release/")
}

/// Whether a step takes something away.
pub fn is_removal(step: &StepReport) -> bool {
    matches!(step.info.change, Change::Remove { .. })
}

/// The exit status of an outcome.
pub fn exit(outcome: &Outcome) -> Exit {
    let by = |interrupted: bool, otherwise: Exit, then: Exit| if interrupted { then } else { otherwise };
    match outcome {
        Outcome::Deployed => Exit::Done,
        Outcome::RolledBack { cause, stays: _ } | Outcome::Failed { cause } => {
            by(cause.interrupted, Exit::RolledBack, Exit::InterruptedRolledBack)
        }
        Outcome::Stuck { cause, remaining: _ } | Outcome::Kept { cause, remaining: _ } => {
            by(cause.interrupted, Exit::Stuck, Exit::Interrupted)
        }
    }
}
