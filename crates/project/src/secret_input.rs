//! Owns the secret values that a person gives: as JSON, in an env file, in the process environment; checked against the
//! profile, and what is derived from them.
//! Refuses to show a value in any message, and to know what is in the cluster.

mod check;
mod env_file;
mod form;
mod object;
mod pull;

pub use check::problems;
pub use env_file::{EnvFile, EnvFileError};
pub use form::derive;
pub use object::{ObjectError, SecretObject};
pub use pull::{PULL_KEY, PULL_TYPE, docker_config};

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::profile::{SecretValue, Secrets};

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

/// Collects the values that are given: by name in an object, by variable in the env file or the environment. The
/// first of them that has a value wins, but what is given explicitly twice is refused; an empty text counts as not
/// given. The error holds every value that is not acceptable.
pub fn collect(
    secrets: &Secrets,
    object: Option<&SecretObject>,
    env_file: Option<&EnvFile>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Given, GivenError> {
    let mut given = Given::default();
    let mut problems = Vec::new();
    for (name, spec) in &secrets.values {
        let variable = spec.env.as_deref();
        let in_object =
            object.and_then(|object| Some((object.values.get(name)?.clone(), object.place.clone())));
        let in_file = env_file.zip(variable).and_then(|(file, variable)| {
            Some((file.get(variable)?.clone(), format!("given as {variable} in {}", file.place(variable))))
        });
        let found = match (in_object, in_file) {
            (Some((_, object)), Some((_, file))) => {
                problems.push(format!("{name}, given in {object} and {file}: once is enough"));
                continue;
            }
            (Some((value, place)), None) => Some((value, format!("given in {place}"))),
            (None, Some(found)) => Some(found),
            (None, None) => match from_environment(variable, &environment) {
                Ok(found) => found,
                Err(place) => {
                    problems.push(format!("{name}, {place}: not UTF-8 text"));
                    continue;
                }
            },
        };
        let Some((value, place)) = found else { continue };
        match check::problems(secrets, name, &value) {
            found if found.is_empty() => {
                given.values.insert(name.clone(), value);
            }
            found => problems.push(format!("{name}, {place}: {}", found.join("; "))),
        }
    }
    if problems.is_empty() {
        return Ok(given);
    }
    Err(GivenError { problems })
}

/// A value and where it was given; the error is the place of one that is no text.
fn from_environment(
    variable: Option<&str>,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Option<(SecretString, String)>, String> {
    let Some(variable) = variable else { return Ok(None) };
    let place = format!("given as {variable} in the environment");
    match environment(variable).filter(|value| !value.is_empty()).map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some((value.into(), place))),
        Some(Err(_)) => Err(place),
    }
}

impl Given {
    /// Commands for GitHub's runner that keep the values out of its log, a line each. `%` is escaped as the runner
    /// expects it (actions/toolkit, `command.ts`).
    pub fn masks(&self) -> Vec<String> {
        let lines = self.values.values().flat_map(|value| value.expose_secret().lines());
        // A very short line would mask half of the log.
        let lines = lines.filter(|line| line.trim().len() > 3);
        lines.map(|line| format!("::add-mask::{}", line.replace('%', "%25").replace('\r', "%0D"))).collect()
    }
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
                message.push_str(" (give it by name, with `--secrets-from`)");
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
        return "Run `todoctl up` in a terminal to be asked, or pipe {\"NAME\": \"...\"} into `--secrets-from -`.".to_owned();
    }
    format!(
        "Write a file with {} and pass it as `--env-file FILE`, export the same names, or run \
         `todoctl up` in a terminal to be asked. Keep the file out of git.",
        match variables.as_slice() {
            [one] => format!("the line {one}"),
            many => format!("the lines {}", many.join(" ")),
        }
    )
}

#[cfg(test)]
mod tests {
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
        let error = collect(&secrets(), None, Some(&file), |_| Some(format!("http://{CANARY}\n").into()))
            .unwrap_err();
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
        let error = collect(&secrets(), None, None, |_| Some(OsString::from_vec(bytes.clone()))).unwrap_err();
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
            collect(&secrets(), None, Some(&file), |name| (name == "DATABASE_URL").then(|| "bad".into()))
                .unwrap();
        let names: Vec<&String> = given.values.keys().collect();
        assert_eq!(names, ["database-url"]);
        assert_eq!(given.values["database-url"].expose_secret(), format!("postgres://{CANARY}"));
        assert!(!format!("{given:?}").contains(CANARY));

        let long = "x".repeat(32);
        let given =
            collect(&secrets(), None, Some(&file), |name| (name == "AUTH").then(|| (&long).into())).unwrap();
        assert_eq!(given.values["auth-secret"].expose_secret(), long);
        assert!(collect(&secrets(), None, None, nothing).unwrap().values.is_empty());
        assert!(collect(&secrets(), None, None, |_| Some("".into())).unwrap().values.is_empty());
    }

    #[test]
    fn an_object_wins_over_the_environment_and_what_is_given_twice_is_refused() {
        let secrets = secrets();
        let object =
            SecretObject::parse(&secrets, "standard input", &format!("{{\"other\": \"{CANARY}\"}}")).unwrap();
        let given = collect(&secrets, Some(&object), None, nothing).unwrap();
        assert_eq!(given.values["other"].expose_secret(), CANARY);

        let text = format!("{{\"auth-secret\": \"{CANARY}\"}}");
        let object = SecretObject::parse(&secrets, "standard input", &text).unwrap();
        let file = EnvFile::parse(".env", &format!("AUTH={CANARY}")).unwrap();
        let error = collect(&secrets, Some(&object), Some(&file), nothing).unwrap_err();
        assert_eq!(
            error.to_string(),
            "auth-secret, given in standard input and given as AUTH in .env, line 1: once is enough"
        );
    }

    #[test]
    fn a_database_url_that_is_useless_for_dapr_is_refused_with_its_line() {
        let secrets = "values: {url: {env: URL}, dapr: {from: url, form: postgres}}";
        let secrets: Secrets = serde_yaml::from_str(secrets).unwrap();
        let file =
            EnvFile::parse(".env", &format!("\n\nURL=postgresql+asyncpg:///{CANARY}?host=/run")).unwrap();
        let error = collect(&secrets, None, Some(&file), nothing).unwrap_err();
        assert_eq!(
            error.to_string(),
            "url, given as URL in .env, line 3: dapr cannot be derived from it: it names no host, or a Unix socket: \
             a sidecar reaches a database by the network only"
        );
    }

    #[test]
    fn masks_are_one_for_each_line_and_escaped() {
        let values = [("a", "50%off\nsecond"), ("b", "abc")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned().into())).into();
        assert_eq!(Given { values }.masks(), ["::add-mask::50%25off", "::add-mask::second"]);
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
             other (give it by name, with `--secrets-from`)"
        );
        assert_eq!(
            hint,
            "Write a file with the lines AUTH=... DATABASE_URL=... and pass it as `--env-file FILE`, export the same \
             names, or run `todoctl up` in a terminal to be asked. Keep the file out of git."
        );
        let (message, hint) = missing_message(&all[2..]);
        assert_eq!(message, "a secret value is missing:\n  other (give it by name, with `--secrets-from`)");
        assert_eq!(
            hint,
            "Run `todoctl up` in a terminal to be asked, or pipe {\"NAME\": \"...\"} into `--secrets-from -`."
        );
    }
}
