//! Owns secrets that were committed: known by the form of a value, or by what a file is. Refuses to repeat one.
//!
//! A value of a well-known form counts wherever it stands. A password in an address counts unless it is a placeholder:
//! short, a known example word, or something to be filled in. A line that says `todoctl-lint: no secret` is believed.

use std::path::Path;

use super::Fault;

/// What a line says that only looks like a secret.
const BELIEVED: &str = "todoctl-lint: no secret";
/// Words that stand for a password in examples and tests.
const EXAMPLES: [&str; 12] = [
    "password",
    "passwd",
    "secret",
    "hunter",
    "canary",
    "example",
    "changeme",
    "change-me",
    "placeholder",
    "test",
    "your",
    "xxx",
];
/// Tokens by their beginning, how many characters follow at least, and what they are.
const TOKENS: [(&str, usize, &str); 16] = [
    ("AKIA", 16, "an AWS access key"),
    ("ghp_", 36, "a GitHub token"),
    ("gho_", 36, "a GitHub token"),
    ("ghs_", 36, "a GitHub token"),
    ("github_pat_", 40, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("sk-ant-", 30, "an Anthropic API key"),
    ("sk-proj-", 30, "an OpenAI API key"),
    ("sk_live_", 20, "a Stripe key"),
    ("gsk_", 40, "a Groq API key"),
    ("AIza", 35, "a Google API key"),
    ("npg_", 12, "a Neon password"),
    ("dckr_pat_", 20, "a Docker token"),
    ("AGE-SECRET-KEY-", 50, "an age key"),
];

/// Looks through a file that is committed. `text` is absent for one that is no text.
pub fn find(file: &Path, text: Option<&str>) -> Vec<Fault> {
    let mut found: Vec<Fault> = by_name(file).into_iter().collect();
    let Some(text) = text else { return found };
    let mut believed = false;
    for (index, line) in text.lines().enumerate() {
        // The mark stands on the line or on the one before it.
        let said = std::mem::replace(&mut believed, line.contains(BELIEVED)) || believed;
        if let Some(what) = in_line(line).filter(|_| !said) {
            found.push(fault(file, Some(index + 1), what));
        }
    }
    found
}

fn fault(file: &Path, line: Option<usize>, what: &str) -> Fault {
    Fault {
        file: file.to_owned(),
        line,
        rule: "secret",
        message: format!("{what} is committed"),
        fix: format!(
            "make it useless where it is valid and take it out of git's history; a mere example says `{BELIEVED}`"
        ),
    }
}

/// Files that hold nothing but secrets.
fn by_name(file: &Path) -> Option<Fault> {
    let name = file.file_name()?.to_string_lossy();
    let is_env = name == ".env" || (name.starts_with(".env.") && !is_template(&name));
    let is_key = ["id_rsa", "id_ed25519", "id_ecdsa", "id_dsa"].contains(&name.as_ref());
    let what = match (is_env, is_key) {
        (true, _) => "a file of secrets (.env)",
        (_, true) => "a private key",
        (false, false) => return None,
    };
    Some(fault(file, None, what))
}

fn is_template(name: &str) -> bool {
    ["example", "sample", "template", "dist"].iter().any(|word| name.contains(word))
}

fn in_line(line: &str) -> Option<&'static str> {
    if is_private_key(line) {
        return Some("a private key");
    }
    let token = TOKENS.iter().find(|(start, length, _)| {
        line.match_indices(start).any(|(at, _)| is_token(&line[..at], &line[at + start.len()..], *length))
    });
    token.map(|(_, _, what)| *what).or_else(|| has_password(line).then_some("a password in an address"))
}

/// The first line of a key, alone or inside a text, but not of a program that looks for one.
fn is_private_key(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['"', '\'']);
    line.strip_prefix("-----BEGIN ").is_some_and(|rest| {
        rest.split_once("PRIVATE KEY-----").is_some_and(|(kind, _)| {
            kind.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ')
        })
    })
}

fn is_token(before: &str, after: &str, length: usize) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let body: &str = after.split(|c| !inside(c)).next().unwrap_or_default();
    let starts = !before.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    // Random characters have digits and are not one letter again and again.
    let varied = body.chars().collect::<std::collections::BTreeSet<char>>().len() > 6;
    starts && body.len() >= length && varied && !is_example(body)
}

/// `scheme://user:password@host` with a password that could be a real one.
fn has_password(line: &str) -> bool {
    line.match_indices("://").any(|(at, _)| {
        let rest = &line[at + 3..];
        let end = rest.find(|c: char| c.is_whitespace() || "\"'`<>/,)".contains(c)).unwrap_or(rest.len());
        let Some((user, _)) = rest[..end].rsplit_once('@') else { return false };
        user.split_once(':').is_some_and(|(_, password)| could_be_real(password))
    })
}

/// Whether a text could be a real password: long enough, no example, not to be filled in.
pub(super) fn could_be_real(password: &str) -> bool {
    let filled_in = ["$", "{", "%s", "*", "[", "…", "..."].iter().any(|part| password.contains(part));
    // `%2F` is one character.
    let length = password.chars().count() - 2 * password.matches('%').count().min(password.len() / 3);
    length >= 8 && !filled_in && !is_example(password)
}

fn is_example(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    EXAMPLES.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        find(Path::new("a.yaml"), Some(text)).into_iter().filter_map(|fault| fault.line).collect()
    }

    /// Put together here, so that this file holds none.
    fn token(start: &str) -> String {
        format!("{start}{}", "aB3dE5gH7jK9".repeat(5))
    }

    #[test]
    fn secrets_are_known_by_their_form_and_not_repeated() {
        for (start, _, _) in TOKENS {
            let text = format!("a: 1\nkey: {}\n", token(start));
            let found = find(Path::new("a.yaml"), Some(&text));
            assert_eq!(found.len(), 1, "{start}");
            let told = format!("{} {}", found[0], found[0].fix);
            assert!(told.starts_with("a.yaml:2: secret: ") && !told.contains("aB3dE5"), "{told}");
        }
        let url = format!("url: postgres://todo:{}@db/todo", "n0tAnExmpl3");
        assert_eq!(lines(&url), [1]);
        let key = format!("-----BEGIN {} KEY-----\nabc\n", "RSA PRIVATE");
        assert_eq!(lines(&key), [1]);
    }

    #[test]
    fn placeholders_and_believed_lines_are_no_secrets() {
        let url = |password: &str| format!("postgres://todo:{password}@db/todo");
        for fine in ["p", "password", "sandbox-password", "${DB_PASSWORD}", "%s", "{password}", "CHANGEME-1"]
        {
            assert!(lines(&url(fine)).is_empty(), "{fine}");
        }
        assert!(lines(&format!("{} # todoctl-lint: no secret", url("n0tAnExmpl3"))).is_empty());
        assert!(lines(&format!("# todoctl-lint: no secret\n{}", url("n0tAnExmpl3"))).is_empty());
        assert!(lines(&format!("ghp_{}", "x".repeat(40))).is_empty(), "one letter again and again");
        assert!(lines(&format!("task{}", token("sk_live_"))).is_empty(), "inside a word");
    }

    #[test]
    fn files_that_hold_secrets_are_known_by_name() {
        let named = |name: &str| !find(Path::new(name), None).is_empty();
        assert!(named(".env") && named("app/.env.production") && named("deploy/id_ed25519"));
        assert!(!named(".env.example") && !named("env") && !named("src/environment.rs"));
    }
}
