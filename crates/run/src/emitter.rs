//! Owns handing events to everything that reads them, in order and synchronously.
//! A sink that panics or fails never changes an outcome: sinks swallow their failures.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use todoctl_core::redact::Redactor;
use todoctl_plan::event::{Event, Sink, Stamped};

/// Hands events to sinks; cheap to clone.
#[derive(Clone, Default)]
pub struct Emitter {
    sinks: Arc<Mutex<Vec<Box<dyn Sink>>>>,
    redactor: Redactor,
}

impl Emitter {
    /// With the sinks of a run.
    pub fn new(sinks: Vec<Box<dyn Sink>>, redactor: Redactor) -> Self {
        Self { sinks: Arc::new(Mutex::new(sinks)), redactor }
    }

    /// Stamps an event and hands it to every sink, without known secret values.
    pub fn emit(&self, event: Event) {
        let stamped = Stamped { at: Timestamp::now(), event: self.redacted(event) };
        // A sink that panicked poisons the lock; the others still get their events.
        for sink in self.sinks.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            sink.event(&stamped);
        }
    }

    /// Foreign text that is saved beside the events, without known secret values.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redactor.text(text)
    }

    fn redacted(&self, event: Event) -> Event {
        if self.redactor.is_empty() {
            return event;
        }
        let Ok(mut value) = serde_json::to_value(&event) else { return event };
        if !self.redactor.value(&mut value) {
            return event;
        }
        // Only texts have changed, so that it is still the same kind of event.
        serde_json::from_value(value).unwrap_or_else(|error| Event::Warning {
            message: format!("an event held a secret value and was left out: {error}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use todoctl_core::diagnostic::{Code, Diagnostic};
    use todoctl_plan::event::{Cause, Outcome, StepResult};
    use todoctl_plan::step::StepId;

    #[derive(Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<Event>>>);

    impl Sink for Recorder {
        fn event(&mut self, event: &Stamped) {
            self.0.lock().unwrap().push(event.event.clone());
        }
    }

    #[test]
    fn no_sink_gets_a_known_secret() {
        let (recorder, redactor) = (Recorder::default(), Redactor::default());
        let emitter = Emitter::new(vec![Box::new(recorder.clone())], redactor.clone());
        let failed = |said: &str| Event::RunFinished {
            outcome: Outcome::Failed {
                cause: Cause {
                    step: Some(StepId::of("release", "backend")),
                    diagnostic: Diagnostic::new(
                        Code::CheckFailed,
                        format!("cannot log in with {said}"),
                        said,
                    )
                    .because([format!("password={said}")]),
                    interrupted: false,
                },
            },
            seconds: 1.25,
            url: None,
        };
        let finished = Event::StepFinished {
            step: StepId::of("release", "backend"),
            result: StepResult::Failed { cause: "CANARY-7f3a-CANARY".to_owned() },
            seconds: 0.1,
        };
        let saved = Event::EvidenceSaved {
            folder: PathBuf::from("/x"),
            excerpt: vec!["CANARY-7f3a-CANARY".to_owned()],
        };
        emitter.emit(failed("CANARY-7f3a-CANARY"));
        redactor.learn(&["CANARY-7f3a-CANARY".to_owned().into()]);
        for event in [failed("CANARY-7f3a-CANARY"), finished, saved] {
            emitter.emit(event);
        }
        let seen = recorder.0.lock().unwrap();
        assert_eq!(seen[0], failed("CANARY-7f3a-CANARY"), "what is not known is not changed");
        assert_eq!(seen[1], failed("***"));
        assert!(!format!("{:?}", &seen[1..]).contains("CANARY"), "{seen:?}");
        assert_eq!(emitter.redact("a CANARY-7f3a-CANARY b"), "a *** b");
    }
}
