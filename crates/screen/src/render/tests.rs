//! Recorded streams of events in, whole screens out.

mod github;
mod plans;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use indicatif::{InMemoryTerm, TermLike};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::output::{Color, Output, TerminalVariables};
use crate::report::{self, Report};
use todoctl_core::exit::Exit;
use todoctl_core::redact::Redactor;
use todoctl_plan::event::{self, Event, Seen, Stamped};
use todoctl_plan::step::StepId;

const STREAMS: [&str; 14] = [
    "deployed",
    "nothing-to-do",
    "rolled-back",
    "first-install",
    "stuck",
    "interrupted",
    "interrupted-twice",
    "kept",
    "failed",
    "parallel",
    "recorded-first-install",
    "recorded-crash-loop",
    "recovered",
    "checks",
];

fn stream(name: &str) -> Vec<Stamped> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/events");
    let events = event::read(&std::fs::read(folder.join(name).with_extension("jsonl")).unwrap());
    assert!(matches!(events.last().unwrap().event, Event::RunFinished { .. }), "{name} is not whole");
    events
}

/// A writer whose text can be looked at.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn stage(result: &Paper, note: &Paper, look: Look) -> Stage {
    Stage {
        result: Box::new(result.clone()),
        note: Box::new(note.clone()),
        look,
        verbose: false,
        rerun: None,
        github: None,
    }
}

/// Replays a stream with a tick every second of its time.
fn replay(events: &[Stamped], renderer: &mut dyn Renderer, mut after: impl FnMut(Timestamp)) {
    let mut now = events[0].at;
    for event in events {
        while now < event.at {
            renderer.tick(now);
            after(now);
            now += SignedDuration::from_secs(1);
        }
        renderer.event(event);
        after(event.at);
    }
    renderer.finish();
}

fn plain(name: &str, look: Look, verbose: bool) -> String {
    let paper = Paper::default();
    let mut renderer = plain::Plain::new(Stage { verbose, ..stage(&paper, &paper, look) });
    replay(&stream(name), &mut renderer, |_| {});
    paper.text()
}

#[test]
fn plain_screens() {
    for name in STREAMS {
        insta::assert_snapshot!(format!("plain-{name}"), plain(name, Look::PLAIN, false));
    }
    insta::assert_snapshot!("plain-verbose", plain("rolled-back", Look::PLAIN, true));
    insta::assert_snapshot!("plain-checks-verbose", plain("checks", Look::PLAIN, true));
    insta::assert_snapshot!("plain-hostile", plain("hostile", Look::PLAIN, true));
    let ascii = Look { unicode: false, width: 40, ..Look::PLAIN };
    insta::assert_snapshot!("plain-ascii-40-columns", plain("rolled-back", ascii, false));
}

#[test]
fn without_unicode_everything_is_ascii() {
    for name in STREAMS {
        let text = plain(name, Look { unicode: false, ..Look::PLAIN }, true);
        assert!(text.is_ascii(), "{name}: {text}");
    }
}

#[test]
fn lines_fit_unless_they_are_there_to_be_copied() {
    for name in STREAMS {
        for line in plain(name, Look::PLAIN, true).lines() {
            let copied = line.contains("$ ") || line.split(' ').any(|word| word.len() > 60);
            assert!(copied || console::measure_text_width(line) <= 80, "{name}: {line}");
        }
    }
}

#[test]
fn colour_changes_no_text() {
    for name in STREAMS {
        let coloured = plain(name, Look { color: true, ..Look::PLAIN }, true);
        assert_eq!(console::strip_ansi_codes(&coloured), plain(name, Look::PLAIN, true), "{name}");
    }
}

#[test]
fn a_run_is_never_silent_for_long() {
    for name in STREAMS {
        let paper = Paper::default();
        let mut renderer = plain::Plain::new(stage(&paper, &paper, Look::PLAIN));
        let (mut length, mut last) = (0, stream(name)[0].at);
        replay(&stream(name), &mut renderer, |now| {
            if paper.text().len() > length {
                (length, last) = (paper.text().len(), now);
            }
            assert!(now.duration_since(last) <= SignedDuration::from_secs(10), "{name}: silent at {now}");
        });
    }
}

#[test]
fn only_the_address_goes_to_standard_output() {
    for (name, expected) in [("deployed", "http://10.88.0.2:30300\n"), ("stuck", "")] {
        for quiet in [false, true] {
            let (result, note) = (Paper::default(), Paper::default());
            let progress = if quiet { Progress::Quiet } else { Progress::Plain };
            let mut renderer = renderer(progress, stage(&result, &note, Look::PLAIN));
            replay(&stream(name), renderer.as_mut(), |_| {});
            assert_eq!(result.text(), expected, "{name}, quiet: {quiet}");
        }
    }
}

#[test]
fn the_quiet_screen_says_what_must_be_known() {
    let paper = Paper::default();
    for name in ["deployed", "parallel", "kept"] {
        replay(&stream(name), &mut quiet::Quiet::new(stage(&paper, &paper, Look::PLAIN)), |_| {});
    }
    insta::assert_snapshot!(paper.text());
}

#[test]
fn json_is_the_stream_itself() {
    for name in STREAMS.into_iter().chain(["hostile"]) {
        let (result, note) = (Paper::default(), Paper::default());
        replay(&stream(name), &mut json::Json::new(stage(&result, &note, Look::PLAIN)), |_| {});
        let back: Vec<Stamped> =
            result.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(back, stream(name));
        assert_eq!(note.text(), "");
    }
    let paper = Paper::default();
    replay(&stream("hostile"), &mut json::Json::new(stage(&paper, &paper, Look::PLAIN)), |_| {});
    insta::assert_snapshot!("json-hostile", paper.text());
}

/// A terminal in memory that also takes what is printed beside indicatif.
struct Glass(InMemoryTerm);

impl Write for Glass {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_str(&String::from_utf8_lossy(bytes).replace('\n', "\r\n"))?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn live(term: &InMemoryTerm) -> tty::Tty {
    let stage = Stage {
        result: Box::new(Glass(term.clone())),
        note: Box::new(Glass(term.clone())),
        look: Look { live: true, ..Look::PLAIN },
        verbose: false,
        rerun: None,
        github: None,
    };
    tty::Tty::on(term.clone(), None, stage)
}

/// The screens of a live run at some seconds, and the last one. Spinners are shown as `*`.
fn live_screens(name: &str, moments: &[i64]) -> String {
    let term = InMemoryTerm::new(40, 80);
    let events = stream(name);
    let begin = events[0].at;
    let mut moments = moments.iter().copied().peekable();
    let mut screens = String::new();
    replay(&events, &mut live(&term), |now| {
        let second = now.duration_since(begin).as_secs();
        if moments.next_if(|moment| second >= *moment).is_some() {
            writeln!(screens, "--- {second} s\n{}", term.contents()).unwrap();
        }
    });
    writeln!(screens, "--- end\n{}", term.contents()).unwrap();
    screens.chars().map(|c| if ('\u{2801}'..='\u{28ff}').contains(&c) { '*' } else { c }).collect()
}

#[test]
fn live_screens_show_what_runs() {
    insta::assert_snapshot!("tty-deployed", live_screens("deployed", &[0, 4, 10]));
    insta::assert_snapshot!("tty-rolled-back", live_screens("rolled-back", &[10, 14, 16]));
    insta::assert_snapshot!("tty-parallel", live_screens("parallel", &[12, 40]));
    insta::assert_snapshot!("tty-interrupted", live_screens("interrupted", &[7, 8]));
    insta::assert_snapshot!("tty-checks", live_screens("checks", &[1, 4]));
    insta::assert_snapshot!("tty-hostile", live_screens("hostile", &[1]));
}

#[test]
fn foreign_text_steers_neither_terminal_nor_ci() {
    let paper = Paper::default();
    for progress in [Progress::Plain, Progress::Quiet, Progress::Json] {
        let look = Look { width: 60, ..Look::PLAIN };
        let mut renderer = renderer(progress, Stage { verbose: true, ..stage(&paper, &paper, look) });
        replay(&stream("hostile"), renderer.as_mut(), |_| {});
    }
    let text = paper.text() + &live_screens("hostile", &[1, 3]);
    for line in text.lines() {
        let hidden =
            |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!line.contains(hidden), "{line:?}");
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(!line.contains("##["), "{line:?}");
        assert!(line.starts_with('{') || !line.contains("52;c"), "{line:?}");
    }
}

/// A writer and a terminal that fail after some bytes, as a closed terminal and a full disk do.
#[derive(Debug, Clone)]
struct Broken(Arc<Mutex<usize>>);

impl Broken {
    fn spend(&self, bytes: usize) -> io::Result<usize> {
        let mut left = self.0.lock().unwrap();
        *left = left.checked_sub(bytes).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes)
    }
}

impl Write for Broken {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.spend(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.spend(0).map(drop)
    }
}

impl TermLike for Broken {
    fn width(&self) -> u16 {
        80
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        self.spend(4).map(drop)
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        self.spend(4).map(drop)
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        self.spend(4).map(drop)
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        self.spend(4).map(drop)
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.spend(text.len() + 1).map(drop)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.spend(text.len()).map(drop)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.spend(4).map(drop)
    }
    fn flush(&self) -> io::Result<()> {
        self.spend(0).map(drop)
    }
}

#[test]
fn a_dead_terminal_stops_nothing() {
    for name in STREAMS {
        for bytes in [0, 1, 100, 1000] {
            let broken = Broken(Arc::new(Mutex::new(bytes)));
            let stage = || Stage {
                result: Box::new(broken.clone()),
                note: Box::new(broken.clone()),
                look: Look::PLAIN,
                verbose: true,
                rerun: None,
                github: None,
            };
            for progress in [Progress::Plain, Progress::Quiet, Progress::Json] {
                replay(&stream(name), renderer(progress, stage()).as_mut(), |_| {});
            }
            replay(&stream(name), &mut tty::Tty::on(broken.clone(), None, stage()), |_| {});
        }
    }
}

#[test]
fn a_screen_shows_everything_before_it_ends() {
    let (result, note) = (Paper::default(), Paper::default());
    let screen = Screen::start(renderer(Progress::Plain, stage(&result, &note, Look::PLAIN)));
    let mut sink = screen.sink();
    for event in stream("deployed") {
        sink.event(&event);
    }
    screen.finish();
    assert!(note.text().contains("1 release deployed, 1 unchanged in 12.4s"), "{}", note.text());
    assert_eq!(result.text(), "http://10.88.0.2:30300\n");
    // A sink outlives its screen without harm.
    sink.event(&stream("deployed")[0]);
}

#[test]
fn a_renderer_that_dies_is_noticed_by_nobody() {
    struct Dying;
    impl Sink for Dying {
        fn event(&mut self, _: &Stamped) {
            panic!("the renderer dies");
        }
    }
    impl Renderer for Dying {
        fn tick(&mut self, _: Timestamp) {}
        fn finish(&mut self) {}
    }
    let screen = Screen::start(Box::new(Dying));
    let mut sink = screen.sink();
    for event in stream("deployed") {
        sink.event(&event);
    }
    screen.finish();
}

#[test]
fn every_outcome_has_its_exit_status() {
    let exits = STREAMS.map(|name| report::exit(&Report::fold(&stream(name)).finished.unwrap().outcome));
    assert_eq!(
        exits,
        [
            Exit::Done,
            Exit::Done,
            Exit::RolledBack,
            Exit::RolledBack,
            Exit::Stuck,
            Exit::InterruptedRolledBack,
            Exit::Interrupted,
            Exit::Stuck,
            Exit::RolledBack,
            Exit::Done,
            Exit::Done,
            Exit::RolledBack,
            Exit::RolledBack,
            Exit::Done,
        ]
    );
}

#[test]
fn a_report_has_the_figures_of_checks() {
    let report = Report::fold(&stream("checks"));
    let held = &report.step(&StepId::single("verify")).unwrap().held;
    let figures: Vec<String> = held
        .iter()
        .map(|one| format!("{} {} [{}]", one.check, one.requests, Seen::list(&one.seen)))
        .collect();
    assert_eq!(
        figures,
        ["backend answers 1 []", "a task's events arrive 9 [notification after 120 ms, audit after 1.3s]"]
    );
}

#[test]
fn a_report_does_not_need_what_may_be_dropped() {
    for name in STREAMS {
        let mut events = stream(name);
        let mut whole = Report::fold(&events);
        events.retain(|event| !matches!(event.event, Event::StepWaiting { .. } | Event::CommandSaid { .. }));
        for step in &mut whole.steps {
            step.waiting = None;
        }
        assert_eq!(Report::fold(&events), whole, "{name}");
    }
}

#[test]
fn errors_have_the_house_form() {
    let text = error::error_text(
        "profiles/sandbox.yaml:12: unknown field `replica`\n  12 |   replica: 3",
        &["releases.backend takes: chart, values, image, secret, needs, order, timeout and set, but not replica".into()],
        &["12 |   replica: 3\u{1b}[0m".into()],
        Some("did you mean set: {replicaCount: 3}?"),
    );
    insta::assert_snapshot!(text);
}

/// Replays a stream at its own speed on the real terminal, for a person to look at:
/// `STREAM=tests/events/parallel.jsonl cargo test -p todoctl-screen -- --ignored --nocapture replay_for_the_eye`.
#[test]
#[ignore = "takes as long as the run that was recorded"]
#[expect(clippy::disallowed_methods, reason = "a test has no cli that reads the environment for it")]
fn replay_for_the_eye() {
    let path = PathBuf::from(std::env::var_os("STREAM").unwrap());
    let term = std::env::var("TERM").ok();
    let environment =
        TerminalVariables { term, locale: Some("C.UTF-8".to_owned()), ..TerminalVariables::default() };
    let output = Output::standard(Color::Auto, &environment, Redactor::default());
    let look = output.note_look;
    let (result, note) = output.into_writers();
    let verbose = std::env::var_os("VERBOSE").is_some();
    let screen = Screen::start(renderer(
        Progress::Auto,
        Stage { result, note, look, verbose, rerun: None, github: None },
    ));
    let mut sink = screen.sink();
    let events = event::read(&std::fs::read(path).unwrap());
    let shift = Timestamp::now().duration_since(events[0].at);
    for event in events {
        let at = event.at + shift;
        let wait = at.duration_since(Timestamp::now());
        std::thread::sleep(wait.try_into().unwrap_or_default());
        sink.event(&Stamped { at, event: event.event });
    }
    screen.finish();
}
