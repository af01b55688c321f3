//! `todoctl status`: the releases of a profile, their revisions and their health.

use comfy_table::{Table, presets};
use serde_json::json;

use crate::args::{Args, Form, Reading};
use crate::open;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_core::labels;
use todoctl_plan::step::Verdict;
use todoctl_plan::world::World;
use todoctl_plan::{health, steps};
use todoctl_screen::output::Output;

/// One release as it is shown.
struct Row {
    release: String,
    namespace: String,
    revision: Option<u32>,
    status: String,
    verified: bool,
    image: Option<String>,
    health: Verdict,
}

/// Shows.
pub(super) async fn status(args: &Args, command: &Reading, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::looking(args, command.profile.as_deref()).await?;
    let access = environment.running().await?;
    let url = environment.inputs.url(&access.node);
    let world = environment.observe(access).await?;
    let rows: Vec<Row> = environment
        .inputs
        .releases()
        .map(|(name, release)| row(name, environment.inputs.namespace(release), &world))
        .collect();
    if let Some(note) = environment.open_run(&world)? {
        output.note(&note);
    }
    match command.output {
        Form::Json => output.result(&as_json(&environment.inputs.name, &rows, url.as_deref()).to_string()),
        Form::Text => {
            output.result(&as_text(&rows));
            if let Some(url) = url.filter(|_| rows.iter().all(|row| row.revision.is_some())) {
                output.result(&url);
            }
        }
    }
    Ok(Exit::Done)
}

fn row(name: &str, namespace: &str, world: &World) -> Row {
    let newest = world.releases.newest(namespace, name);
    let health = newest.map_or_else(
        || Verdict::NotYet { code: Code::ReleaseAbsent, why: "not deployed".to_owned() },
        |newest| match health::of_release(name, namespace, &world.live) {
            // A broken pod is worth more words than who changed it.
            broken @ (Verdict::Broken { .. } | Verdict::Stale { .. }) => broken,
            Verdict::Ready | Verdict::NotYet { .. } if steps::is_drifted(newest, name, namespace, world) => {
                let why = "changed by someone else (todoctl verify says how)".to_owned();
                Verdict::NotYet { code: Code::ReleaseDrifted, why }
            }
            verdict @ (Verdict::Ready | Verdict::NotYet { .. }) => verdict,
        },
    );
    Row {
        release: name.to_owned(),
        namespace: namespace.to_owned(),
        revision: newest.map(|revision| revision.number),
        status: newest.map_or_else(|| "absent".to_owned(), |revision| revision.status.to_string()),
        verified: newest.is_some_and(todoctl_plan::world::releases::Revision::is_verified),
        image: newest
            .filter(|revision| revision.is_ours())
            .and_then(|revision| revision.label(labels::IMAGE).map(str::to_owned)),
        health,
    }
}

fn health_text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Ready => "healthy".to_owned(),
        Verdict::NotYet { why, .. } => why.clone(),
        Verdict::Stale { why, .. } | Verdict::Broken { why, .. } => format!("broken: {why}"),
    }
}

fn as_text(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["RELEASE", "REVISION", "STATUS", "VERIFIED", "IMAGE", "HEALTH"]);
    let cells = rows.iter().map(|row| {
        [
            row.release.clone(),
            row.revision.map_or_else(|| "-".to_owned(), |number| number.to_string()),
            row.status.clone(),
            if row.verified { "yes" } else { "no" }.to_owned(),
            row.image.clone().unwrap_or_else(|| "-".to_owned()),
            health_text(&row.health),
        ]
    });
    table.add_rows(cells);
    let lines: Vec<String> = table.lines().map(|line| line.trim().to_owned()).collect();
    lines.join("\n")
}

fn as_json(profile: &str, rows: &[Row], url: Option<&str>) -> serde_json::Value {
    let release = |row: &Row| {
        json!({"release": row.release, "namespace": row.namespace, "revision": row.revision, "status": row.status,
            "verified": row.verified, "image": row.image, "health": row.health})
    };
    json!({"format": 1, "profile": profile, "url": url, "releases": rows.iter().map(release).collect::<Vec<_>>()})
}
