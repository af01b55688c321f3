//! `todoctl secrets list`: versions, ages, keys and uses; never a value.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde_json::json;

use crate::args::{Args, Form, Reading};
use crate::open;
use todoctl_advice::inventory::{self, Row};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_core::exit::Exit;
use todoctl_screen::output::Output;

pub(super) async fn list(args: &Args, command: &Reading, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::looking(args, command.profile.as_deref()).await?;
    let access = environment.running().await?;
    let rows = inventory::rows(&environment.inputs, &environment.observe_with_runs(access).await?);
    match command.output {
        Form::Json => {
            let all = json!({"format": 1, "profile": environment.inputs.name, "versions": rows});
            output.result(&all.to_string());
        }
        Form::Text => {
            let width = u16::try_from(output.result_look.width).unwrap_or(u16::MAX);
            output.result(&text(&rows, Timestamp::now(), width));
        }
    }
    Ok(Exit::Done)
}

fn text(rows: &[Row], now: Timestamp, width: u16) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(["VERSION", "AGE", "USED BY", "KEYS"]);
    let cells = rows.iter().map(|row| {
        let name = row.version.clone().unwrap_or_else(|| row.secret.clone());
        [name, row.age(now), row.users(), row.keys.join(", ")]
    });
    table.add_rows(cells);
    // Names and ages are one word each: only what follows them may break.
    for column in table.column_iter_mut().take(2) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_table_fits_eighty_columns() {
        let row = |version: Option<&str>, revisions: &[u32]| Row {
            secret: "backend-secrets".to_owned(),
            version: version.map(str::to_owned),
            created: version.map(|_| "2026-01-01T00:00:00Z".to_owned()),
            keys: ["auth-secret", "auth-url", "database-url", "openai-api-key"].map(str::to_owned).into(),
            revisions: [("backend".to_owned(), revisions.to_vec())].into(),
            runs: vec!["20260101-000000-0000".to_owned()],
            objects: vec!["component/statestore".to_owned()],
            newest: true,
        };
        let rows = [
            row(Some("backend-secrets-0123abcd"), &[1, 2, 3, 5]),
            Row { revisions: BTreeMap::new(), runs: Vec::new(), objects: Vec::new(), ..row(None, &[]) },
        ];
        insta::assert_snapshot!(text(&rows, "2026-01-01T05:00:00Z".parse().unwrap(), 80));
    }
}
