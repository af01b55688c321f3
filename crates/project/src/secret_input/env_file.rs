//! Owns the env file: `KEY=VALUE` lines. Refuses to expand variables, and to quote a line in an error:
//! a line that cannot be read may still hold a secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use thiserror::Error;

/// The values of an env file, by key. Blank lines, `#` comments, `export `, single quotes (taken as they are) and
/// double quotes (`\n`, `\"` and `\\`) are known; of a key that is there twice the later line counts.
#[derive(Debug, Clone)]
pub struct EnvFile {
    path: PathBuf,
    values: BTreeMap<String, (usize, SecretString)>,
}

/// An env file that cannot be read. Names the line, never its text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}:{line}: {cause}", path.display())]
pub struct EnvFileError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub cause: &'static str,
}

impl EnvFileError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "Each line is KEY=VALUE, blank, or a comment that starts with `#`. The line itself is not shown: it may be a secret."
    }
}

impl EnvFile {
    /// Reads the text of an env file; `path` is for messages.
    pub fn parse(path: impl AsRef<Path>, text: &str) -> Result<Self, EnvFileError> {
        let path = path.as_ref().to_path_buf();
        let mut values = BTreeMap::new();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = assignment(line).map_err(|cause| EnvFileError {
                path: path.clone(),
                line: index + 1,
                cause,
            })?;
            values.insert(key.to_owned(), (index + 1, value.into()));
        }
        Ok(Self { path, values })
    }

    /// The value of a key; an empty one counts as not given.
    pub fn get(&self, key: &str) -> Option<&SecretString> {
        use secrecy::ExposeSecret;
        let (_, value) = self.values.get(key)?;
        (!value.expose_secret().is_empty()).then_some(value)
    }

    /// Where a key was given, for messages.
    pub(super) fn place(&self, key: &str) -> String {
        let line = self.values.get(key).map_or(0, |(line, _)| *line);
        format!("{}, line {line}", self.path.display())
    }
}

fn assignment(line: &str) -> Result<(&str, String), &'static str> {
    let line = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => line,
    };
    let (key, value) = line.split_once('=').ok_or("a line without `=`")?;
    let key = key.trim_end();
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if key.is_empty() || key.starts_with(|c: char| c.is_ascii_digit()) || !key.chars().all(inner) {
        return Err("what stands before `=` is not the name of a variable");
    }
    Ok((key, unquoted(value.trim_start())?))
}

fn unquoted(value: &str) -> Result<String, &'static str> {
    const OPEN: &str = "a quote that is not closed on the same line";
    if let Some(rest) = value.strip_prefix('\'') {
        let (inner, after) = rest.split_once('\'').ok_or(OPEN)?;
        nothing_but_comment(after)?;
        return Ok(inner.to_owned());
    }
    let Some(rest) = value.strip_prefix('"') else {
        let end = value.find(" #").or_else(|| value.find("\t#")).unwrap_or(value.len());
        return Ok(value[..end].trim_end().to_owned());
    };
    let mut text = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                nothing_but_comment(chars.as_str())?;
                return Ok(text);
            }
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some(escaped @ ('"' | '\\')) => text.push(escaped),
                Some(_) => {
                    return Err(
                        "an escape other than `\\n`, `\\\"` and `\\\\`; single quotes take text as it is",
                    );
                }
                None => return Err(OPEN),
            },
            _ => text.push(c),
        }
    }
    Err(OPEN)
}

fn nothing_but_comment(after: &str) -> Result<(), &'static str> {
    let after = after.trim_start();
    if after.is_empty() || after.starts_with('#') {
        return Ok(());
    }
    Err("text after the closing quote")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_bad_line_is_named_and_not_shown() {
        let cases = [
            ("\n# x\nCANARY", "f.env:3: a line without `=`"),
            ("export CANARY", "f.env:1: a line without `=`"),
            ("=CANARY", "f.env:1: what stands before `=` is not the name of a variable"),
            ("post-CANARY=1", "f.env:1: what stands before `=` is not the name of a variable"),
            ("A='CANARY", "f.env:1: a quote that is not closed on the same line"),
            ("A=\"CANARY\\\"", "f.env:1: a quote that is not closed on the same line"),
            ("A=\"CANARY\\", "f.env:1: a quote that is not closed on the same line"),
            ("A=\"x\"CANARY", "f.env:1: text after the closing quote"),
            (
                "A=\"CAN\\ARY\"",
                "f.env:1: an escape other than `\\n`, `\\\"` and `\\\\`; single quotes take text as it is",
            ),
        ];
        for (text, expected) in cases {
            let error = EnvFile::parse("f.env", text).unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(!format!("{error:?} {}", error.hint()).contains("CANARY"));
        }
    }

    #[test]
    fn every_accepted_form() {
        let text = "\u{feff}A=plain\r\nB = 'a # \\n b' # note\nexport C=\"x\\n\\\"\\\\\"\n\nD=a=b # note\nE=\nF=a#b\nA=later\nexported=1\n";
        let file = EnvFile::parse("f", text).unwrap();
        let get = |key: &str| file.get(key).map(ExposeSecret::expose_secret);
        assert_eq!(get("A"), Some("later"));
        assert_eq!(get("B"), Some("a # \\n b"));
        assert_eq!(get("C"), Some("x\n\"\\"));
        assert_eq!(get("D"), Some("a=b"));
        assert_eq!(get("E"), None);
        assert_eq!(get("F"), Some("a#b"));
        assert_eq!(get("exported"), Some("1"));
        assert_eq!(get("missing"), None);
    }

    proptest! {
        /// Whatever is written in double quotes comes back, and no text makes the parser fall over.
        #[test]
        fn double_quotes_carry_every_text(value in "[^\r\n]*(\n[^\r\n]*)?") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let file = EnvFile::parse("f", &format!("K=\"{quoted}\"")).unwrap();
            let found = file.get("K").map(|value| value.expose_secret().to_owned());
            prop_assert_eq!(found, (!value.is_empty()).then_some(value));
        }
    }
}
