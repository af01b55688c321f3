//! Figures of the running process, in Prometheus' text format.
//!
//! Owns counting and rendering. Routes are patterns, never paths, so the number of series is bounded.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::config::Role;

/// Upper bounds of the duration histogram, in seconds.
const BUCKETS: [f64; 8] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

#[derive(Default)]
struct Durations {
    /// Requests per bucket, each in the first bucket that holds it.
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

#[derive(Default)]
struct Counts {
    requests: BTreeMap<(String, u16), u64>,
    durations: BTreeMap<String, Durations>,
    events: BTreeMap<&'static str, u64>,
}

/// The process's counters.
pub(crate) struct Metrics {
    role: Role,
    counts: Mutex<Counts>,
}

impl Metrics {
    pub(crate) fn new(role: Role) -> Self {
        Self { role, counts: Mutex::default() }
    }

    /// Counts one finished request.
    pub(crate) fn record(&self, route: &str, code: u16, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.requests.entry((route.to_owned(), code)).or_default() += 1;
        let durations = counts.durations.entry(route.to_owned()).or_default();
        if let Some(place) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            durations.buckets[place] += 1;
        }
        durations.count += 1;
        durations.sum += seconds;
    }

    /// Counts events by what became of them.
    pub(crate) fn count_event(&self, outcome: &'static str, number: u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.events.entry(outcome).or_default() += number;
    }

    /// Returns all figures as text.
    pub(crate) fn render(&self) -> String {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        render(&mut text, self.role, &counts).expect("a String takes all that is written");
        text
    }
}

fn render(text: &mut String, role: Role, counts: &Counts) -> std::fmt::Result {
    writeln!(text, "# HELP todo_build_info The running program.\n# TYPE todo_build_info gauge")?;
    writeln!(
        text,
        "todo_build_info{{role=\"{}\",version=\"{}\"}} 1",
        role.name(),
        env!("CARGO_PKG_VERSION")
    )?;
    writeln!(text, "# HELP http_requests_total Requests answered.\n# TYPE http_requests_total counter")?;
    for ((route, code), count) in &counts.requests {
        writeln!(text, "http_requests_total{{route=\"{route}\",code=\"{code}\"}} {count}")?;
    }
    writeln!(text, "# HELP todo_events_total Events sent or taken.\n# TYPE todo_events_total counter")?;
    for (outcome, count) in &counts.events {
        writeln!(text, "todo_events_total{{outcome=\"{outcome}\"}} {count}")?;
    }
    writeln!(
        text,
        "# HELP http_request_duration_seconds Time to answer.\n# TYPE http_request_duration_seconds histogram"
    )?;
    for (route, durations) in &counts.durations {
        let mut below = 0;
        for (bound, count) in BUCKETS.iter().zip(durations.buckets) {
            below += count;
            writeln!(
                text,
                "http_request_duration_seconds_bucket{{route=\"{route}\",le=\"{bound}\"}} {below}"
            )?;
        }
        writeln!(
            text,
            "http_request_duration_seconds_bucket{{route=\"{route}\",le=\"+Inf\"}} {}",
            durations.count
        )?;
        writeln!(text, "http_request_duration_seconds_sum{{route=\"{route}\"}} {}", durations.sum)?;
        writeln!(text, "http_request_duration_seconds_count{{route=\"{route}\"}} {}", durations.count)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_route_and_code() {
        let metrics = Metrics::new(Role::Backend);
        metrics.record("/api/tasks", 200, Duration::from_millis(7));
        metrics.record("/api/tasks", 200, Duration::from_secs(9));
        metrics.record("/api/tasks", 422, Duration::from_millis(1));
        metrics.count_event("sent", 2);
        metrics.count_event("sent", 1);
        let text = metrics.render();
        for expected in [
            "todo_build_info{role=\"backend\",version=",
            "http_requests_total{route=\"/api/tasks\",code=\"200\"} 2\n",
            "http_requests_total{route=\"/api/tasks\",code=\"422\"} 1\n",
            "http_request_duration_seconds_bucket{route=\"/api/tasks\",le=\"0.005\"} 1\n",
            "http_request_duration_seconds_bucket{route=\"/api/tasks\",le=\"0.01\"} 2\n",
            "http_request_duration_seconds_bucket{route=\"/api/tasks\",le=\"5\"} 2\n",
            "http_request_duration_seconds_bucket{route=\"/api/tasks\",le=\"+Inf\"} 3\n",
            "http_request_duration_seconds_count{route=\"/api/tasks\"} 3\n",
            "todo_events_total{outcome=\"sent\"} 3\n",
        ] {
            assert!(text.contains(expected), "{expected} is not in\n{text}");
        }
    }
}
