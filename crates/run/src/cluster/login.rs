//! Owns what a kubeconfig says of its user: a token file is read as client-go reads it, and a token must be one that can be
//! sent.

use http::HeaderValue;
use kube::client::AuthError;
use kube::config::AuthInfo;
use secrecy::{ExposeSecret, SecretString};

/// A token that cannot be sent.
const UNFIT: &str = "the user's token holds a line break or another control character";

/// Makes a user fit for the client; an error says why that cannot be.
pub(super) fn prepare(user: &mut AuthInfo) -> Result<(), String> {
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

/// Why a token cannot be used.
pub(super) fn failed(error: &AuthError) -> String {
    if let AuthError::InvalidBearerToken(_) = error { UNFIT.to_owned() } else { error.to_string() }
}
