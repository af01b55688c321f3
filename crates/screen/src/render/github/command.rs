//! Owns the lines that GitHub's runner takes for commands, and their escaping (actions/runner, `ActionCommand.cs`).

use todoctl_core::diagnostic::Code;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A failure.
    Error,
    /// Worth a look.
    Warning,
}

/// A place in the repository: file and line, from 1.
pub type Place<'a> = (&'a str, Option<usize>);

/// The title of an annotation with the reason, which can be looked up in `docs/reasons.md`.
pub fn title(text: &str, code: Code) -> String {
    if code == Code::Unknown { text.to_owned() } else { format!("{text} ({code})") }
}

/// A line that becomes an annotation: shown on the page of the run, and beside the file it is about.
pub fn annotation(level: Level, title: &str, place: Option<Place<'_>>, message: &str) -> String {
    let level = match level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let mut properties = format!("title={}", property(title));
    if let Some((file, line)) = place {
        properties = format!("file={},{properties}", property(file));
        if let Some(line) = line {
            properties = format!("{properties},line={line}");
        }
    }
    format!("::{level} {properties}::{}", data(message))
}

/// No line is a command any more, until `resume`.
pub fn stop(token: &str) -> String {
    format!("::stop-commands::{token}")
}

/// Lines are commands again.
pub fn resume(token: &str) -> String {
    format!("::{token}::")
}

/// The lines that follow can be folded away, until `end_group`.
pub fn group(title: &str) -> String {
    format!("::group::{}", data(title))
}

/// The end of a group.
pub fn end_group() -> &'static str {
    "::endgroup::"
}

/// A value that the runner hides wherever it appears; it must be one line.
pub fn mask(line: &str) -> String {
    format!("::add-mask::{}", data(line))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_cannot_end_the_command() {
        assert_eq!(
            annotation(
                Level::Error,
                "a: b, 5%",
                Some(("profiles/a,b.yaml", Some(7))),
                "one\r\n::error::two, 9%"
            ),
            "::error file=profiles/a%2Cb.yaml,title=a%3A b%2C 5%25,line=7::one%0D%0A::error::two, 9%25"
        );
        assert_eq!(annotation(Level::Warning, "t", None, "m"), "::warning title=t::m");
        assert_eq!(group("50%\n::endgroup::"), "::group::50%25%0A::endgroup::");
        assert_eq!(mask("a%b"), "::add-mask::a%25b");
        assert_eq!((stop("x"), resume("x")), ("::stop-commands::x".to_owned(), "::x::".to_owned()));
    }
}
