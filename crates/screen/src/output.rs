//! Owns the two streams: results on standard output, everything else on standard error; and what each can show.
//! Refuses to read the environment (the program does) and to fail: a closed terminal or a full disk changes no outcome.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use console::{Style, Term};

use todoctl_core::redact::Redactor;

/// Columns of a stream whose width is unknown.
const WIDTH: usize = 80;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal that can, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The variables that decide what a stream can show. Read once, by the program.
#[derive(Debug, Clone, Default)]
pub struct TerminalVariables {
    /// `NO_COLOR`: any text but the empty one turns colour off.
    pub no_color: Option<String>,
    /// `CLICOLOR`: `0` turns colour off.
    pub clicolor: Option<String>,
    /// `CLICOLOR_FORCE`: anything but empty and `0` turns colour on, also in a pipe.
    pub clicolor_force: Option<String>,
    /// `TERM`: `dumb` has neither colour nor moving lines.
    pub term: Option<String>,
    /// The locale: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is not empty.
    pub locale: Option<String>,
}

impl TerminalVariables {
    /// Whether the terminal only takes lines.
    pub fn is_dumb(&self) -> bool {
        self.term.as_deref() == Some("dumb")
    }

    /// Whether text may hold more than ASCII.
    pub fn is_unicode(&self) -> bool {
        let locale = self.locale.as_deref().unwrap_or_default().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    }

    fn color(&self, color: Color, terminal: bool) -> bool {
        let set = |value: &Option<String>| value.as_deref().is_some_and(|text| !text.is_empty());
        match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set(&self.no_color) => false,
            Color::Auto if set(&self.clicolor_force) && self.clicolor_force.as_deref() != Some("0") => true,
            Color::Auto => terminal && !self.is_dumb() && self.clicolor.as_deref() != Some("0"),
        }
    }
}

/// What a stream can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether colour is used.
    pub color: bool,
    /// Whether characters outside ASCII are used.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
    /// Whether lines can be rewritten: a terminal that is not dumb.
    pub live: bool,
}

impl Look {
    /// No colour, 80 columns, lines only.
    pub const PLAIN: Self = Self { color: false, unicode: true, width: WIDTH, live: false };

    /// Decides once for one stream.
    pub fn decide(color: Color, environment: &TerminalVariables, terminal: bool, width: Option<u16>) -> Self {
        Self {
            color: environment.color(color, terminal),
            unicode: environment.is_unicode(),
            width: width.map_or(WIDTH, usize::from).max(20),
            live: terminal && !environment.is_dumb(),
        }
    }

    /// Colours text, if this stream does.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let style = Style::new().force_styling(true);
        let style = match tone {
            Tone::Good => style.green(),
            Tone::Bad => style.red().bold(),
            Tone::Careful => style.yellow(),
            Tone::Strong => style.bold(),
            Tone::Dim => style.dim(),
        };
        style.apply_to(text).to_string()
    }

    /// The Unicode text, or its ASCII stand-in.
    pub fn pick(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }
}

/// What a piece of text is to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Success.
    Good,
    /// Failure.
    Bad,
    /// Worth a look.
    Careful,
    /// Stands out.
    Strong,
    /// Background.
    Dim,
}

/// The two streams of the process.
pub struct Output {
    result: Box<dyn Write + Send>,
    note: Box<dyn Write + Send>,
    redactor: Redactor,
    /// What standard output can show.
    pub result_look: Look,
    /// What standard error can show.
    pub note_look: Look,
}

impl Output {
    /// The streams of this process, without the secret values that a redactor knows.
    pub fn standard(color: Color, environment: &TerminalVariables, redactor: Redactor) -> Self {
        let look = |term: &Term| {
            let width = term.size_checked().map(|(_, width)| width);
            Look::decide(color, environment, term.is_term(), width)
        };
        let (result_look, note_look) = (look(&Term::stdout()), look(&Term::stderr()));
        console::set_colors_enabled(result_look.color);
        console::set_colors_enabled_stderr(note_look.color);
        Self {
            result: Box::new(AutoStream::new(io::stdout(), choice(result_look))),
            note: Box::new(AutoStream::new(io::stderr(), choice(note_look))),
            redactor,
            result_look,
            note_look,
        }
    }

    /// Streams that go elsewhere.
    pub fn to(result: Box<dyn Write + Send>, note: Box<dyn Write + Send>, look: Look) -> Self {
        Self { result, note, redactor: Redactor::default(), result_look: look, note_look: look }
    }

    /// Prints a result on standard output, with a line end.
    pub fn result(&mut self, text: &str) {
        self.line(text);
    }

    /// The same; answers whether it could be written, for a command that would otherwise write for good to a reader
    /// that is gone.
    pub fn line(&mut self, text: &str) -> bool {
        print(&mut self.result, &self.redactor.text(text))
    }

    /// Prints anything else on standard error, with a line end.
    pub fn note(&mut self, text: &str) {
        print(&mut self.note, &self.redactor.text(text));
    }

    /// Prints what another program must get to see, such as GitHub's runner the values that it is to hide.
    pub fn note_unredacted(&mut self, text: &str) {
        print(&mut self.note, text);
    }

    /// The two writers, for a renderer.
    pub fn into_writers(self) -> (Box<dyn Write + Send>, Box<dyn Write + Send>) {
        (self.result, self.note)
    }
}

/// Writes text and a line end in one piece. A failure to write is no failure of the run.
pub(crate) fn print(writer: &mut dyn Write, text: &str) -> bool {
    let line = format!("{}\n", text.trim_end_matches('\n'));
    writer.write_all(line.as_bytes()).and_then(|()| writer.flush()).is_ok()
}

fn choice(look: Look) -> ColorChoice {
    if look.color { ColorChoice::AlwaysAnsi } else { ColorChoice::Never }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: TerminalVariables =
        TerminalVariables { no_color: None, clicolor: None, clicolor_force: None, term: None, locale: None };

    #[test]
    fn colour_is_decided_once_and_by_the_strongest_wish() {
        let nothing = NOTHING;
        let no = TerminalVariables {
            no_color: Some("1".to_owned()),
            clicolor_force: Some("1".to_owned()),
            ..NOTHING
        };
        let force = TerminalVariables { clicolor_force: Some("1".to_owned()), ..NOTHING };
        let force_off = TerminalVariables { clicolor_force: Some("0".to_owned()), ..NOTHING };
        let off = TerminalVariables { clicolor: Some("0".to_owned()), ..NOTHING };
        let dumb = TerminalVariables { term: Some("dumb".to_owned()), ..NOTHING };
        let empty = TerminalVariables { no_color: Some(String::new()), ..NOTHING };
        for (environment, terminal, expected) in [
            (&nothing, true, true),
            (&nothing, false, false),
            (&no, true, false),
            (&force, false, true),
            (&force_off, false, false),
            (&off, true, false),
            (&dumb, true, false),
            (&empty, true, true),
        ] {
            let look = Look::decide(Color::Auto, environment, terminal, None);
            assert_eq!(look.color, expected, "{environment:?} on a terminal: {terminal}");
        }
        assert!(Look::decide(Color::Always, &no, false, None).color);
        assert!(!Look::decide(Color::Never, &force, true, None).color);
    }

    #[test]
    fn an_unknown_width_is_80_and_a_silly_one_is_not_believed() {
        let environment = TerminalVariables { locale: Some("de_DE.UTF-8".to_owned()), ..NOTHING };
        let look = |width| Look::decide(Color::Auto, &environment, true, width);
        assert_eq!((look(None).width, look(Some(120)).width, look(Some(0)).width), (80, 120, 20));
        assert!(look(None).unicode);
        assert!(!Look::decide(Color::Auto, &NOTHING, true, None).unicode);
    }
}
