//! Owns replacing what differs from run to run: ids, suffixes, hashes, times, paths.

use std::sync::OnceLock;

use regex::{Captures, Regex};

/// Patterns and what stands for them.
const PATTERNS: [(&str, &str); 24] = [
    (r"\b\d+\.\d GiB free\b", "[GIB] free"),
    (r"\b[0-9a-f]{64}\b", "[SHA256]"),
    (r"::(stop-commands::)?[0-9a-f]{32}(::)?", "::${1}[TOKEN]${2}"),
    (r"\b\d+[smhd] ago\b", "[AGO]"),
    // What follows in a column is as far away as what a slow machine makes of it.
    (r"\[AGO\] {2,}", "[AGO]  "),
    // Which steps it names depends on how fast the machine is.
    (r"\n  longest chain: .*(\n    .*)*", ""),
    (r"\n\nLongest chain: .*", ""),
    (r"\b\d{8}-\d{6}-[0-9a-f]{4}\b", "[RUN]"),
    (r"\[RUN\]\.[0-9a-f]{16}\b", "[RUN].[ID]"),
    (r"  [0-9a-f]{8}  \[RUN\]", "  [SECRET]  [RUN]"),
    (r"\b(backend|frontend|old|audit|dapr)-deployment-[0-9a-f]{10}-[0-9a-f]{5}\b", "[$1 POD]"),
    (r"((?:todoctl\.dev/)?(?:digest|dapr)[=\x22:\\]+)[0-9a-f]{32}", "${1}[DIGEST]"),
    (r"\bprocess \d+", "process [PID]"),
    // The fake API server is behind a proxy of its own.
    (r"(proxy\s+http://127\.0\.0\.1:)\d+", "${1}[PORT]"),
    (r"\b\d{4}-\d\d-\d\dT[0-9:.]+Z", "[TIME]"),
    (r"(\\*\x22seconds\\*\x22):[0-9.e-]+", "${1}:0"),
    (r"\b\d+\.\d+s\b", "[SECONDS]"),
    // Below a second a short time is in milliseconds.
    (r"\b\d+ ms\b", "[SECONDS]"),
    (r"\b\d+m \d\ds\b", "[SECONDS]"),
    (r"\[SECONDS\] {2,}", "[SECONDS]  "),
    (r"\x22requests\x22:\d+", "\"requests\":0"),
    (r"\bcheck-[0-9a-f]{16}\b", "check-[ID]"),
    (r"@[^ ,]+, process", "@[HOST], process"),
    (r"\x22stdin_secret_bytes\x22: ?\d+", "\"stdin_secret_bytes\":0"),
];

fn patterns() -> &'static [(Regex, &'static str)] {
    static PATTERNS_READY: OnceLock<Vec<(Regex, &'static str)>> = OnceLock::new();
    PATTERNS_READY.get_or_init(|| {
        PATTERNS.iter().map(|(pattern, with)| (Regex::new(pattern).expect("a pattern"), *with)).collect()
    })
}

fn suffix() -> &'static Regex {
    static SUFFIX: OnceLock<Regex> = OnceLock::new();
    SUFFIX.get_or_init(|| {
        Regex::new(r"\b((?:backend|frontend|dapr|ocir)-secrets)-([0-9a-f]{8})\b").expect("a pattern")
    })
}

/// A text in which everything random has its name; versions of a Secret are numbered as they appear.
pub(crate) fn text(text: &str, folder: &str) -> String {
    let mut text = text.replace(folder, "[DIR]");
    for (pattern, with) in patterns() {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    text = once(&text);
    let mut seen: Vec<String> = Vec::new();
    let numbered = suffix().replace_all(&text, |found: &Captures<'_>| {
        let whole = found[0].to_owned();
        let at = seen.iter().position(|one| *one == whole).unwrap_or_else(|| {
            seen.push(whole.clone());
            seen.len() - 1
        });
        let before = seen[..=at].iter().filter(|one| one.starts_with(&found[1])).count();
        format!("{}-[V{before}]", &found[1])
    });
    numbered.into_owned()
}

fn ending() -> &'static Regex {
    static ENDING: OnceLock<Regex> = OnceLock::new();
    ENDING.get_or_init(|| Regex::new(r#"(ending\\*":)(?:null|\{[^}]*\})"#).expect("a pattern"))
}

/// A text in which pods of a release that say the same are shown once: how many of them are known to be doomed at the
/// moment of a failure depends on how fast the machine is.
fn once(text: &str) -> String {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    for line in text.split('\n') {
        let inside = line.starts_with("    │   ") && blocks.last().is_some_and(|block| is_log(block[0]));
        match blocks.last_mut() {
            Some(block) if inside => block.push(line),
            _ => blocks.push(vec![line]),
        }
    }
    blocks.dedup_by(|later, earlier| is_log(later[0]) && later == earlier);
    blocks.concat().join("\n")
}

fn is_log(line: &str) -> bool {
    line.starts_with("    │ last log lines of [")
}

/// One command line, for comparing a plan with a run: versions of Secrets are all the same, and how the run ended is
/// known only when it has.
pub(crate) fn line(text: &str) -> String {
    let text = ending().replace_all(text, "$1[ENDING]");
    let mut text = suffix().replace_all(&text, "$1-[VERSION]").into_owned();
    for (pattern, with) in patterns() {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    text
}
