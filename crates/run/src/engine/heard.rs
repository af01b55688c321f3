//! Owns what is told of a command while it runs: every warning and every step of its progress, and of its other lines
//! the newest only. Refuses to shorten a line: a secret value that was cut could no longer be taken out of it.

use crate::emitter::Emitter;
use todoctl_core::invocation::Dialect;
use todoctl_plan::event::Event;
use todoctl_plan::step::StepId;
use todoctl_plan::tool::dialect::{self, Said};

/// Makes events of what one command says.
pub(super) struct Listener {
    events: Emitter,
    step: StepId,
    dialect: Dialect,
    progress: Option<String>,
    line: Option<String>,
}

impl Listener {
    pub(super) fn new(events: &Emitter, step: &StepId, dialect: Dialect) -> Self {
        Self { events: events.clone(), step: step.clone(), dialect, progress: None, line: None }
    }

    /// Takes the lines that came since the last call.
    pub(super) fn hear(&mut self, lines: &[String]) {
        let mut newest = None;
        for line in lines {
            match dialect::read(self.dialect, line) {
                Said::Progress(what) => {
                    newest = None;
                    if self.progress.as_ref() != Some(&what) {
                        self.progress = Some(what.clone());
                        self.events.emit(Event::StepProgress { step: self.step.clone(), what });
                    }
                }
                Said::Warning(message) => self.events.emit(Event::Warning { message }),
                Said::Line(line) => newest = Some(line),
                Said::Nothing => {}
            }
        }
        if let Some(line) = newest.filter(|line| self.line.as_ref() != Some(line)) {
            self.line = Some(line.clone());
            self.events.emit(Event::CommandSaid { step: self.step.clone(), line });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use todoctl_core::redact::Redactor;
    use todoctl_plan::event::{Sink, Stamped};

    #[derive(Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<String>>>);

    impl Sink for Recorder {
        fn event(&mut self, event: &Stamped) {
            let told = if let Event::StepProgress { what, .. } = &event.event {
                format!("progress {what}")
            } else if let Event::CommandSaid { line, .. } = &event.event {
                format!("line {line}")
            } else {
                format!("{:?}", event.event)
            };
            self.0.lock().unwrap().push(told);
        }
    }

    fn told(dialect: Dialect, secret: &str, calls: &[&[&str]]) -> Vec<String> {
        let (recorder, redactor) = (Recorder::default(), Redactor::default());
        redactor.learn(&[secret.to_owned().into()]);
        let events = Emitter::new(vec![Box::new(recorder.clone())], redactor);
        let mut listener = Listener::new(&events, &StepId::of("image", "backend"), dialect);
        for lines in calls {
            listener.hear(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
        }
        let told = recorder.0.lock().unwrap();
        told.clone()
    }

    #[test]
    fn of_the_lines_of_one_moment_the_newest_is_told_and_none_twice() {
        let calls: [&[&str]; 4] = [&["one", "two", ""], &["two"], &["  ", "\u{1b}[0m"], &["two", "three"]];
        assert_eq!(told(Dialect::Lines, "", &calls), ["line two", "line three"]);
        assert!(told(Dialect::Text, "", &calls).is_empty());
    }

    #[test]
    fn the_steps_of_a_build_and_what_they_say_come_in_order() {
        let calls: [&[&str]; 2] =
            [&["#5 [1/2] RUN make", "#5 0.1 one", "#5 0.2 two"], &["#5 0.3 three", "#6 [2/2] COPY . /"]];
        let want = ["progress [1/2] RUN make", "line two", "progress [2/2] COPY . /"];
        assert_eq!(told(Dialect::BuildKit, "", &calls), want);
    }

    #[test]
    fn a_secret_value_is_taken_out_whole() {
        let value = format!("CANARY  \t{}", "7f3a".repeat(100));
        let calls: [&[&str]; 1] = [&[&format!("logging in with {value} now")]];
        assert_eq!(told(Dialect::Lines, &value, &calls), ["line logging in with *** now"]);
    }
}
