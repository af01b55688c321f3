//! Owns the clock of a holder: one that goes on while the machine sleeps. The usual monotonic clock of Linux stands
//! still then, and a laptop that wakes up would believe that it still holds what was taken over hours ago.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

/// A moment on that clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(Duration);

impl Moment {
    pub(super) fn now() -> Self {
        let time = clock_gettime(CLOCK);
        // Neither is negative: the clock counts from the start of the machine.
        Self(Duration::new(
            u64::try_from(time.tv_sec).unwrap_or_default(),
            u32::try_from(time.tv_nsec).unwrap_or_default(),
        ))
    }

    /// A moment that lies so long ago.
    #[cfg(test)]
    pub(super) fn before(age: Duration) -> Self {
        Self(Self::now().0.saturating_sub(age))
    }

    pub(super) fn age(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}
