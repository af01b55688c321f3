//! Owns asking a login program for a user's token or certificate, as client-go does it (`plugin/pkg/client/auth/exec`): it
//! is started once for each login, and stopped when it does not end. Refuses to repeat what it printed: that may be the
//! token.
//!
//! kube 5.0 starts the program itself, and does it twice for each client, again and again while it hangs, and panics at a
//! token that no header can hold (`client/auth`); so it is given what was printed instead.

use std::process::{Output, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kube::config::{AuthInfo, Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

use super::Surroundings;
use todoctl_core::text;

/// How long a program may take; it may ask a person.
const LIMIT: Duration = Duration::from_mins(2);
/// Most characters of a complaint.
const SHOWN: usize = 400;

/// What a program prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    api_version: String,
    kind: String,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<Timestamp>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Gives a user what its program prints, in the place of the program. The time until which that is good, if it says so.
pub(super) async fn ask(
    user: &mut AuthInfo,
    cluster: Option<&Cluster>,
    surroundings: Surroundings<'_>,
) -> Result<Option<Timestamp>, String> {
    // A token that is written down wins (client-go `transport/round_trippers.go`).
    let Some(exec) = user.exec.take().filter(|_| user.token.is_none()) else { return Ok(None) };
    let name = exec.command.clone().unwrap_or_default();
    let failed = |why: String| format!("the program {name} that prints the user's token {why}");
    let output = run(&exec, cluster, surroundings).await.map_err(failed)?;
    let status = understood(&exec, &output).map_err(failed)?;
    user.token = status.token.map(SecretString::from);
    if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data) {
        user.client_certificate_data = Some(STANDARD.encode(certificate));
        user.client_key_data = Some(STANDARD.encode(key).into());
        (user.client_certificate, user.client_key) = (None, None);
    }
    Ok(status.expiration_timestamp)
}

async fn run(
    exec: &ExecConfig,
    cluster: Option<&Cluster>,
    Surroundings { hidden, may_ask, .. }: Surroundings<'_>,
) -> Result<Output, String> {
    let asks = match exec.interactive_mode {
        Some(ExecInteractiveMode::Never) => false,
        Some(ExecInteractiveMode::Always) if !may_ask => {
            return Err("wants to ask (interactiveMode: Always), and there is no terminal".to_owned());
        }
        Some(ExecInteractiveMode::Always | ExecInteractiveMode::IfAvailable) | None => may_ask,
    };
    let mut spec = json!({"interactive": asks});
    if exec.provide_cluster_info {
        let known = cluster.map(ExecAuthCluster::try_from).transpose().map_err(|error| error.to_string())?;
        spec["cluster"] = serde_json::to_value(known).map_err(|error| error.to_string())?;
    }
    let info = json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec});
    let mut command = Command::new(exec.command.as_deref().unwrap_or_default());
    command.args(exec.args.iter().flatten());
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    for name in hidden {
        command.env_remove(name);
    }
    command.env("KUBERNETES_EXEC_INFO", info.to_string()).stdout(Stdio::piped()).kill_on_drop(true);
    if asks {
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    } else {
        command.stdin(Stdio::null()).stderr(Stdio::piped());
    }
    let started = command.spawn().map_err(|error| {
        let hint = exec.install_hint.as_deref().map(|hint| format!("; {}", text::clean_line(hint)));
        format!("cannot be started: {error}{}", hint.unwrap_or_default())
    })?;
    match timeout(LIMIT, started.wait_with_output()).await {
        Ok(output) => output.map_err(|error| format!("cannot be heard: {error}")),
        Err(_) => Err(format!("did not end within {} s and was stopped", LIMIT.as_secs())),
    }
}

/// What a program printed; nothing of it is in an error.
fn understood(exec: &ExecConfig, output: &Output) -> Result<Status, String> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = text::clean_line(said.trim().lines().last().unwrap_or("it said nothing"));
        return Err(format!("failed ({}): {}", output.status, text::cut(&said, SHOWN, "…")));
    }
    let printed: Printed =
        serde_json::from_slice(&output.stdout).map_err(|_| "printed something else".to_owned())?;
    if printed.kind != "ExecCredential" || Some(&printed.api_version) != exec.api_version.as_ref() {
        return Err("printed something of another kind or apiVersion".to_owned());
    }
    let given = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
    let status = printed.status.ok_or("printed no status")?;
    let (certificate, key) =
        (given(status.client_certificate_data.as_deref()), given(status.client_key_data.as_deref()));
    if certificate != key || !(certificate || given(status.token.as_deref())) {
        return Err("printed neither a token nor a certificate with its key".to_owned());
    }
    let token = status.token.filter(|token| !token.is_empty());
    Ok(Status { token, ..status })
}
