//! Owns observing a Lease for silence, on the observer's own clock. Pure: the moments come in.

use std::time::{Duration, Instant};

/// What was seen of a Lease that may be dead.
#[derive(Debug, Clone)]
pub struct Silence {
    version: String,
    since: Instant,
}

impl Silence {
    /// Begins to observe.
    pub fn new(version: &str, now: Instant) -> Self {
        Self { version: version.to_owned(), since: now }
    }

    /// Takes in another look; answers whether there was a sign of life since the last.
    pub fn saw(&mut self, version: &str, now: Instant) -> bool {
        let alive = self.version != version;
        if alive {
            *self = Self::new(version, now);
        }
        alive
    }

    /// Whether nothing was seen for a whole duration.
    pub fn lasted(&self, seconds: u32, now: Instant) -> bool {
        now.duration_since(self.since) >= Duration::from_secs(u64::from(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_observer_has_seen_itself_counts() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut silence = Silence::new("7", start);
        assert!(!silence.lasted(30, at(29)) && silence.lasted(30, at(30)));
        assert!(!silence.saw("7", at(20)));
        assert!(silence.saw("8", at(29)), "a renewal");
        assert!(!silence.lasted(30, at(58)) && silence.lasted(30, at(59)));
    }
}
