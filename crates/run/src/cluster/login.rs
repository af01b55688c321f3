//! Owns how a user logs in, as a kubeconfig says it: what a program that prints the token may, and what is told of it
//! when it fails. Refuses to repeat what it printed: that may be the token.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

use http::HeaderValue;
use kube::client::AuthError;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use secrecy::{ExposeSecret, SecretString};

use super::Surroundings;
use todoctl_core::text;

/// Most characters of a complaint.
const SHOWN: usize = 400;
/// A token that cannot be sent.
const UNFIT: &str = "the user's token holds a line break or another control character";

/// Makes a user fit for the client; an error says why that cannot be.
pub(super) fn prepare(user: &mut AuthInfo, surroundings: Surroundings<'_>) -> Result<(), String> {
    if let Some(exec) = &mut user.exec {
        restrict(exec, surroundings);
    }
    take_file(user)?;
    match &user.token {
        Some(token) if HeaderValue::try_from(token.expose_secret()).is_err() => Err(UNFIT.to_owned()),
        Some(_) | None => Ok(()),
    }
}

/// Makes a token file one that the client understands.
fn take_file(user: &mut AuthInfo) -> Result<(), String> {
    // The client takes a token file as it is, and a line end is no part of a token; client-go takes it off.
    let Some(file) = user.token_file.clone().filter(|file| !file.is_empty()) else { return Ok(()) };
    match std::fs::read_to_string(&file) {
        Ok(text) if !text.trim().is_empty() => {
            // Of a token and a file with one, client-go takes the file and the client the token.
            user.token = None;
            if text.trim() != text {
                user.token = Some(SecretString::from(text.trim().to_owned()));
                user.token_file = None;
            }
            Ok(())
        }
        // client-go goes on with the token that it has (`transport/token_source.go`).
        Ok(_) | Err(_) if user.token.is_some() => Ok(()),
        Ok(_) => Err(format!("the token file {file} is empty")),
        Err(error) => Err(format!("the token file {file} cannot be read: {error}")),
    }
}

fn restrict(exec: &mut ExecConfig, Surroundings { hidden, may_ask, .. }: Surroundings<'_>) {
    exec.drop_env.get_or_insert_default().extend(hidden.iter().cloned());
    if exec.interactive_mode != Some(ExecInteractiveMode::Always) && !may_ask {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
}

/// Says who asks, as `layer` does it. kube 5.0 panics at a token that no header can hold, when a program printed it
/// without a time at which it ends (tower-http, `AddAuthorizationLayer::bearer`): then it is an error like others, and the
/// panic is not told.
pub(super) fn known<T>(layer: impl FnOnce() -> kube::Result<T>) -> kube::Result<T> {
    let (own, before) = (thread::current().id(), Arc::new(panic::take_hook()));
    let others = Arc::clone(&before);
    panic::set_hook(Box::new(move |what| {
        if thread::current().id() != own {
            others(what);
        }
    }));
    let known = panic::catch_unwind(AssertUnwindSafe(layer));
    panic::set_hook(Box::new(move |what| before(what)));
    known.unwrap_or_else(|_| Err(kube::Error::Auth(AuthError::AuthExec(UNFIT.to_owned()))))
}

/// Why the user's token is not known. What the program printed may hold it, so only its complaint is told.
pub(super) fn failed(error: &AuthError, program: Option<&str>) -> String {
    if let AuthError::AuthExecStart(error) = error {
        let name = program.map(|program| format!(" {program}")).unwrap_or_default();
        format!("the program{name} that prints the user's token cannot be started: {error}")
    } else if let AuthError::AuthExecRun { out, .. } = error {
        let said = String::from_utf8_lossy(&out.stderr);
        let said =
            text::cut(&text::clean_line(said.trim().lines().last().unwrap_or("it said nothing")), SHOWN, "…");
        format!("the program that prints the user's token failed ({}): {said}", out.status)
    } else if let AuthError::AuthExecParse(_) = error {
        "the program that prints the user's token printed something else".to_owned()
    } else if let AuthError::InvalidBearerToken(_) = error {
        UNFIT.to_owned()
    } else if let AuthError::AuthExec(why) = error {
        why.clone()
    } else {
        error.to_string()
    }
}
