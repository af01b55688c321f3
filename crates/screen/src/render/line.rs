//! Owns the lines of a run: one event, one line that names its step.
//! Refuses to decide whether and where a line is printed: `plain` and `tty` do.

use jiff::Timestamp;

use crate::output::{Look, Tone};
use crate::report::{Report, StepProgress, StepReport, seconds_between};
use todoctl_core::text;
use todoctl_plan::event::{Event, Seen, StepResult, UndoResult};
use todoctl_plan::step::{Change, StepId};

/// Steps of the documented order.
pub(super) const ORDER: u8 = 9;
/// Columns before the title of a step: number, mark and spaces.
const HANG: &str = "        ";

/// What a line says about its step, as one character.
#[derive(Debug, Clone, Copy)]
enum Sign {
    Start,
    Wait,
    Done,
    Same,
    Failed,
    Skipped,
    Undo,
    Command,
}

/// Turns events into lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    pub(super) look: Look,
    pub(super) verbose: bool,
}

impl Lines {
    /// The line of an event; `before` is the report without it. Nothing for events that say nothing new, and for
    /// the last one, which is the summary's.
    pub(super) fn event(&self, event: &Event, before: &Report) -> Option<String> {
        match event {
            Event::RunStarted { run, command, profile, .. } => {
                let run = self.look.paint(Tone::Dim, &format!("(run {run})"));
                Some(format!("todoctl {} {run}", text::clean_line(&format!("{command} {profile}"))))
            }
            Event::StepStarted { step } => self.started(step, before),
            Event::CommandStarted { step, command } => {
                let command = self.look.paint(Tone::Dim, &text::clean_line(command));
                self.verbose.then(|| self.unbroken(step, before, Sign::Command, &command))
            }
            Event::CommandFinished { step, seconds, exit, .. } => {
                let text = ended(*exit, *seconds)?;
                self.verbose.then(|| self.step(step, before, Sign::Command, &text))
            }
            Event::StepWaiting { step, why: what } | Event::StepProgress { step, what } => {
                Some(self.waiting(step, before, what))
            }
            Event::CheckPassed { step, check, seconds, requests, seen } => {
                self.held(step, before, check, (*seconds, *requests), seen)
            }
            Event::StepFinished { step, result, seconds } => {
                Some(self.finished(step, before, result, *seconds))
            }
            Event::EvidenceSaved { folder, .. } => {
                Some(format!("evidence saved in {}", text::clean_line(&folder.display().to_string())))
            }
            Event::UnwindStarted { cause, steps } => Some(self.unwinding(cause, steps, before)),
            Event::UndoFinished { step, result, seconds } => {
                Some(self.undone(step, before, result, *seconds))
            }
            Event::Warning { message } => {
                let head = self.look.paint(Tone::Careful, "warning:");
                Some(self.wrap(&format!("{head} {}", text::clean_line(message)), "  "))
            }
            // The line before has named all undos. One that takes long shows in the heartbeat, with what its command says.
            Event::UndoStarted { .. } | Event::CommandSaid { .. } | Event::RunFinished { .. } => None,
        }
    }

    /// What a step waits for, or does.
    pub(super) fn waiting(&self, step: &StepId, report: &Report, why: &str) -> String {
        self.step(step, report, Sign::Wait, &text::clean_line(why))
    }

    /// What is going on after a long silence, and since when. The whole reason has been shown before.
    pub(super) fn heartbeat(&self, report: &Report, now: Timestamp) -> Vec<String> {
        let line = |one: &Active<'_>| {
            let since = text::whole_seconds(one.seconds);
            let what = match one.what.as_str() {
                "" => format!("still running after {since}"),
                what => format!("still after {since}: {what}"),
            };
            let line = match one.step {
                Some(step) => self.unbroken(step, report, Sign::Wait, &what),
                None => format!("     {} {what}", self.mark(Sign::Wait)),
            };
            text::cut(&line, self.look.width, self.look.pick("…", "..."))
        };
        active(report, now).iter().map(line).collect()
    }

    /// The number of a step, right-aligned: ` 6/9`.
    pub(super) fn number(step: &StepId, report: &Report) -> String {
        let total = report.steps.iter().map(|step| step.info.order).fold(ORDER, u8::max);
        report.step(step).map_or_else(|| "    ".to_owned(), |step| format!("{:>2}/{total}", step.info.order))
    }

    /// What a step is about to change; empty when nothing.
    pub(super) fn change(&self, step: &StepId, report: &Report) -> String {
        match report.step(step).map(|step| &step.info.change) {
            None | Some(Change::None { .. }) => String::new(),
            Some(Change::Create { to }) => text::clean_line(to),
            Some(Change::Update { from, to }) => {
                let arrow = self.look.pick("→", "->");
                format!("{} {arrow} {}", text::clean_line(from), text::clean_line(to))
            }
            Some(Change::Remove { from }) => format!("remove {}", text::clean_line(from)),
        }
    }

    fn started(&self, step: &StepId, report: &Report) -> Option<String> {
        // A step without a change says so when its checks hold.
        let what = self.change(step, report);
        (!what.is_empty()).then(|| self.step(step, report, Sign::Start, &what))
    }

    /// The figures of a check; of one without expectations only when asked for.
    fn held(
        &self,
        step: &StepId,
        report: &Report,
        check: &str,
        (seconds, requests): (f64, u32),
        seen: &[Seen],
    ) -> Option<String> {
        let mut figures = match seen {
            [] if !self.verbose => return None,
            [] => format!("answered in {}", text::latency(seconds)),
            seen => Seen::list(seen),
        };
        if self.verbose {
            figures = format!("{figures}, {}", text::count(requests as usize, "request"));
        }
        Some(self.step(step, report, Sign::Done, &text::clean_line(&format!("{check}: {figures}"))))
    }

    fn finished(&self, step: &StepId, report: &Report, result: &StepResult, seconds: f64) -> String {
        let took = text::duration(seconds);
        match result {
            StepResult::Unchanged => self.unchanged(step, report),
            StepResult::Checked => {
                self.step(step, report, Sign::Done, &format!("healthy, checked in {took}"))
            }
            StepResult::Verified => self.step(step, report, Sign::Done, &format!("done in {took}")),
            StepResult::Failed { cause } => {
                let text = format!("failed after {took}: {}", text::clean_line(report.own(step, cause)));
                self.step(step, report, Sign::Failed, &text)
            }
            StepResult::Skipped => {
                let begun = report.step(step).is_some_and(|step| step.forward != StepProgress::Pending);
                self.step(step, report, Sign::Skipped, if begun { "stopped" } else { "not started" })
            }
        }
    }

    fn unchanged(&self, step: &StepId, report: &Report) -> String {
        let why = match report.step(step).map(|step| &step.info.change) {
            Some(Change::None { why }) if self.verbose => format!(", {}", text::clean_line(why)),
            Some(_) | None => String::new(),
        };
        self.step(step, report, Sign::Same, &format!("unchanged{why}"))
    }

    fn unwinding(&self, cause: &str, steps: &[StepId], report: &Report) -> String {
        let titles: Vec<String> = steps.iter().map(|step| text::clean_line(&report.title(step))).collect();
        let what = match titles.as_slice() {
            [] => "nothing to roll back".to_owned(),
            titles => format!("rolling back: {}", titles.join(", ")),
        };
        // A failed step has said why in its own line; an interruption has not.
        let text = if report.steps.iter().any(has_failed) {
            what
        } else {
            format!("{}; {what}", text::clean_line(cause))
        };
        self.wrap(&self.look.paint(Tone::Careful, &text), "  ")
    }

    fn undone(&self, step: &StepId, report: &Report, result: &UndoResult, seconds: f64) -> String {
        let took = text::duration(seconds);
        match result {
            UndoResult::Undone => self.step(step, report, Sign::Undo, &format!("undone in {took}")),
            UndoResult::Untouched { why } => {
                let text = format!("left as it is: {}", text::clean_line(why));
                self.step(step, report, Sign::Same, &text)
            }
            UndoResult::Failed { cause } => {
                let text = format!("undo failed after {took}: {}", text::clean_line(report.own(step, cause)));
                self.step(step, report, Sign::Failed, &text)
            }
        }
    }

    fn step(&self, step: &StepId, report: &Report, mark: Sign, text: &str) -> String {
        self.wrap(&self.unbroken(step, report, mark, text), HANG)
    }

    fn unbroken(&self, step: &StepId, report: &Report, mark: Sign, text: &str) -> String {
        let number = self.look.paint(Tone::Dim, &Self::number(step, report));
        let title = text::clean_line(&report.title(step));
        format!("{number} {} {title}: {text}", self.mark(mark))
    }

    fn wrap(&self, text: &str, hang: &str) -> String {
        text::wrap(text, self.look.width, hang).join("\n")
    }

    fn mark(&self, mark: Sign) -> String {
        let (text, tone) = match mark {
            Sign::Start => (self.look.pick("▸", ">"), Tone::Strong),
            Sign::Wait => (self.look.pick("…", "."), Tone::Dim),
            Sign::Done => (self.look.pick("✓", "*"), Tone::Good),
            Sign::Same => ("=", Tone::Dim),
            Sign::Failed => (self.look.pick("✗", "x"), Tone::Bad),
            Sign::Skipped => ("-", Tone::Dim),
            Sign::Undo => (self.look.pick("↩", "<"), Tone::Careful),
            Sign::Command => ("$", Tone::Dim),
        };
        self.look.paint(tone, text)
    }
}

/// How a command ended, when not well.
fn ended(exit: Option<i32>, seconds: f64) -> Option<String> {
    let how = match exit {
        Some(0) => return None,
        Some(status) => format!("exit status {status}"),
        None => "not started or stopped".to_owned(),
    };
    Some(format!("{how} after {}", text::duration(seconds)))
}

/// Something that is going on.
#[derive(Debug, Clone)]
pub(super) struct Active<'a> {
    /// The step; nothing for work of the whole run.
    pub(super) step: Option<&'a StepId>,
    /// What its command says or what it waits for; empty when unknown.
    pub(super) what: String,
    /// For how long.
    pub(super) seconds: f64,
}

/// Everything that is going on: steps, undos, and what follows them. Never empty between the first and the last event.
pub(super) fn active(report: &Report, now: Timestamp) -> Vec<Active<'_>> {
    let (Some(begun), None) = (report.started, &report.finished) else {
        return Vec::new();
    };
    let phase = report.unwind.as_ref().map_or(begun, |unwind| unwind.started);
    let mut found = Vec::new();
    for step in &report.steps {
        let running = step.running_since();
        if running.is_some() || step.waiting.is_some() {
            let undoing = step.undo.since().is_some();
            let what = step.said.as_deref().or(step.waiting.as_deref()).map(text::clean_line);
            found.push(Active {
                step: Some(&step.info.step),
                what: what.unwrap_or_else(|| if undoing { "undoing".to_owned() } else { String::new() }),
                seconds: seconds_between(running.unwrap_or(phase), now),
            });
        }
    }
    if found.is_empty() {
        let since = report.newest.unwrap_or(phase);
        let what = between(report).to_owned();
        found.push(Active { step: None, what, seconds: seconds_between(since, now) });
    }
    found
}

/// What goes on while no step runs.
fn between(report: &Report) -> &'static str {
    match &report.unwind {
        Some(_) => "checking that everything is back as it was",
        None if report.steps.iter().any(has_failed) => "collecting evidence",
        None if report.steps.iter().any(|step| step.forward != StepProgress::Pending) => "finishing",
        None => "preparing",
    }
}

fn has_failed(step: &StepReport) -> bool {
    matches!(step.forward.result(), Some(StepResult::Failed { .. }))
}
