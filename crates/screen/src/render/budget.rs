//! Owns how a budget looks: a table for people, JSON for programs.

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use crate::output::Look;
use todoctl_advice::capacity::{FitVerdict, Row};
use todoctl_core::quantity::Quantity;
use todoctl_core::text;
use todoctl_plan::resources::{Limits, Resources, Room, Sidecar};

/// A budget, and where its figures come from.
pub struct Page<'a> {
    /// Profile.
    pub profile: &'a str,
    /// The answer.
    pub verdict: &'a FitVerdict,
    /// Where the room comes from, one sentence.
    pub source: &'a str,
    /// The smallest volume that the cloud makes.
    pub smallest_volume: Quantity,
}

/// For people.
pub fn text(page: &Page<'_>, look: Look) -> String {
    let mut lines = table(page.verdict);
    lines.push(String::new());
    for note in notes(page) {
        lines.extend(text::wrap(&text::clean_line(&note), look.width, "  "));
    }
    match page.verdict.refusal(page.profile) {
        None => {
            let left = page.verdict.free.minus(&page.verdict.sum);
            lines.push(format!("It fits, and leaves {} free.", left.text()));
        }
        Some(refusal) => {
            lines.extend(text::wrap(&format!("It does not fit: {}.", refusal.what), look.width, "  "));
            for line in refusal.evidence {
                lines.extend(text::wrap(&format!("- {line}"), look.width, "  "));
            }
            lines.extend(text::wrap(&format!("hint: {}", refusal.fix), look.width, "  "));
        }
    }
    lines.join("\n")
}

/// For programs. Quantities are texts without a unit suffix: cores and bytes, exactly.
pub fn json(page: &Page<'_>) -> Value {
    let FitVerdict { rows, sum, rooms, free, volumes, load_balancers, short, ways_out } = page.verdict;
    let row = |row: &Row| {
        json!({"release": row.release, "workload": row.workload, "optional": row.optional, "pods": row.pods,
            "each": row.each, "requests": row.requests(), "limits": limits_json(&row.limits),
            "sidecars": row.sidecars.map(|one| json!({"requests": one.requests, "limits": limits_json(&one.limits)})),
            "without_requests": row.silent, "ends": row.ends})
    };
    let room = |room: &Room| json!({"node": room.node, "allocatable": room.whole, "taken": room.taken, "free": room.free()});
    json!({"format": 1, "profile": page.profile, "fits": short.is_empty(), "source": page.source,
        "rows": rows.iter().map(row).collect::<Vec<_>>(), "sum": sum, "free": free,
        "nodes": rooms.iter().map(room).collect::<Vec<_>>(),
        "volumes": {"count": volumes.0, "size": volumes.1}, "load_balancers": load_balancers,
        "short": short, "ways_out": ways_out})
}

fn limits_json(limits: &Limits) -> Value {
    json!({"cpu": limits.cpu, "memory": limits.memory})
}

fn table(verdict: &FitVerdict) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["SERVICE", "PODS", "CPU", "MEMORY", "CPU LIMIT", "MEMORY LIMIT"]);
    for row in &verdict.rows {
        table.add_row(cells(&name(row, &verdict.rows), Some(row.pods), row.own(), Some(row.limits)));
    }
    let sidecars: Vec<(u32, Sidecar)> =
        verdict.rows.iter().filter_map(|row| Some((row.pods, row.sidecars?))).collect();
    if !sidecars.is_empty() {
        let pods = sidecars.iter().map(|(pods, _)| pods).sum();
        let requests = sidecars.iter().map(|(_, one)| one.requests).sum();
        let limits = total(sidecars.iter().map(|(_, one)| one.limits));
        table.add_row(cells("Dapr sidecars", Some(pods), requests, Some(limits)));
    }
    let own = verdict.rows.iter().map(|row| row.limits);
    let limits = total(own.chain(sidecars.iter().map(|(_, one)| one.limits)));
    let pods = verdict.rows.iter().map(|row| row.pods).sum();
    table.add_row(cells("sum", Some(pods), verdict.sum, Some(limits)));
    if let many @ [_, _, ..] = verdict.rooms.as_slice() {
        for room in many {
            table.add_row(cells(&format!("free on {}", room.node), None, room.free(), None));
        }
    }
    table.add_row(cells("free", None, verdict.free, None));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.lines().map(|line| line.trim().to_owned()).collect()
}

fn total(all: impl Iterator<Item = Limits>) -> Limits {
    all.fold(Limits::default(), Limits::and)
}

fn cells(name: &str, pods: Option<u32>, requests: Resources, limits: Option<Limits>) -> [String; 6] {
    let limit = |part: fn(&Limits) -> Option<Quantity>, show: fn(Quantity) -> String| match limits {
        Some(limits) => part(&limits).map_or_else(|| "none".to_owned(), show),
        None => String::new(),
    };
    [
        name.to_owned(),
        pods.map(|pods| pods.to_string()).unwrap_or_default(),
        requests.cpu.cpu(),
        requests.memory.memory(),
        limit(|limits| limits.cpu, Quantity::cpu),
        limit(|limits| limits.memory, Quantity::memory),
    ]
}

/// A release with one workload by its own name, else with that of the workload.
fn name(row: &Row, rows: &[Row]) -> String {
    let single = rows.iter().filter(|one| one.release == row.release).count() == 1;
    let name = if single { row.release.clone() } else { format!("{}: {}", row.release, row.workload) };
    if row.optional { format!("{name} (optional)") } else { name }
}

fn notes(page: &Page<'_>) -> Vec<String> {
    let FitVerdict { rows, volumes, load_balancers, .. } = page.verdict;
    let mut notes = vec![page.source.to_owned()];
    let silent: Vec<String> = rows
        .iter()
        .filter(|row| !row.silent.is_empty())
        .map(|row| format!("{} of {}", row.silent.join(" and "), row.workload))
        .collect();
    if !silent.is_empty() {
        notes.push(format!("Counted as nothing, because they ask for nothing: {}.", silent.join(", ")));
    }
    let ending: Vec<&str> = rows.iter().filter(|row| row.ends).map(|row| row.workload.as_str()).collect();
    if !ending.is_empty() {
        notes.push(format!("Counted although they end by themselves: {}.", ending.join(", ")));
    }
    if volumes.0 > 0 {
        let least = page.smallest_volume;
        let rounded = if least.is_zero() {
            String::new()
        } else {
            format!(", each counted with {} at least", least.memory())
        };
        notes.push(format!("Volumes: {}, {} in all{rounded}.", volumes.0, volumes.1.memory()));
    }
    if !load_balancers.is_empty() {
        notes.push(format!("Load balancers: {}.", load_balancers.join(", ")));
    }
    notes
}

#[cfg(test)]
mod tests;
