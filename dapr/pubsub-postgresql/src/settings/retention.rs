//! Owns how long messages are kept, and the words for it.

use std::time::Duration;

/// How long messages are kept: for a time, or until all groups of their topic have acknowledged them, but at most that
/// time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How long, acknowledged or not.
    pub age: Duration,
    /// Whether messages that every group has acknowledged may go before.
    pub acknowledged: bool,
}

impl Default for Retention {
    /// A week, as Kafka's brokers do.
    fn default() -> Self {
        Self { age: Duration::from_hours(7 * 24), acknowledged: false }
    }
}

impl Retention {
    /// `24h`; `acknowledged`; `acknowledged, 24h`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        const HOW: &str = "is a duration such as 24h, the word `acknowledged`, or both with a comma";
        let (mut acknowledged, mut age) = (false, None);
        for part in text.split(',').map(str::trim) {
            if part.eq_ignore_ascii_case("acknowledged") && !acknowledged {
                acknowledged = true;
            } else if age.is_none()
                && let Ok(duration) = humantime::parse_duration(part)
            {
                age = Some(duration);
            } else {
                return Err(HOW.to_owned());
            }
        }
        let age = age.unwrap_or(Self::default().age);
        if !(Duration::from_mins(1)..=Duration::from_hours(10 * 365 * 24)).contains(&age) {
            return Err("is at least 1m and at most ten years".to_owned());
        }
        Ok(Self { age, acknowledged })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words() {
        let hours =
            |hours: u64, acknowledged| Ok(Retention { age: Duration::from_hours(hours), acknowledged });
        assert_eq!(Retention::read("24h"), hours(24, false));
        assert_eq!(Retention::read("acknowledged"), hours(168, true));
        assert_eq!(Retention::read(" 2days , Acknowledged"), hours(48, true));
        for bad in ["", "24", "24h, 24h", "acknowledged, acknowledged", "10s", "100years", "all"] {
            assert!(Retention::read(bad).is_err(), "{bad}");
        }
    }
}
