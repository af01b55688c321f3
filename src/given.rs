//! Owns the secret values that a person gives: from an env file or the process environment, checked against the profile.
//! Refuses to show a value in any message, and to know what is in the cluster.

mod check;
mod env_file;
mod form;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;

use secrecy::SecretString;
use thiserror::Error;

use crate::profile::{SecretValue, Secrets};

pub use check::problems;
pub use env_file::{EnvFile, EnvFileError};
pub use form::derive;

/// The values that were given, by their name in the profile.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Value name to value.
    pub values: BTreeMap<String, SecretString>,
}

/// Given values that cannot be used: one line for each, never with the value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", problems.join("\n"))]
pub struct GivenError {
    /// One line per value.
    pub problems: Vec<String>,
}

impl GivenError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "Correct the values where they come from; they are never shown here. Nothing was changed."
    }
}

/// Collects the values that the profile declares by variable: the env file wins over the environment,
/// and an empty text counts as not given. The error holds every value that is not acceptable.
pub fn collect(
    secrets: &Secrets,
    env_file: Option<&EnvFile>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Given, GivenError> {
    let mut given = Given::default();
    let mut problems = Vec::new();
    for (name, spec) in &secrets.values {
        let Some(variable) = &spec.env else { continue };
        let from_file = env_file.and_then(|file| Some((file.get(variable)?.clone(), file.place(variable))));
        let (value, place) = match from_file {
            Some(found) => found,
            None => {
                match environment(variable).filter(|value| !value.is_empty()).map(OsString::into_string) {
                    None => continue,
                    Some(Ok(value)) => (value.into(), "the environment".to_owned()),
                    Some(Err(_)) => {
                        problems
                            .push(format!("{name}, given as {variable} in the environment: not UTF-8 text"));
                        continue;
                    }
                }
            }
        };
        match check::problems(secrets, name, &value) {
            found if found.is_empty() => {
                given.values.insert(name.clone(), value);
            }
            found => problems.push(format!("{name}, given as {variable} in {place}: {}", found.join("; "))),
        }
    }
    if problems.is_empty() {
        return Ok(given);
    }
    Err(GivenError { problems })
}

/// The variables that hold secrets: children never inherit them.
pub fn env_names(secrets: &Secrets) -> impl Iterator<Item = &str> {
    secrets.values.values().filter_map(|spec| spec.env.as_deref())
}

/// What to tell a person when values are neither given nor in the cluster: the message and the hint.
pub fn missing_message(missing: &[(&str, &SecretValue)]) -> (String, String) {
    let mut message = match missing.len() {
        1 => "a secret value is missing:".to_owned(),
        count => format!("{count} secret values are missing:"),
    };
    for (name, spec) in missing {
        let _ = write!(message, "\n  {name}");
        if let Some(description) = &spec.description {
            let _ = write!(message, ": {description}");
        }
        match (&spec.env, spec.command.as_slice()) {
            (Some(variable), []) => {
                let _ = write!(message, " (give it as {variable})");
            }
            (Some(variable), command) => {
                let _ = write!(message, " (give it as {variable}, or make `{}` print it)", command.join(" "));
            }
            (None, []) => {
                message.push_str(" (the profile names no `env`, `command` or `generate` for it)");
            }
            (None, command) => {
                let _ = write!(message, " (make `{}` print it)", command.join(" "));
            }
        }
    }
    (message, missing_hint(missing))
}

fn missing_hint(missing: &[(&str, &SecretValue)]) -> String {
    let variables: Vec<String> =
        missing.iter().filter_map(|(_, spec)| Some(format!("{}=...", spec.env.as_ref()?))).collect();
    if variables.is_empty() {
        return "Add `env`, `command` or `generate` to these values in the profile.".to_owned();
    }
    format!(
        "Write a file with {} and pass it as `--env-file FILE`, or export the same names. Keep the file out of git.",
        match variables.as_slice() {
            [one] => format!("the line {one}"),
            many => format!("the lines {}", many.join(" ")),
        }
    )
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const CANARY: &str = "CANARY-7f3a";

    fn secrets() -> Secrets {
        serde_yaml::from_str(
            "values:
  auth-secret: {env: AUTH, min-length: 32, description: Signs sessions}
  database-url: {env: DATABASE_URL, schemes: [postgres, postgresql], command: [sandbox, database]}
  other: {}
",
        )
        .unwrap()
    }

    fn nothing(_: &str) -> Option<OsString> {
        None
    }

    #[test]
    fn every_bad_value_is_reported_and_none_is_shown() {
        let file = EnvFile::parse(".env", &format!("\nAUTH={CANARY}\n")).unwrap();
        let error =
            collect(&secrets(), Some(&file), |_| Some(format!("http://{CANARY}\n").into())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "auth-secret, given as AUTH in .env, line 2: 11 characters, at least 32 are needed\n\
             database-url, given as DATABASE_URL in the environment: ends with a line break or a space; \
             not a URL that starts with postgres:// or postgresql://"
        );
        for form in [error.to_string(), format!("{error:?}"), error.hint().to_owned(), format!("{file:?}")] {
            assert!(!form.contains(CANARY), "{form}");
        }
    }

    #[test]
    fn text_that_is_not_utf_8_is_refused_without_showing_it() {
        use std::os::unix::ffi::OsStringExt;
        let bytes = [CANARY.as_bytes(), b"\xff"].concat();
        let error = collect(&secrets(), None, |_| Some(OsString::from_vec(bytes.clone()))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "auth-secret, given as AUTH in the environment: not UTF-8 text\n\
             database-url, given as DATABASE_URL in the environment: not UTF-8 text"
        );
    }

    #[test]
    fn the_env_file_wins_and_empty_means_not_given() {
        let file =
            EnvFile::parse(".env", &format!("DATABASE_URL=postgres://{CANARY}\nAUTH=\nUNKNOWN=1\n")).unwrap();
        let given =
            collect(&secrets(), Some(&file), |name| (name == "DATABASE_URL").then(|| "bad".into())).unwrap();
        let names: Vec<&String> = given.values.keys().collect();
        assert_eq!(names, ["database-url"]);
        assert_eq!(given.values["database-url"].expose_secret(), format!("postgres://{CANARY}"));
        assert!(!format!("{given:?}").contains(CANARY));

        let long = "x".repeat(32);
        let given =
            collect(&secrets(), Some(&file), |name| (name == "AUTH").then(|| (&long).into())).unwrap();
        assert_eq!(given.values["auth-secret"].expose_secret(), long);
        assert!(collect(&secrets(), None, nothing).unwrap().values.is_empty());
        assert!(collect(&secrets(), None, |_| Some("".into())).unwrap().values.is_empty());
    }

    #[test]
    fn the_variables_of_secrets_are_known() {
        assert_eq!(env_names(&secrets()).collect::<Vec<_>>(), ["AUTH", "DATABASE_URL"]);
    }

    #[test]
    fn missing_values_are_listed_with_how_to_give_them() {
        let secrets = secrets();
        let all: Vec<(&str, &SecretValue)> = secrets.values.iter().map(|(n, s)| (n.as_str(), s)).collect();
        let (message, hint) = missing_message(&all);
        assert_eq!(
            message,
            "3 secret values are missing:\n  \
             auth-secret: Signs sessions (give it as AUTH)\n  \
             database-url (give it as DATABASE_URL, or make `sandbox database` print it)\n  \
             other (the profile names no `env`, `command` or `generate` for it)"
        );
        assert_eq!(
            hint,
            "Write a file with the lines AUTH=... DATABASE_URL=... and pass it as `--env-file FILE`, \
             or export the same names. Keep the file out of git."
        );
        let (message, hint) = missing_message(&all[2..]);
        assert_eq!(
            message,
            "a secret value is missing:\n  other (the profile names no `env`, `command` or `generate` for it)"
        );
        assert_eq!(hint, "Add `env`, `command` or `generate` to these values in the profile.");
    }
}
