//! Owns the question before a change.

use crate::args::Run;
use crate::prompt::{self, ask_now, declined};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_project::profile::Confirm;

/// Asks what the profile wants asked. `what` completes the sentence "This will …".
/// Answers whether a person was asked: time has passed then.
pub(super) fn confirm(how: Confirm, profile: &str, what: &str, run: &Run) -> Result<bool, Diagnostic> {
    match how {
        Confirm::Never => Ok(false),
        Confirm::Ask if run.yes => Ok(false),
        Confirm::Name if run.confirm.as_deref() == Some(profile) => Ok(false),
        Confirm::Name if run.confirm.is_some() => {
            let message = format!("--confirm must name the profile: {profile}");
            Err(Diagnostic::new(Code::PersonDeclined, message, ""))
        }
        Confirm::Ask => question(&format!("This will {what}. Go on?"), "--yes"),
        Confirm::Name => typed(profile, what),
    }
}

fn question(text: &str, flag: &str) -> Result<bool, Diagnostic> {
    needs_terminal(flag)?;
    let prompt = text.to_owned();
    let answer =
        ask_now(move || dialoguer::Confirm::new().with_prompt(prompt).default(false).interact_opt())?;
    if answer == Some(true) { Ok(true) } else { Err(declined("declined")) }
}

fn typed(profile: &str, what: &str) -> Result<bool, Diagnostic> {
    needs_terminal(&format!("--confirm {profile}"))?;
    let prompt = format!("This will {what}. Type the profile's name to go on");
    let answer = ask_now(move || {
        dialoguer::Input::<String>::new().with_prompt(prompt).allow_empty(true).interact_text()
    })?;
    if answer == profile { Ok(true) } else { Err(declined("that is another name")) }
}

fn needs_terminal(flag: &str) -> Result<(), Diagnostic> {
    if prompt::has_terminal() {
        return Ok(());
    }
    Err(Diagnostic::new(
        Code::PersonAbsent,
        "there is no terminal to ask on; nothing was changed",
        format!("give {flag}"),
    ))
}
