//! Owns the table of `kubectl get secrets -l owner=helm -L …`.

use crate::Answer;
use crate::argv::Argv;
use crate::state::{Revision, State};

/// helm's records, a line each, with the labels asked for as columns.
pub(super) fn releases(state: &State, argv: &Argv, namespace: Option<&str>) -> Answer {
    let columns: Vec<&str> = argv.value(&["-L"]).unwrap_or_default().split(',').collect();
    let wanted = state.revisions.iter().filter(|one| namespace.is_none_or(|name| name == one.namespace));
    let mut rows: Vec<Vec<String>> = wanted.map(|one| row(one, &columns, namespace.is_none())).collect();
    if rows.is_empty() {
        let place = namespace.map_or_else(String::new, |name| format!(" in {name} namespace"));
        return Answer { stderr: format!("No resources found{place}.\n"), ..Answer::default() };
    }
    rows.sort();
    if !argv.has(&["--no-headers"]) {
        let mut head: Vec<String> = ["NAME", "TYPE", "DATA", "AGE"].map(str::to_owned).into();
        head.extend(columns.iter().map(|column| column.rsplit('/').next().unwrap_or(column).to_uppercase()));
        if namespace.is_none() {
            head.insert(0, "NAMESPACE".to_owned());
        }
        rows.insert(0, head);
    }
    Answer::ok(align(&rows))
}

fn row(one: &Revision, columns: &[&str], everywhere: bool) -> Vec<String> {
    let label = |column: &&str| match *column {
        "name" => one.name.clone(),
        "version" => one.number.to_string(),
        "status" => one.status.clone(),
        other => one.labels.get(other).cloned().unwrap_or_else(|| "<none>".to_owned()),
    };
    let mut cells = vec![
        format!("sh.helm.release.v1.{}.v{}", one.name, one.number),
        "helm.sh/release.v1".into(),
        "1".into(),
        "5m2s".into(),
    ];
    cells.extend(columns.iter().map(label));
    if everywhere {
        cells.insert(0, one.namespace.clone());
    }
    cells
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
