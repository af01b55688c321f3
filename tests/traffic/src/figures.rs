//! Owns figures: percentiles, and what a process takes of memory.

/// A percentile of values, which need not be in order; nothing of none.
pub fn percentile(values: &[u64], percent: usize) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().checked_sub(1)?;
    sorted.get((sorted.len() * percent / 100).min(last)).copied()
}

/// A line of `/proc/PID/status`, in KiB: `VmRSS` now, `VmHWM` at most so far.
pub fn memory(pid: u32, line: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let found = status.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(':'))?;
    found.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_few_values() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[7], 99), Some(7));
        let values: Vec<u64> = (1..=200).rev().collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99)), (Some(101), Some(199)));
    }

    #[test]
    fn this_process_takes_memory() {
        assert!(memory(std::process::id(), "VmRSS").is_some_and(|kib| kib > 100));
        assert_eq!(memory(std::process::id(), "VmNone"), None);
    }
}
