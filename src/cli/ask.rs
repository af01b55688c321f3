//! Owns the question before a change.

use std::io::IsTerminal;

use crate::cli::args::Run;
use crate::cli::failure::Failure;
use crate::exit::Exit;
use crate::profile::Confirm;

/// Asks what the profile wants asked. `what` completes the sentence "This will …".
/// Answers whether a person was asked: time has passed then.
pub(super) fn confirm(how: Confirm, profile: &str, what: &str, run: &Run) -> Result<bool, Failure> {
    match how {
        Confirm::Never => Ok(false),
        Confirm::Ask if run.yes => Ok(false),
        Confirm::Name if run.confirm.as_deref() == Some(profile) => Ok(false),
        Confirm::Name if run.confirm.is_some() => {
            Err(declined(format!("--confirm must name the profile: {profile}")))
        }
        Confirm::Ask => question(&format!("This will {what}. Go on?"), "--yes"),
        Confirm::Name => typed(profile, what),
    }
}

fn question(text: &str, flag: &str) -> Result<bool, Failure> {
    needs_terminal(flag)?;
    match dialoguer::Confirm::new().with_prompt(text).default(false).interact_opt() {
        Ok(Some(true)) => Ok(true),
        Ok(_) => Err(declined("declined; nothing was changed".to_owned())),
        Err(error) => Err(declined(format!("no answer ({error}); nothing was changed"))),
    }
}

fn typed(profile: &str, what: &str) -> Result<bool, Failure> {
    needs_terminal(&format!("--confirm {profile}"))?;
    let prompt = format!("This will {what}. Type the profile's name to go on");
    match dialoguer::Input::<String>::new().with_prompt(prompt).allow_empty(true).interact_text() {
        Ok(answer) if answer == profile => Ok(true),
        Ok(_) => Err(declined("that is another name; nothing was changed".to_owned())),
        Err(error) => Err(declined(format!("no answer ({error}); nothing was changed"))),
    }
}

fn needs_terminal(flag: &str) -> Result<(), Failure> {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Declined,
        "there is no terminal to ask on; nothing was changed",
        format!("give {flag}"),
    ))
}

fn declined(message: String) -> Failure {
    Failure { exit: Exit::Declined, message, evidence: Vec::new(), hint: None }
}
