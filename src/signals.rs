//! Owns being asked to stop: Ctrl-C, SIGTERM and SIGHUP count up; questions and the engine look at the count.
//! Once: start nothing new and roll back. Twice: stop rolling back and say what remains.

use std::sync::OnceLock;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use todoctl_core::diagnostic::Diagnostic;

/// The count of this process: signals belong to it as a whole, so whoever asks sees the same number.
static COUNT: OnceLock<watch::Receiver<u32>> = OnceLock::new();

/// Counts requests to stop from the first call on; until then a signal ends the process as usual.
pub(super) fn listen() -> Result<watch::Receiver<u32>, Diagnostic> {
    if let Some(receiver) = COUNT.get() {
        return Ok(receiver.clone());
    }
    let (count, receiver) = watch::channel(0);
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let mut stream =
            signal(kind).map_err(|error| Diagnostic::bug(format!("cannot listen for signals: {error}")))?;
        let count = count.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                count.send_modify(|count| *count += 1);
            }
        });
    }
    Ok(COUNT.get_or_init(|| receiver).clone())
}
