//! Owns the table of `kubectl get secrets -l owner=helm --show-labels`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Answer;
use crate::state::{Revision, State};

/// helm's records, a line each, with all labels in the last cell.
pub(super) fn releases(state: &State, namespace: Option<&str>) -> Answer {
    let wanted = state.revisions.iter().filter(|one| namespace.is_none_or(|name| name == one.namespace));
    let mut rows: Vec<Vec<String>> = wanted.map(|one| row(one, namespace.is_none())).collect();
    if rows.is_empty() {
        let place = namespace.map_or_else(String::new, |name| format!(" in {name} namespace"));
        return Answer { stderr: format!("No resources found{place}.\n"), ..Answer::default() };
    }
    rows.sort();
    Answer::ok(align(&rows))
}

fn row(one: &Revision, everywhere: bool) -> Vec<String> {
    let labels: Vec<String> =
        labels(one).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut cells = vec![
        format!("sh.helm.release.v1.{}.v{}", one.name, one.number),
        "helm.sh/release.v1".into(),
        "1".into(),
        "5m2s".into(),
        labels.join(","),
    ];
    if everywhere {
        cells.insert(0, one.namespace.clone());
    }
    cells
}

/// helm's labels on a record, and those that a user gave.
fn labels(one: &Revision) -> BTreeMap<&str, String> {
    let mut labels: BTreeMap<&str, String> =
        one.labels.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    labels.extend([
        ("name", one.name.clone()),
        ("owner", "helm".to_owned()),
        ("status", one.status.clone()),
        ("version", one.number.to_string()),
    ]);
    labels
}

fn align(rows: &[Vec<String>]) -> String {
    let count = rows.first().map_or(0, Vec::len);
    let width = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0) + 3;
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<String>().trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// helm's records as objects, without their payload.
pub fn records(state: &State) -> Vec<Value> {
    let record = |one: &Revision| {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": {
            "name": format!("sh.helm.release.v1.{}.v{}", one.name, one.number), "namespace": one.namespace,
            "labels": labels(one)}})
    };
    state.revisions.iter().map(record).collect()
}
