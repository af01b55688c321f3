//! Owns housekeeping: messages that nobody may want any more go, and a new segment begins in time.
//! Each sidecar does it now and then, and after it has published much; one at a time, the database sees to that.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::database::{Database, Tidied};
use crate::publisher::Publisher;
use crate::settings::Retention;

/// How often, about, when little is published.
const OFTEN: Duration = Duration::from_mins(1);
/// After so many published bytes at the latest.
const VOLUME: usize = 8 << 20;
/// How often it is looked whether it is time.
const LOOK: Duration = Duration::from_secs(1);

/// Keeps house as long as the task lives.
pub async fn keep(database: Arc<Database>, publisher: Arc<Publisher>, retention: Retention) {
    let mut next = Instant::now() + jitter();
    loop {
        tokio::time::sleep(LOOK).await;
        if next > Instant::now() && publisher.volume().load(Ordering::Relaxed) < VOLUME {
            continue;
        }
        next = Instant::now() + OFTEN / 2 + jitter();
        publisher.volume().store(0, Ordering::Relaxed);
        match database.tidy(retention).await {
            Ok(Tidied { emptied: 0, .. }) => {}
            Ok(Tidied { emptied, missed }) if missed.is_empty() => {
                tracing::debug!(segments = emptied, "messages that are not kept any longer are gone");
            }
            Ok(Tidied { emptied, missed }) => tracing::warn!(
                segments = emptied,
                groups = missed.join(", "),
                "messages are gone that these groups had not acknowledged: they were older than `retention`"
            ),
            Err(failure) => tracing::warn!(error = %failure, "housekeeping failed"),
        }
    }
}

/// So that sidecars which started together do not come together.
fn jitter() -> Duration {
    OFTEN.mul_f64(rand::random::<f64>())
}
