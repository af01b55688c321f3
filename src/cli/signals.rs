//! Owns being asked to stop: Ctrl-C, SIGTERM and SIGHUP count up; the engine looks at the count.
//! Once: start nothing new and roll back. Twice: stop rolling back and say what remains.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cli::failure::Failure;

/// Counts requests to stop from now on.
pub(super) fn listen() -> Result<watch::Receiver<u32>, Failure> {
    let (count, receiver) = watch::channel(0);
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let mut stream =
            signal(kind).map_err(|error| Failure::bug(format!("cannot listen for signals: {error}")))?;
        let count = count.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                count.send_modify(|count| *count += 1);
            }
        });
    }
    Ok(receiver)
}
