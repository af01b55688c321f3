//! Owns the places of a run: how many steps of a lane act at once. A step that only waits for what the cluster tells by
//! itself needs none: it gives its place back when its commands have ended.

use tokio::sync::mpsc;

use todoctl_plan::step::{Check, Lane, Objects};

/// The places that steps take while they act. With one place in all, everything goes by the list.
pub(super) struct Places {
    each: usize,
    builds: usize,
    others: usize,
    left: mpsc::UnboundedReceiver<Lane>,
    leave: mpsc::UnboundedSender<Lane>,
}

/// One of them; given back when it is dropped.
pub(super) struct Place {
    lane: Lane,
    leave: mpsc::UnboundedSender<Lane>,
    /// Whether it is the only one.
    is_only: bool,
}

impl Places {
    /// So many of each lane.
    pub(super) fn new(each: usize) -> Self {
        let (leave, left) = mpsc::unbounded_channel();
        Self { each, builds: 0, others: 0, left, leave }
    }

    /// Whether a step of a lane may begin.
    pub(super) fn is_free(&mut self, lane: Lane) -> bool {
        while let Ok(left) = self.left.try_recv() {
            *self.of(left) -= 1;
        }
        let taken = match lane {
            _ if self.each == 1 => self.builds + self.others,
            Lane::Build => self.builds,
            Lane::Cluster => self.others,
        };
        taken < self.each
    }

    /// Takes a place.
    pub(super) fn take(&mut self, lane: Lane) -> Place {
        *self.of(lane) += 1;
        Place { lane, leave: self.leave.clone(), is_only: self.each == 1 }
    }

    /// Ends when a place was given back.
    pub(super) async fn change(&mut self) {
        // The sender lives as long as this.
        if let Some(left) = self.left.recv().await {
            *self.of(left) -= 1;
        }
    }

    fn of(&mut self, lane: Lane) -> &mut usize {
        match lane {
            Lane::Build => &mut self.builds,
            Lane::Cluster => &mut self.others,
        }
    }
}

impl Place {
    /// Keeps it for checks that ask something; gives it back where objects are only watched.
    pub(super) fn unless_only_watched(self, checks: &[Check]) -> Option<Self> {
        let is_watched = |check: &Check| matches!(check.objects(), Some(Objects::RolledOut(_)));
        let is_only_watched = checks.iter().all(is_watched);
        (self.is_only || !is_only_watched).then_some(self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nobody listens any more when the run is over.
        let _ = self.leave.send(self.lane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rolled_out() -> Check {
        let (release, namespace) = ("backend".to_owned(), "todo".to_owned());
        Check::RolledOut { release, namespace, workloads: Vec::new(), within_seconds: 1 }
    }

    #[test]
    fn each_lane_has_its_own_and_a_dropped_one_is_free() {
        let mut places = Places::new(2);
        let (first, _second) = (places.take(Lane::Cluster), places.take(Lane::Cluster));
        assert!(!places.is_free(Lane::Cluster) && places.is_free(Lane::Build));
        drop(first);
        assert!(places.is_free(Lane::Cluster));
    }

    #[test]
    fn who_only_watches_gives_its_place_back_and_who_asks_keeps_it() {
        let mut places = Places::new(1);
        let only = places.take(Lane::Build).unless_only_watched(&[rolled_out()]);
        assert!(only.is_some() && !places.is_free(Lane::Cluster), "everything goes by the list");
        let mut places = Places::new(2);
        let stored = Check::ImagesStored { images: Vec::new() };
        let (asks, watches) = (places.take(Lane::Cluster), places.take(Lane::Cluster));
        let asks = asks.unless_only_watched(&[rolled_out(), stored]);
        let watches = watches.unless_only_watched(&[rolled_out()]);
        assert!(asks.is_some() && watches.is_none() && places.is_free(Lane::Cluster));
        let _third = places.take(Lane::Cluster);
        assert!(!places.is_free(Lane::Cluster));
    }
}
