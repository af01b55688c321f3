//! Owns values that come as one JSON object, from standard input or a file: `{"auth-secret": "…"}`, by the names of the
//! profile. Refuses to quote anything of it but names.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::Value;
use thiserror::Error;

use crate::profile::Secrets;

/// The values of an object, by value name.
#[derive(Debug, Clone)]
pub struct SecretObject {
    /// Where it came from, for messages: a path, or "standard input".
    pub(super) place: String,
    pub(super) values: BTreeMap<String, SecretString>,
}

/// An object that cannot be used. Names fields, never their values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {cause}")]
pub struct ObjectError {
    /// Where it came from.
    pub place: String,
    /// What is wrong with it.
    pub cause: String,
}

impl ObjectError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "Give one JSON object of texts, by the names under `secrets.values`: {\"auth-secret\": \"...\"}. Nothing was changed."
    }
}

impl SecretObject {
    /// Reads the text of an object; every name must be a value of the profile that can be given.
    pub fn parse(secrets: &Secrets, place: &str, text: &str) -> Result<Self, ObjectError> {
        let refuse = |cause: String| ObjectError { place: place.to_owned(), cause };
        let fields: serde_json::Map<String, Value> = serde_json::from_str(text).map_err(|error| {
            refuse(format!("not a JSON object (line {}, column {})", error.line(), error.column()))
        })?;
        let mut values = BTreeMap::new();
        for (name, value) in fields {
            let value = match (secrets.values.get(&name), value) {
                (None, _) => {
                    let known: Vec<&str> = given_names(secrets).collect();
                    return Err(refuse(format!(
                        "no value is named `{name}`; there are: {}",
                        known.join(", ")
                    )));
                }
                (Some(spec), _) if spec.from.is_some() => {
                    let from = spec.from.as_deref().unwrap_or_default();
                    return Err(refuse(format!("`{name}` is derived from `{from}`; give that one")));
                }
                (Some(_), Value::String(value)) => value,
                (
                    Some(_),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
                ) => {
                    return Err(refuse(format!("`{name}` is not a text")));
                }
            };
            // Like everywhere: an empty text counts as not given.
            if !value.is_empty() {
                values.insert(name, value.into());
            }
        }
        Ok(Self { place: place.to_owned(), values })
    }
}

/// The values that can be given: all but derived ones.
fn given_names(secrets: &Secrets) -> impl Iterator<Item = &str> {
    secrets.values.iter().filter(|(_, spec)| spec.from.is_none()).map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn parse(text: &str) -> Result<SecretObject, ObjectError> {
        let secrets =
            "values: {auth-secret: {}, database-url: {}, other: {from: database-url, form: postgres}}";
        SecretObject::parse(&serde_yaml::from_str(secrets).unwrap(), "standard input", text)
    }

    #[test]
    fn a_bad_object_is_described_and_not_shown() {
        let cases = [
            ("CANARY", "not a JSON object (line 1, column 1)"),
            ("[\"CANARY\"]", "not a JSON object (line 1, column 0)"),
            ("{\"auth-secret\": \"CANARY\"", "not a JSON object (line 1, column 24)"),
            ("{\"auth-secret\": [\"CANARY\"]}", "`auth-secret` is not a text"),
            ("{\"auth\": \"CANARY\"}", "no value is named `auth`; there are: auth-secret, database-url"),
            ("{\"other\": \"CANARY\"}", "`other` is derived from `database-url`; give that one"),
        ];
        for (text, expected) in cases {
            let error = parse(text).unwrap_err();
            assert_eq!(error.to_string(), format!("standard input: {expected}"));
            assert!(!format!("{error:?} {}", error.hint()).contains("CANARY"));
        }
    }

    #[test]
    fn texts_are_taken_and_empty_ones_are_not_given() {
        let object = parse("{\"auth-secret\": \"\", \"database-url\": \"CANARY \\u00e9\\n\"}").unwrap();
        assert_eq!(object.values.keys().collect::<Vec<_>>(), ["database-url"]);
        assert_eq!(object.values["database-url"].expose_secret(), "CANARY é\n");
        assert!(!format!("{object:?}").contains("CANARY"));
    }
}
