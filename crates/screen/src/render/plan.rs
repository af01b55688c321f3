//! Owns how a plan looks: as text for people, as JSON for programs.
//! Refuses to leave out a changing command: what is printed is what a run performs.

use serde_json::{Value, json};

use super::line::ORDER;
use crate::output::{Look, Tone};
use todoctl_core::invocation::{Invocation, Stdin};
use todoctl_core::text;
use todoctl_plan::plan::{Plan, PlannedStep};
use todoctl_plan::step::{Change, Undo};

/// Version of the JSON form.
pub const FORMAT: u32 = 1;

/// A plan for people, without colour.
pub fn text(plan: &Plan, verbose: bool) -> String {
    styled_text(plan, verbose, Look::PLAIN)
}

/// A plan for people.
pub fn styled_text(plan: &Plan, verbose: bool, look: Look) -> String {
    let mut page = Page { look, lines: Vec::new() };
    let cluster =
        plan.cluster.as_deref().map_or_else(String::new, |name| format!(" on {}", text::clean_line(name)));
    page.push(look.paint(Tone::Strong, &format!("Plan for {}{cluster}", text::clean_line(&plan.profile))));
    if plan.known_after_start {
        page.wrapped("The cluster is not running. It is started first; the rest is known then.", "");
    }
    page.push(String::new());
    let collapse =
        |step: &&PlannedStep| !verbose && step.decision.change.is_none() && step.decision.notes.is_empty();
    for step in plan.steps.iter().filter(|step| !collapse(step)) {
        page.step(step);
    }
    let collapsed = plan.steps.iter().filter(collapse).count();
    if collapsed > 0 {
        page.push(format!("     = {} {}", text::count(collapsed, "step"), unchanged(plan)));
    }
    for closing in &plan.closing {
        page.wrapped(&format!("     * then: {}", text::clean_line(&closing.title)), HANG);
        page.commands(&closing.commands, verbose);
    }
    page.push(String::new());
    page.push(look.paint(Tone::Strong, &last_line(plan)));
    page.lines.join("\n")
}

/// A plan for programs.
pub fn json(plan: &Plan) -> Value {
    let count = Count::of(plan);
    let steps: Vec<Value> = plan.steps.iter().map(step_json).collect();
    let commands: Vec<String> = plan.commands().map(Invocation::line).collect();
    json!({
        "format": FORMAT,
        "profile": plan.profile,
        "cluster": plan.cluster,
        "known_after_start": plan.known_after_start,
        "changes": {
            "create": count.create,
            "update": count.update,
            "remove": count.remove,
            "unchanged": if plan.known_after_start { 0 } else { count.unchanged },
            // What a step does is decided once the cluster runs.
            "unknown": if plan.known_after_start { count.unchanged } else { 0 },
        },
        "steps": steps,
        "closing": plan.closing,
        "commands": commands,
    })
}

fn step_json(step: &PlannedStep) -> Value {
    json!({
        "step": step.step,
        "title": step.title,
        "order": step.order,
        "needs": step.needs,
        "change": step.decision.change,
        "notes": step.decision.notes,
        "commands": step.decision.apply,
        "checks": step.decision.checks,
        "undo": undo_json(&step.decision.undo),
        "undo_commands": step.undo,
    })
}

/// An undo without the content of the objects it restores: what somebody else made may hold a password.
fn undo_json(undo: &Undo) -> Value {
    let mut json = json!(undo);
    for reversal in json.get_mut("reversals").and_then(Value::as_array_mut).into_iter().flatten() {
        for object in reversal.get_mut("objects").and_then(Value::as_array_mut).into_iter().flatten() {
            *object = json!({"kind": object["kind"], "name": object["metadata"]["name"]});
        }
    }
    json
}

/// Columns before the title of a step: number, mark and spaces.
const HANG: &str = "        ";

/// The lines of a plan so far.
struct Page {
    look: Look,
    lines: Vec<String>,
}

impl Page {
    fn push(&mut self, line: String) {
        self.lines.push(line);
    }

    fn wrapped(&mut self, line: &str, hang: &str) {
        self.lines.extend(text::wrap(line, self.look.width, hang));
    }

    fn step(&mut self, step: &PlannedStep) {
        let arrow = self.look.pick("→", "->");
        let (mark, tone, what) = match &step.decision.change {
            Change::None { why } => ("=", Tone::Dim, text::clean_line(why)),
            Change::Create { to } => ("+", Tone::Good, text::clean_line(to)),
            Change::Update { from, to } => {
                let what = format!("{} {arrow} {}", text::clean_line(from), text::clean_line(to));
                ("~", Tone::Careful, what)
            }
            Change::Remove { from } => ("-", Tone::Bad, text::clean_line(from)),
        };
        let number = self.look.paint(Tone::Dim, &format!("{:>2}/{}", step.order, ORDER));
        let mark = self.look.paint(tone, mark);
        self.wrapped(&format!("{number} {mark} {}: {what}", text::clean_line(&step.title)), HANG);
        for note in &step.decision.notes {
            let head = self.look.paint(Tone::Careful, "note:");
            self.wrapped(&format!("{HANG}{head} {}", text::clean_line(note)), &format!("{HANG}  "));
        }
        self.commands(&step.decision.apply, true);
    }

    /// Commands are never broken, so that they can be copied.
    fn commands(&mut self, commands: &[Invocation], input: bool) {
        for command in commands {
            let line = text::clean_line(&command.line());
            self.push(format!("{HANG}{}", self.look.paint(Tone::Dim, &format!("$ {line}"))));
            match &command.stdin {
                Stdin::None => {}
                Stdin::Public(text) if input => self.input(text),
                Stdin::Public(_) => self.push(format!("{HANG}  < (shown with --verbose)")),
                Stdin::Secret(_) => self.push(format!("{HANG}  < (secret, not shown)")),
            }
        }
    }

    /// What a command reads: JSON in its compact form, anything else as it is.
    fn input(&mut self, input: &str) {
        let compact =
            serde_json::from_str::<Value>(input).ok().and_then(|value| text::json_line(&value).ok());
        let shown = compact.unwrap_or_else(|| text::clean(input));
        for line in shown.lines() {
            let line = self.look.paint(Tone::Dim, &format!("< {line}"));
            self.push(format!("{HANG}  {line}"));
        }
    }
}

/// How many steps do what.
#[derive(Debug, Default)]
struct Count {
    create: usize,
    update: usize,
    remove: usize,
    unchanged: usize,
}

impl Count {
    fn of(plan: &Plan) -> Self {
        let mut count = Self::default();
        for step in &plan.steps {
            *match &step.decision.change {
                Change::None { .. } => &mut count.unchanged,
                Change::Create { .. } => &mut count.create,
                Change::Update { .. } => &mut count.update,
                Change::Remove { .. } => &mut count.remove,
            } += 1;
        }
        count
    }
}

/// What steps without a change are called: while the cluster is down, nobody knows yet.
fn unchanged(plan: &Plan) -> &'static str {
    if plan.known_after_start { "known after start" } else { "unchanged" }
}

fn last_line(plan: &Plan) -> String {
    if plan.is_empty() && !plan.known_after_start {
        return "Nothing to do.".to_owned();
    }
    let count = Count::of(plan);
    let mut parts = Vec::new();
    for (number, what) in [
        (count.create, "to create"),
        (count.update, "to update"),
        (count.remove, "to remove"),
        (count.unchanged, unchanged(plan)),
    ] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    let checked =
        plan.steps.iter().filter(|step| step.decision.change.is_none() && !step.decision.checks.is_empty());
    match checked.count() {
        0 => {}
        number => parts.push(format!("{number} of them to be checked")),
    }
    format!("Plan: {}.", parts.join(", "))
}
