//! Owns how runs and revisions look as tables, at 80 columns.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Return, outcome_text};
use todoctl_core::text;
use todoctl_plan::world::runs::Entry;

/// Columns of a table.
const WIDTH: usize = 80;
/// What is said below a row begins here.
const HANG: &str = "                      ";
/// Columns that are left for what changed.
const CHANGED: usize = 18;

/// One run as it is shown.
pub(super) struct Row {
    run: String,
    when: String,
    command: String,
    outcome: String,
    took: String,
    changed: String,
    remarks: Vec<String>,
}

impl Row {
    pub(super) fn of(entry: &Entry, back: &Return, now: Timestamp) -> Self {
        let record = match &entry.record {
            Ok(record) => record,
            Err(why) => return Self::unreadable(&entry.run, why),
        };
        let ending = record.ending.as_ref();
        let mut remarks: Vec<String> = ending.and_then(|ending| ending.cause.clone()).into_iter().collect();
        if !back.missing.is_empty() {
            remarks.push(format!("cannot be returned to: {}", back.missing.join(", ")));
        }
        let outcome = ending.map_or("unknown", |ending| outcome_text(ending.outcome));
        Self {
            run: record.run.clone(),
            when: ending.map_or_else(|| "-".to_owned(), |ending| age(now, ending.started)),
            command: ending.map_or_else(|| "-".to_owned(), |ending| ending.command.clone()),
            outcome: if back.now { format!("{outcome} *") } else { outcome.to_owned() },
            took: ending.map_or_else(|| "-".to_owned(), |ending| text::duration(ending.seconds)),
            changed: names(&record.changed_names()),
            remarks,
        }
    }

    fn unreadable(run: &str, why: &str) -> Self {
        let nothing = || "-".to_owned();
        Self {
            run: run.to_owned(),
            when: nothing(),
            command: nothing(),
            outcome: nothing(),
            took: nothing(),
            changed: nothing(),
            remarks: vec![why.to_owned()],
        }
    }

    fn is_now(&self) -> bool {
        self.outcome.ends_with('*')
    }

    fn lines(&self) -> Vec<String> {
        let Self { run, when, command, outcome, took, changed, remarks } = self;
        let line = line([run, when, command, outcome, took, changed]);
        let remarks = remarks
            .iter()
            .flat_map(|remark| text::wrap(&format!("{HANG}{}", text::clean_line(remark)), WIDTH, HANG));
        std::iter::once(line).chain(remarks).collect()
    }
}

fn line([run, when, command, outcome, took, changed]: [&str; 6]) -> String {
    let line = format!("{run:<20}  {when:<7}  {command:<8}  {outcome:<11}  {took:<7}  {changed}");
    line.trim_end().to_owned()
}

/// The runs, newest first, with a line that explains the mark.
pub(super) fn runs(rows: &[Row]) -> String {
    let mut lines = vec![line(["RUN", "WHEN", "COMMAND", "OUTCOME", "TOOK", "CHANGED"])];
    lines.extend(rows.iter().flat_map(Row::lines));
    if rows.iter().any(Row::is_now) {
        lines.push("* what is deployed now".to_owned());
    }
    lines.join("\n")
}

/// The revisions of a release, newest first.
pub(super) fn revisions(revisions: &[Value]) -> String {
    let line = |[revision, status, verified, image, secret, run]: [&str; 6]| {
        let line = format!("{revision:<8}  {status:<11}  {verified:<8}  {image:<12}  {secret:<8}  {run}");
        line.trim_end().to_owned()
    };
    let mut lines = vec![line(["REVISION", "STATUS", "VERIFIED", "IMAGE", "SECRET", "RUN"])];
    lines.extend(revisions.iter().map(|one| {
        let text = |name: &str| one[name].as_str().unwrap_or("-").to_owned();
        let secret = text("secret");
        line([
            &one["revision"].to_string(),
            &text("status"),
            if one["verified"] == true { "yes" } else { "no" },
            &text("image"),
            secret.rsplit('-').next().filter(|suffix| !suffix.is_empty()).unwrap_or("-"),
            &text("run"),
        ])
    }));
    lines.join("\n")
}

/// Names side by side as far as they fit, else how many.
fn names(names: &[&str]) -> String {
    let all = names.join(", ");
    let noun = if names.iter().any(|name| name.contains('/')) { "step" } else { "release" };
    if all.len() <= CHANGED { all } else { text::count(names.len(), noun) }
}

/// How long ago something was: `42s ago`, `3h ago`, `12d ago`.
fn age(now: Timestamp, then: Timestamp) -> String {
    let since = now.duration_since(then).max(SignedDuration::ZERO).as_secs();
    match since {
        0..60 => format!("{since}s ago"),
        60..3600 => format!("{}m ago", since / 60),
        3600..86400 => format!("{}h ago", since / 3600),
        _ => format!("{}d ago", since / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use todoctl_plan::run_record::{Changed, Deployed, Ended, Ending, FORMAT, RunRecord};

    fn entry(run: &str, outcome: Ended, cause: Option<&str>, changed: &[&str]) -> Entry {
        let started: Timestamp = "2026-11-21T14:00:00Z".parse().unwrap();
        let changed = changed.iter().map(|name| Changed {
            step: format!("release/{name}"),
            from: None,
            to: Some("revision 1".to_owned()),
        });
        let record = RunRecord {
            format: FORMAT,
            run: run.to_owned(),
            profile: "sandbox".to_owned(),
            helm: Some(4),
            todoctl: "0.1.0".to_owned(),
            changed: changed.collect(),
            set: Deployed::default(),
            ending: Some(Ending {
                command: "up".to_owned(),
                outcome,
                cause: cause.map(str::to_owned),
                started,
                seconds: 64.2,
                holder: "me".to_owned(),
                ci: None,
            }),
        };
        Entry { run: run.to_owned(), record: Ok(Box::new(record)) }
    }

    #[test]
    fn runs_fit_into_80_columns_and_say_why_one_cannot_be_returned_to() {
        let now: Timestamp = "2026-11-21T16:30:00Z".parse().unwrap();
        let back = |now: bool, missing: &[&str]| Return {
            now,
            missing: missing.iter().map(|one| (*one).to_owned()).collect(),
        };
        let five = ["backend", "notification", "recurring", "audit", "frontend"];
        let unreadable = Entry {
            run: "20261121-135900-0000".to_owned(),
            record: Err("a newer todoctl wrote it".to_owned()),
        };
        let cause = "release backend: pod backend-deployment-5d8f6c7b9-x2x4z: container backend ImagePullBackOff: \u{1b}[31mBack-off";
        let rows = [
            Row::of(&entry("20261121-140200-ab12", Ended::Deployed, None, &five), &back(true, &[]), now),
            Row::of(
                &entry("20261121-140100-cd34", Ended::RolledBack, Some(cause), &["backend"]),
                &back(false, &[]),
                now,
            ),
            Row::of(
                &entry("20261121-140000-ef56", Ended::Deployed, None, &["backend", "frontend"]),
                &back(false, &["revision 3 of backend is gone", "secret backend-secrets-9f3k is gone"]),
                now,
            ),
            Row::of(&unreadable, &back(false, &[]), now),
        ];
        let shown = runs(&rows);
        assert!(shown.lines().all(|line| line.len() <= WIDTH), "{shown}");
        insta::assert_snapshot!(shown, @r"
        RUN                   WHEN     COMMAND   OUTCOME      TOOK     CHANGED
        20261121-140200-ab12  2h ago   up        done *       1m 04s   5 releases
        20261121-140100-cd34  2h ago   up        rolled back  1m 04s   backend
                              release backend: pod backend-deployment-5d8f6c7b9-x2x4z:
                              container backend ImagePullBackOff: Back-off
        20261121-140000-ef56  2h ago   up        done         1m 04s   backend, frontend
                              cannot be returned to: revision 3 of backend is gone,
                              secret backend-secrets-9f3k is gone
        20261121-135900-0000  -        -         -            -        -
                              a newer todoctl wrote it
        * what is deployed now
        ");
    }
}
