//! Owns reading the secret values that a person gives: `--secrets-from`, `--env-file`, the environment.

use std::io::{IsTerminal, Read};
use std::path::Path;

use crate::args::Sources;
use crate::{folders, github, hygiene};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_project::profile::Secrets;
use todoctl_project::secret_input::{self, EnvFile, Given, SecretObject};
use todoctl_screen::output::Output;

/// Standard input, as an argument.
const STDIN: &str = "-";

/// The values that are given, checked. On GitHub Actions the runner is told of them first.
pub(super) fn given(secrets: &Secrets, sources: &Sources, output: &mut Output) -> Result<Given, Diagnostic> {
    let file = sources.env_file.as_deref().map(env_file).transpose()?;
    let object = sources.secrets_from.as_deref().map(|path| object(secrets, path)).transpose()?;
    let given = secret_input::collect(secrets, object.as_ref(), file.as_ref(), folders::variable)
        .map_err(|error| Diagnostic::new(Code::SecretInvalid, error.to_string(), error.hint()))?;
    mask(&given, output);
    hygiene::redactor().learn(given.values.values());
    Ok(given)
}

fn env_file(path: &Path) -> Result<EnvFile, Diagnostic> {
    let text = read(path, "give a file of KEY=VALUE lines")?;
    EnvFile::parse(path, &text)
        .map_err(|error| Diagnostic::new(Code::SecretSource, error.to_string(), error.hint()))
}

fn object(secrets: &Secrets, path: &Path) -> Result<SecretObject, Diagnostic> {
    let (place, text) = if path.as_os_str() == STDIN {
        ("standard input".to_owned(), standard_input()?)
    } else {
        (path.display().to_string(), read(path, "give a file with one JSON object, or - for standard input")?)
    };
    SecretObject::parse(secrets, &place, &text)
        .map_err(|error| Diagnostic::new(Code::SecretInvalid, error.to_string(), error.hint()))
}

fn standard_input() -> Result<String, Diagnostic> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        return Err(Diagnostic::new(
            Code::UsageSecret,
            "--secrets-from -: standard input is a terminal, which would show what is typed",
            "pipe the JSON object in, or leave --secrets-from out to be asked",
        ));
    }
    let mut text = String::new();
    match input.read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Diagnostic::new(
            Code::SecretSource,
            format!("cannot read standard input: {error}"),
            "pipe one JSON object in",
        )),
    }
}

fn read(path: &Path, hint: &str) -> Result<String, Diagnostic> {
    std::fs::read_to_string(path).map_err(|error| {
        Diagnostic::new(Code::SecretSource, format!("cannot read {}: {error}", path.display()), hint)
    })
}

/// Tells GitHub's runner what must not be seen in its log, such as in the log of an application that fails: one
/// `::add-mask::` for each line of a value, before anything else is said.
fn mask(given: &Given, output: &mut Output) {
    if github::is_here() {
        for line in given.masks() {
            output.note_unredacted(&line);
        }
    }
}
