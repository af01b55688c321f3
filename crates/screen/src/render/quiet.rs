//! Owns the quiet screen: warnings, a failure, and the address of what is up.
//! Refuses to show progress.

use std::io::Write;

use jiff::Timestamp;

use super::line::Lines;
use super::summary::{print_summary, url};
use super::{Renderer, Stage};
use crate::output::print;
use crate::report::Report;
use todoctl_plan::event::{Event, Outcome, Sink, Stamped};

/// Prints what must be known.
pub(super) struct Quiet {
    result: Box<dyn Write + Send>,
    note: Box<dyn Write + Send>,
    lines: Lines,
    rerun: Option<String>,
    report: Report,
}

impl Quiet {
    pub(super) fn new(stage: Stage) -> Self {
        Self {
            result: stage.result,
            note: stage.note,
            lines: Lines { look: stage.look, verbose: false },
            rerun: stage.rerun,
            report: Report::default(),
        }
    }
}

impl Sink for Quiet {
    fn event(&mut self, stamped: &Stamped) {
        if let (Event::Warning { .. }, Some(line)) =
            (&stamped.event, self.lines.event(&stamped.event, &self.report))
        {
            print(&mut self.note, &line);
        }
        self.report.apply(stamped);
        if let Event::RunFinished { outcome, .. } = &stamped.event {
            if *outcome != Outcome::Deployed {
                print_summary(&mut self.note, &self.report, self.lines.look, self.rerun.as_deref());
            }
            if let Some(url) = url(&self.report) {
                print(&mut self.result, &url);
            }
        }
    }
}

impl Renderer for Quiet {
    fn tick(&mut self, _now: Timestamp) {}

    fn finish(&mut self) {}
}
