//! Owns how many messages a consumer takes at once: as many as its subscriber handles in a moment. A slow one leaves the
//! rest to others of its group, a fast one asks the database seldom.

use std::time::Duration;

/// What is taken should be handled within this.
const MOMENT: Duration = Duration::from_millis(250);
/// Messages at most.
const MOST: u32 = 100;
/// How much the newest counts.
const WEIGHT: f64 = 0.2;

/// The appetite of one subscriber; one message until it is known.
#[derive(Debug, Default)]
pub(super) struct Appetite {
    seconds: Option<f64>,
}

impl Appetite {
    /// A message was handled, and that took so long.
    pub(super) fn handled(&mut self, took: Duration) {
        let took = took.as_secs_f64();
        self.seconds = Some(self.seconds.map_or(took, |before| before * (1.0 - WEIGHT) + took * WEIGHT));
    }

    /// How many to take.
    pub(super) fn most(&self) -> u32 {
        let Some(seconds) = self.seconds else { return 1 };
        let fitting = MOMENT.div_duration_f64(Duration::from_secs_f64(seconds.max(1e-6)));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and MOST")]
        let most = fitting.clamp(1.0, f64::from(MOST)) as u32;
        most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_and_shrinks_with_the_subscriber() {
        let mut appetite = Appetite::default();
        assert_eq!(appetite.most(), 1);
        appetite.handled(Duration::from_millis(5));
        assert_eq!(appetite.most(), 50);
        appetite.handled(Duration::ZERO);
        assert_eq!(appetite.most(), 62);
        for _ in 0..50 {
            appetite.handled(Duration::from_micros(10));
        }
        assert_eq!(appetite.most(), MOST);
        appetite.handled(Duration::from_secs(10));
        assert_eq!(appetite.most(), 1);
    }
}
