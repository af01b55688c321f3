//! Owns handing events to everything that reads them, in order and synchronously.
//! A sink that panics or fails never changes an outcome: sinks swallow their failures.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::event::{Event, Sink, Stamped};

/// Hands events to sinks; cheap to clone.
#[derive(Clone, Default)]
pub struct Emitter {
    sinks: Arc<Mutex<Vec<Box<dyn Sink>>>>,
}

impl Emitter {
    /// With the sinks of a run.
    pub fn new(sinks: Vec<Box<dyn Sink>>) -> Self {
        Self { sinks: Arc::new(Mutex::new(sinks)) }
    }

    /// Stamps an event and hands it to every sink.
    pub fn emit(&self, event: Event) {
        let stamped = Stamped { at: Timestamp::now(), event };
        // A sink that panicked poisons the lock; the others still get their events.
        for sink in self.sinks.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            sink.event(&stamped);
        }
    }
}
