//! Owns the screen of programs: every event as one line of JSON on standard output, and nothing else.
//! Refuses to write a control character raw, since a person may be looking after all.

use std::io::Write;

use jiff::Timestamp;

use super::{Renderer, Stage};
use crate::output::print;
use todoctl_core::text;
use todoctl_plan::event::{Sink, Stamped};

/// Prints events.
pub(super) struct Json {
    result: Box<dyn Write + Send>,
}

impl Json {
    pub(super) fn new(stage: Stage) -> Self {
        Self { result: stage.result }
    }
}

impl Sink for Json {
    fn event(&mut self, event: &Stamped) {
        if let Ok(line) = text::json_line(event) {
            print(&mut self.result, &line);
        }
    }
}

impl Renderer for Json {
    fn tick(&mut self, _now: Timestamp) {}

    fn finish(&mut self) {}
}
