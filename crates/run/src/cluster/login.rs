//! Owns how a user logs in, as a kubeconfig says it: what a program that prints the token may, and what is told of it
//! when it fails. Refuses to repeat what it printed: that may be the token.

use kube::client::AuthError;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use secrecy::SecretString;

use super::Surroundings;

/// Makes a user fit for the client.
pub(super) fn prepare(user: &mut AuthInfo, surroundings: Surroundings<'_>) {
    if let Some(exec) = &mut user.exec {
        restrict(exec, surroundings);
    }
    // The client takes a token file as it is, and a line end is no part of a token; client-go takes it off.
    let text = user.token_file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    if text.as_ref().is_some_and(|text| !text.trim().is_empty()) {
        // Of a token and a file with one, client-go takes the file and the client the token.
        user.token = None;
    }
    if let Some(text) = text.filter(|text| text.trim() != text) {
        user.token = Some(SecretString::from(text.trim().to_owned()));
        user.token_file = None;
    }
}

fn restrict(exec: &mut ExecConfig, Surroundings { hidden, may_ask, .. }: Surroundings<'_>) {
    exec.drop_env.get_or_insert_default().extend(hidden.iter().cloned());
    if exec.interactive_mode != Some(ExecInteractiveMode::Always) && !may_ask {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
}

/// Why the user's token is not known. What the program printed may hold it, so only its complaint is told.
pub(super) fn failed(error: &AuthError) -> String {
    if let AuthError::AuthExecStart(error) = error {
        format!("the program that prints the user's token: {error}")
    } else if let AuthError::AuthExecRun { out, .. } = error {
        let said = String::from_utf8_lossy(&out.stderr);
        let said = said.trim().lines().last().unwrap_or("it said nothing").to_owned();
        format!("the program that prints the user's token failed ({}): {said}", out.status)
    } else if let AuthError::AuthExecParse(_) = error {
        "the program that prints the user's token printed something else".to_owned()
    } else {
        error.to_string()
    }
}
