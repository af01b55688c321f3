//! Owns the plain screen: one line per change of state, for pipes, CI logs and dumb terminals.
//! Refuses to be silent for more than ten seconds.

use std::collections::HashMap;
use std::io::Write;

use jiff::Timestamp;

use super::line::Lines;
use super::summary::{print_summary, url};
use super::{Renderer, Stage};
use crate::output::print;
use crate::report::{Report, seconds_between};
use todoctl_plan::event::{Event, Sink, Stamped};
use todoctl_plan::step::StepId;

/// Seconds of silence after which a line says what is going on.
const HEARTBEAT: f64 = 10.0;
/// Seconds between two waiting reasons of one step.
const PATIENCE: f64 = 2.0;

/// Prints lines.
pub(super) struct Plain {
    result: Box<dyn Write + Send>,
    note: Box<dyn Write + Send>,
    lines: Lines,
    rerun: Option<String>,
    report: Report,
    last: Option<Timestamp>,
    waits: HashMap<StepId, Shown>,
}

/// The waiting reason of a step that was printed last.
struct Shown {
    why: String,
    at: Timestamp,
}

impl Plain {
    pub(super) fn new(stage: Stage) -> Self {
        Self {
            result: stage.result,
            note: stage.note,
            lines: Lines { look: stage.look, verbose: stage.verbose },
            rerun: stage.rerun,
            report: Report::default(),
            last: None,
            waits: HashMap::new(),
        }
    }

    fn note(&mut self, line: &str, at: Timestamp) {
        print(&mut self.note, line);
        self.last = Some(at);
    }

    /// Prints the reasons that are new, each step's not more often than every two seconds.
    fn show_waits(&mut self, now: Timestamp) {
        let mut lines = Vec::new();
        for step in &self.report.steps {
            let (id, Some(why)) = (&step.info.step, &step.waiting) else {
                continue;
            };
            let shown = self.waits.get(id);
            if shown.is_none_or(|shown| shown.why != *why && seconds_between(shown.at, now) >= PATIENCE) {
                lines.push(self.lines.waiting(id, &self.report, why));
                self.waits.insert(id.clone(), Shown { why: why.clone(), at: now });
            }
        }
        for line in lines {
            self.note(&line, now);
        }
    }

    fn end(&mut self) {
        print_summary(&mut self.note, &self.report, self.lines.look, self.rerun.as_deref());
        if let Some(url) = url(&self.report) {
            print(&mut self.result, &url);
        }
    }
}

impl Sink for Plain {
    fn event(&mut self, stamped: &Stamped) {
        let Stamped { at, event } = stamped;
        let waiting = matches!(event, Event::StepWaiting { .. } | Event::StepProgress { .. });
        let line = self.lines.event(event, &self.report).filter(|_| !waiting);
        self.report.apply(stamped);
        if let Some(line) = line {
            self.note(&line, *at);
        }
        if waiting {
            self.show_waits(*at);
        }
        if let Event::StepFinished { step, .. } | Event::UndoFinished { step, .. } = event {
            self.waits.remove(step);
        }
        if let Event::RunFinished { .. } = event {
            self.end();
        }
    }
}

impl Renderer for Plain {
    fn tick(&mut self, now: Timestamp) {
        self.show_waits(now);
        if self.last.is_some_and(|last| seconds_between(last, now) >= HEARTBEAT) {
            for line in self.lines.heartbeat(&self.report, now) {
                self.note(&line, now);
            }
        }
    }

    fn finish(&mut self) {}
}
