//! What a job of GitHub Actions shows, for every recorded stream.

use std::sync::{Arc, Mutex};

use super::{Broken, Look, Paper, STREAMS, replay, stage, stream};
use crate::output::print;
use crate::render::github::{self, GitHub};
use crate::render::{Progress, Stage, renderer};

/// What the runner reads, outside a job and with the same screen.
fn elsewhere(name: &str) -> String {
    let paper = Paper::default();
    let stage = Stage { rerun: Some("todoctl up sandbox".to_owned()), ..stage(&paper, &paper, Look::PLAIN) };
    replay(&stream(name), renderer(Progress::Plain, stage).as_mut(), |_| {});
    paper.text()
}

/// What the runner reads, and the summary of the job.
fn job(name: &str, progress: Progress) -> (String, String) {
    let (paper, summary) = (Paper::default(), Paper::default());
    let github = GitHub {
        commands: Box::new(paper.clone()),
        summary: Some(Box::new(summary.clone())),
        token: "0123abcd".to_owned(),
    };
    let stage = Stage {
        rerun: Some("todoctl up sandbox".to_owned()),
        github: Some(github),
        ..stage(&paper, &paper, Look::PLAIN)
    };
    replay(&stream(name), renderer(progress, stage).as_mut(), |_| {});
    (paper.text(), summary.text())
}

#[test]
fn every_run_has_a_summary() {
    for name in STREAMS.into_iter().chain(["hostile"]) {
        insta::assert_snapshot!(format!("github-{name}"), job(name, Progress::Plain).1);
    }
}

#[test]
fn a_job_reads_the_same_lines_and_commands_of_ours_alone() {
    for name in STREAMS {
        let said = job(name, Progress::Plain).0;
        let (ours, lines): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.starts_with("::"));
        assert_eq!(lines.join("\n").trim_end(), elsewhere(name).trim_end(), "{name}");
        insta::assert_snapshot!(format!("github-commands-{name}"), ours.join("\n"));
    }
}

/// What the runner would take for a command: as its `ActionCommand.cs` reads lines, while it is not told to stop.
fn obeyed(said: &str) -> Vec<&str> {
    let mut stopped = false;
    let mut found = Vec::new();
    for line in said.lines() {
        match line.trim_start() {
            "::stop-commands::0123abcd" => stopped = true,
            "::0123abcd::" => stopped = false,
            line if !stopped && (line.starts_with("::") || line.contains("##[")) => found.push(line),
            _ => {}
        }
    }
    found
}

#[test]
fn foreign_text_gives_no_command() {
    for progress in [Progress::Plain, Progress::Quiet, Progress::Json] {
        let (said, summary) = job("hostile", progress);
        let found = obeyed(&said);
        assert!(!found.is_empty());
        for line in found {
            let ours =
                line.starts_with("::warning title=todoctl") || line.starts_with("::error title=todoctl");
            assert!(ours, "{progress:?}: {line:?}");
        }
        assert!(!summary.contains('\u{1b}') && !summary.contains("##["), "{summary}");
    }
}

#[test]
fn a_summary_that_cannot_be_written_is_said_and_changes_nothing() {
    let paper = Paper::default();
    let broken = Broken(Arc::new(Mutex::new(0)));
    let github =
        GitHub { commands: Box::new(paper.clone()), summary: Some(Box::new(broken)), token: "t".to_owned() };
    let stage = Stage { github: Some(github), ..stage(&paper, &paper, Look::PLAIN) };
    replay(&stream("deployed"), renderer(Progress::Plain, stage).as_mut(), |_| {});
    let said = paper.text();
    assert!(
        said.contains("::warning title=todoctl up sandbox::the summary of the job cannot be written\n"),
        "{said}"
    );
}

#[test]
fn a_command_that_fails_before_a_run_has_a_summary_too() {
    let paper = Paper::default();
    let evidence = ["```", "| a | <b>", "::error::x"].map(str::to_owned);
    let text = github::failure_summary("todoctl up *oke*", "no <cluster>", &evidence, Some("ask @someone"));
    print(&mut paper.clone(), &text);
    print(&mut paper.clone(), &github::words_summary("todoctl up oke", "Nothing to do: profile oke_1."));
    print(&mut paper.clone(), &github::plan_summary("todoctl plan oke", "Plan for oke\n$ kubectl get pods"));
    insta::assert_snapshot!(paper.text());
}
