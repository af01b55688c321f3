//! Owns the thread on which a renderer lives: events reach it through a channel that never fills.
//! Refuses to hold up the engine: a terminal that stands still, or a renderer that dies, is noticed by nobody.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;

use super::Renderer;
use todoctl_plan::event::{Sink, Stamped};

/// Time between two ticks.
const TICK: Duration = Duration::from_millis(125);

/// A renderer at work.
#[derive(Debug)]
pub struct Screen {
    sink: ScreenSink,
    thread: Option<JoinHandle<()>>,
}

/// The way to a screen.
#[derive(Debug, Clone)]
pub struct ScreenSink(Sender<Message>);

#[derive(Debug)]
enum Message {
    Event(Box<Stamped>),
    Finish,
}

impl Screen {
    /// Starts to show. When no thread can be had, nothing is shown.
    pub fn start(mut renderer: Box<dyn Renderer + Send>) -> Self {
        let (sender, messages) = mpsc::channel();
        let show = move || {
            loop {
                match messages.recv_timeout(TICK) {
                    Ok(Message::Event(event)) => renderer.event(&event),
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(Message::Finish) | Err(RecvTimeoutError::Disconnected) => break,
                }
                // Also between events: many of them must not delay what only time brings.
                renderer.tick(Timestamp::now());
            }
            renderer.finish();
        };
        let thread = thread::Builder::new().name("screen".to_owned()).spawn(show).ok();
        Self { sink: ScreenSink(sender), thread }
    }

    /// A sink whose events are shown. Any number may exist.
    pub fn sink(&self) -> ScreenSink {
        self.sink.clone()
    }

    /// Shows what is left and puts the screen in order.
    pub fn finish(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.sink.0.send(Message::Finish);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.end();
    }
}

impl Sink for ScreenSink {
    fn event(&mut self, event: &Stamped) {
        let _ = self.0.send(Message::Event(Box::new(event.clone())));
    }
}
