//! Owns what a secret value must look like. Refuses to show the value in what it says about it.

use secrecy::{ExposeSecret, SecretString};

use crate::profile::SecretValue;

/// Checks a value against its declaration; the error names every problem, and never the value.
pub fn validate(name: &str, spec: &SecretValue, value: &SecretString) -> Result<(), String> {
    let found = problems(spec, value);
    if found.is_empty() {
        return Ok(());
    }
    Err(format!("{name}: {}", found.join("; ")))
}

pub(super) fn problems(spec: &SecretValue, value: &SecretString) -> Vec<String> {
    let text = value.expose_secret();
    let mut found = Vec::new();
    if text.is_empty() {
        return vec!["it is empty".to_owned()];
    }
    let body = text.trim_end();
    if body.len() < text.len() {
        found.push("ends with a line break or a space".to_owned());
    }
    // A line break inside is fine: certificates have them. A URL never has one.
    let refused = |c: char| c.is_control() && (c != '\n' || !spec.schemes.is_empty());
    if body.chars().any(refused) {
        found.push("holds a control character".to_owned());
    }
    let (length, fewest) = (text.chars().count(), usize::from(spec.min_length.unwrap_or(0)));
    if length < fewest {
        found.push(format!("{length} characters, at least {fewest} are needed"));
    }
    if !spec.schemes.is_empty() && !is_url(text, &spec.schemes) {
        let starts: Vec<String> = spec.schemes.iter().map(|scheme| format!("{scheme}://")).collect();
        found.push(format!("not a URL that starts with {}", starts.join(" or ")));
    }
    found
}

fn is_url(text: &str, schemes: &[String]) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        !rest.is_empty() && schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(fields: &str) -> SecretValue {
        serde_yaml::from_str(fields).unwrap()
    }

    #[test]
    fn every_problem_is_named_and_the_value_is_not() {
        let cases = [
            ("{}", "", "v: it is empty"),
            ("{}", "CANARY\n", "v: ends with a line break or a space"),
            ("{}", "CAN\u{1b}ARY", "v: holds a control character"),
            ("{schemes: [https]}", "https://CAN\nARY", "v: holds a control character"),
            ("{min-length: 8}", "CANARY", "v: 6 characters, at least 8 are needed"),
            ("{schemes: [http, https]}", "ftp://CANARY", "v: not a URL that starts with http:// or https://"),
            ("{schemes: [http]}", "http://", "v: not a URL that starts with http://"),
            (
                "{min-length: 20, schemes: [http]}",
                "CAN\tARY ",
                "v: ends with a line break or a space; holds a control character; \
                 8 characters, at least 20 are needed; not a URL that starts with http://",
            ),
        ];
        for (fields, value, expected) in cases {
            let error = validate("v", &spec(fields), &value.to_owned().into()).unwrap_err();
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn sound_values_pass() {
        for (fields, value) in [
            ("{min-length: 3}", "äöü"),
            ("{schemes: [postgres]}", "POSTGRES://u:p@h/d"),
            ("{}", "-----BEGIN-----\nx\n-----END-----"),
        ] {
            assert_eq!(validate("v", &spec(fields), &value.to_owned().into()), Ok(()), "{value}");
        }
    }
}
