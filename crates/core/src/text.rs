//! Owns text for people: cleaning foreign text, fitting it to a width, durations and counts.
//! Refuses to know what is printed (`render`) and where (`output`).

use std::iter::Peekable;
use std::str::Chars;

use serde::Serialize;

/// Makes foreign text safe to print: escape sequences, control characters and marks that reorder or hide text are
/// removed. Line ends stay, tabs become spaces. A log must not steer a terminal or a CI service.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => skip_string(&mut chars),
            '\n' => out.push('\n'),
            '\t' | '\u{2028}' | '\u{2029}' => out.push(' '),
            '\r' if chars.peek().is_some_and(|next| *next != '\n') => out.push(' '),
            _ if is_hazard(c) => {}
            _ => out.push(c),
        }
    }
    // The old form of GitHub's workflow commands counts anywhere in a line.
    out.replace("##[", "## [")
}

/// Cleans foreign text into a single line.
pub fn clean_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One line of JSON in which every hazardous character is escaped, so that it may be shown on a terminal.
pub fn json_line<T: Serialize>(value: &T) -> serde_json::Result<String> {
    use std::fmt::Write as _;
    let json = serde_json::to_string(value)?;
    let mut out = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if is_hazard(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    // The old form of GitHub's workflow commands counts anywhere in a line; in JSON it can only be inside a text.
    let mut out = out.replace("##[", "\\u0023#[");
    out.push('\n');
    Ok(out)
}

/// Cuts a line to a width in columns. Escape sequences of our own and characters stay whole.
pub fn cut(line: &str, width: usize, tail: &str) -> String {
    console::truncate_str(line, width, tail).into_owned()
}

/// Breaks text into lines of at most `width` columns, between words only: a word that is longer (a path, an image,
/// a command) stays whole, so that it can be copied. Continuation lines begin with `hang`.
pub fn wrap(text: &str, width: usize, hang: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = console::measure_text_width(word);
        let fresh = line.is_empty();
        if !fresh && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            line.push_str(hang);
            used = console::measure_text_width(hang);
            if word.starts_with("::") {
                // A line that begins so is a command to GitHub Actions.
                line.push_str("| ");
                used += 2;
            }
        } else if !fresh {
            line.push(' ');
            used += 1;
        } else if lines.is_empty() {
            let indent = text.len() - text.trim_start_matches(' ').len();
            line.push_str(&text[..indent]);
            used = indent;
        }
        line.push_str(word);
        used += length;
    }
    lines.push(line);
    lines
}

/// A short time for people: `120 ms`, and from one second on like `duration`.
pub fn latency(seconds: f64) -> String {
    let milliseconds = (seconds.max(0.0) * 1000.0).round();
    if milliseconds < 1000.0 { format!("{milliseconds} ms") } else { duration(seconds) }
}

/// A duration as people say it: `0.4s`, `12.3s`, `1m 04s`, `2h 05m`.
pub fn duration(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() / 10.0;
    if tenths < 60.0 {
        return format!("{tenths:.1}s");
    }
    whole_seconds(seconds)
}

/// A duration in whole seconds, for something that is still going on: `42s`, `1m 04s`.
pub fn whole_seconds(seconds: f64) -> String {
    let rounded = std::time::Duration::try_from_secs_f64(seconds.max(0.0).round());
    let total = rounded.map_or(0, |duration| duration.as_secs());
    match (total / 3600, total / 60 % 60, total % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s:02}s"),
        (h, m, _) => format!("{h}h {m:02}m"),
    }
}

/// "128 MB", of bytes; less than one is "under 1 MB".
pub fn megabytes(bytes: u64) -> String {
    match bytes / 1_000_000 {
        0 => "under 1 MB".to_owned(),
        megabytes => format!("{megabytes} MB"),
    }
}

/// A count with its noun: `1 step`, `2 steps`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Whether a character can steer a terminal, reorder what is read, or hide in it.
fn is_hazard(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Skips what follows ESC.
fn skip_escape(chars: &mut Peekable<Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_control_sequence(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            skip_string(chars);
        }
        _ => {
            while chars.next_if(|c| (' '..='/').contains(c)).is_some() {}
            chars.next_if(|c| ('0'..='~').contains(c));
        }
    }
}

/// Skips parameters and the final byte of a control sequence.
fn skip_control_sequence(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| (' '..='?').contains(c)).is_some() {}
    chars.next_if(|c| ('@'..='~').contains(c));
}

/// Skips a string such as OSC up to its end, but never beyond the line: one that is not closed must not hide what
/// follows.
fn skip_string(chars: &mut Peekable<Chars<'_>>) {
    while let Some(c) = chars.next_if(|c| *c != '\n') {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                chars.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        for (foreign, shown) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]52;c;ZXZpbA==\u{7}copied", "copied"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9d}0;title\u{9c}text", "text"),
            ("\u{9b}2Jcleared", "cleared"),
            ("\u{1b}P+q\u{1b}\\dcs", "dcs"),
            ("\u{1b}(0box\u{1b}c", "box"),
            ("open \u{1b}]0;never closed\nnext line", "open \nnext line"),
            ("bell\u{7} back\u{8} nul\0", "bell back nul"),
            ("admin\u{202e}nimda\u{2066}x\u{200b}", "adminnimdax"),
            ("10%\r50%\r100%\r\n", "10% 50% 100%\n"),
            ("a\tb", "a b"),
            ("##[error]x", "## [error]x"),
            ("größe ✓ 日本", "größe ✓ 日本"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
        ] {
            assert_eq!(clean(foreign), shown, "{foreign:?}");
        }
    }

    #[test]
    fn a_line_of_json_holds_nothing_raw() {
        let line = json_line(&"a\u{1b}[0m\u{9b}\u{202e}\u{e0041}\u{7f}ü").unwrap();
        assert_eq!(line, "\"a\\u001b[0m\\u009b\\u202e\\udb40\\udc41\\u007fü\"\n");
        let back: String = serde_json::from_str(&line).unwrap();
        assert_eq!(back, "a\u{1b}[0m\u{9b}\u{202e}\u{e0041}\u{7f}ü");
    }

    #[test]
    fn wrapping_keeps_words_and_widths() {
        assert_eq!(wrap("one two three", 8, "  "), ["one two", "  three"]);
        assert_eq!(wrap("  indented text", 10, "    "), ["  indented", "    text"]);
        assert_eq!(
            wrap("an /averylongpath/that/stays end", 8, ""),
            ["an", "/averylongpath/that/stays", "end"]
        );
        assert_eq!(wrap("日本 日本", 5, ""), ["日本", "日本"]);
        assert_eq!(wrap("", 5, ""), [""]);
        assert_eq!(wrap("log ::error::x", 6, ""), ["log", "| ::error::x"]);
    }

    #[test]
    fn cutting_keeps_characters() {
        assert_eq!(cut("日本語", 5, "…"), "日本…");
        assert_eq!(cut("short", 5, "…"), "short");
    }

    #[test]
    fn durations_read_well() {
        let shown: Vec<_> = [0.04, 3.24, 59.96, 64.0, 3599.6, 7500.0].into_iter().map(duration).collect();
        assert_eq!(shown, ["0.0s", "3.2s", "1m 00s", "1m 04s", "1h 00m", "2h 05m"]);
        assert_eq!(whole_seconds(42.4), "42s");
        assert_eq!(duration(f64::NAN), "0.0s");
        assert_eq!(count(1, "step") + &count(2, "step"), "1 step2 steps");
    }
}
