//! Owns the live screen: one moving line per running step, finished ones above as plain lines.
//! Refuses to hold the text back: lines go around indicatif, which drops what it prints without a terminal.

use std::io::{self, Write};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use jiff::Timestamp;

use super::line::{Active, Lines, active};
use super::summary::{print_summary, url};
use super::{Renderer, Stage};
use crate::output::{Tone, print};
use crate::report::Report;
use todoctl_core::text;
use todoctl_plan::event::{Event, Sink, Stamped};
use todoctl_plan::step::StepId;

/// Redraws per second.
const RATE: u8 = 20;

/// Shows live lines. indicatif leaves the cursor visible all the time, so nothing needs to be restored.
pub(super) struct Tty {
    multi: MultiProgress,
    style: ProgressStyle,
    bars: Vec<(Option<StepId>, ProgressBar)>,
    result: Box<dyn Write + Send>,
    note: Box<dyn Write + Send>,
    lines: Lines,
    rerun: Option<String>,
    report: Report,
}

impl Tty {
    /// Shows on standard error.
    pub(super) fn new(stage: Stage) -> Self {
        Self::on(Term::stderr(), Some(RATE), stage)
    }

    /// Shows on any terminal; without a rate, every change is drawn.
    pub(super) fn on(term: impl TermLike + 'static, rate: Option<u8>, stage: Stage) -> Self {
        let term = Box::new(Forgiving(term));
        let target = match rate {
            Some(rate) => ProgressDrawTarget::term_like_with_hz(term, rate),
            None => ProgressDrawTarget::term_like(term),
        };
        let spinner = stage.look.pick("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ", "|/-\\ ");
        let template = if stage.look.color {
            "{prefix:.dim} {spinner} {wide_msg}"
        } else {
            "{prefix} {spinner} {wide_msg}"
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self {
            multi: MultiProgress::with_draw_target(target),
            style: style.tick_chars(spinner),
            bars: Vec::new(),
            result: stage.result,
            note: stage.note,
            lines: Lines { look: stage.look, verbose: stage.verbose },
            rerun: stage.rerun,
            report: Report::default(),
        }
    }

    /// Prints above the live lines.
    fn note(&mut self, line: &str) {
        let note = &mut self.note;
        self.multi.suspend(|| print(note, line));
    }

    /// Makes the live lines say what is going on now.
    fn refresh(&mut self, now: Timestamp) {
        let mut active = active(&self.report, now);
        // What lies between two steps is mostly too short to be read.
        active.retain(|one| one.step.is_some() || one.seconds >= 1.0);
        let multi = &self.multi;
        self.bars.retain(|(step, bar)| {
            let stays = active.iter().any(|one| one.step == step.as_ref());
            if !stays {
                bar.finish_and_clear();
                multi.remove(bar);
            }
            stays
        });
        for (place, one) in active.iter().enumerate() {
            if self.bars.get(place).is_none_or(|(step, _)| step.as_ref() != one.step) {
                let bar = self.multi.insert(place, ProgressBar::new_spinner().with_style(self.style.clone()));
                self.bars.insert(place, (one.step.cloned(), bar));
            }
            if let Some((_, bar)) = self.bars.get(place) {
                bar.set_prefix(
                    one.step.map_or_else(|| "    ".to_owned(), |step| Lines::number(step, &self.report)),
                );
                bar.set_message(self.live(one));
                bar.tick();
            }
        }
    }

    /// A live line behind its spinner: what is long comes last and may be cut by the edge.
    fn live(&self, one: &Active<'_>) -> String {
        let since = text::whole_seconds(one.seconds);
        let Some(step) = one.step else {
            return format!("{} {since}", one.what);
        };
        let what = if one.what.is_empty() { self.lines.change(step, &self.report) } else { one.what.clone() };
        let title = text::clean_line(&self.report.title(step));
        let since = self.lines.look.paint(Tone::Dim, &since);
        format!("{title} {since} {what}").trim_end().to_owned()
    }

    fn end(&mut self) {
        self.clear();
        print_summary(&mut self.note, &self.report, self.lines.look, self.rerun.as_deref());
        if let Some(url) = url(&self.report) {
            print(&mut self.result, &url);
        }
    }

    fn clear(&mut self) {
        for (_, bar) in self.bars.drain(..) {
            bar.finish_and_clear();
        }
        let _ = self.multi.clear();
    }
}

impl Sink for Tty {
    fn event(&mut self, stamped: &Stamped) {
        let Stamped { at, event } = stamped;
        let moving = matches!(
            event,
            Event::StepStarted { .. }
                | Event::StepWaiting { .. }
                | Event::StepProgress { .. }
                | Event::UndoStarted { .. }
        );
        let line = self.lines.event(event, &self.report).filter(|_| !moving);
        self.report.apply(stamped);
        if let Some(line) = line {
            self.note(&line);
        }
        if let Event::RunFinished { .. } = event {
            self.end();
        } else {
            self.refresh(*at);
        }
    }
}

impl Renderer for Tty {
    fn tick(&mut self, now: Timestamp) {
        self.refresh(now);
    }

    fn finish(&mut self) {
        self.clear();
    }
}

/// A terminal that never fails: indicatif panics when one does.
#[derive(Debug)]
struct Forgiving<T>(T);

impl<T: TermLike> TermLike for Forgiving<T> {
    fn width(&self) -> u16 {
        self.0.width()
    }

    fn height(&self) -> u16 {
        self.0.height()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n).or(Ok(()))
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n).or(Ok(()))
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n).or(Ok(()))
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n).or(Ok(()))
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text).or(Ok(()))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text).or(Ok(()))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line().or(Ok(()))
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush().or(Ok(()))
    }
}
