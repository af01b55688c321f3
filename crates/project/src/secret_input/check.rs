//! Owns what a secret value must look like. Refuses to show the value in what it says about it.

use secrecy::{ExposeSecret, SecretString};

use crate::profile::{SecretValue, Secrets};
use crate::secret_input::form;

/// What is wrong with a value of a name, and with what is derived from it: a sentence each, never with the value.
pub fn problems(secrets: &Secrets, name: &str, value: &SecretString) -> Vec<String> {
    let Some(spec) = secrets.values.get(name) else { return Vec::new() };
    let found = declared(spec, value);
    // What is malformed is not derived from: one mistake, one sentence.
    if found.is_empty() { form::problems(secrets, name, value) } else { found }
}

/// What differs from the declaration.
fn declared(spec: &SecretValue, value: &SecretString) -> Vec<String> {
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

    fn found(fields: &str, value: &str) -> String {
        let secrets: Secrets = serde_yaml::from_str(&format!("values: {{v: {fields}}}")).unwrap();
        problems(&secrets, "v", &value.to_owned().into()).join("; ")
    }

    #[test]
    fn every_problem_is_named_and_the_value_is_not() {
        let cases = [
            ("{}", "", "it is empty"),
            ("{}", "CANARY\n", "ends with a line break or a space"),
            ("{}", "CAN\u{1b}ARY", "holds a control character"),
            ("{schemes: [https]}", "https://CAN\nARY", "holds a control character"),
            ("{min-length: 8}", "CANARY", "6 characters, at least 8 are needed"),
            ("{schemes: [http, https]}", "ftp://CANARY", "not a URL that starts with http:// or https://"),
            ("{schemes: [http]}", "http://", "not a URL that starts with http://"),
            (
                "{min-length: 20, schemes: [http]}",
                "CAN\tARY ",
                "ends with a line break or a space; holds a control character; \
                 8 characters, at least 20 are needed; not a URL that starts with http://",
            ),
        ];
        for (fields, value, expected) in cases {
            assert_eq!(found(fields, value), expected);
        }
    }

    #[test]
    fn a_value_from_which_nothing_can_be_derived_is_refused() {
        let secrets = "values: {v: {schemes: [postgresql]}, d: {from: v, form: postgres}}";
        let secrets: Secrets = serde_yaml::from_str(secrets).unwrap();
        let found = |value: &str| problems(&secrets, "v", &value.to_owned().into());
        assert_eq!(found("mysql://CANARY"), ["not a URL that starts with postgresql://"]);
        assert_eq!(
            found("postgresql:///CANARY"),
            [
                "d cannot be derived from it: it names no host, or a Unix socket: a sidecar reaches a database by the \
              network only"
            ]
        );
        assert!(found("postgresql://h/CANARY").is_empty());
    }

    #[test]
    fn sound_values_pass() {
        for (fields, value) in [
            ("{min-length: 3}", "äöü"),
            ("{schemes: [postgres]}", "POSTGRES://u:p@h/d"),
            ("{}", "-----BEGIN-----\nx\n-----END-----"),
        ] {
            assert_eq!(found(fields, value), "", "{value}");
        }
    }
}
