//! Owns making a connection from a kubeconfig file, as kubectl understands it.
//! Refuses to look for one: the caller says which file and which context.
//!
//! A user may be known by a token that a program prints (`exec`). The client starts that program itself: it is the only
//! process that does not go through `runner`, and it is none of ours.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use http::uri::InvalidUri;
use kube::client::AuthError;
use kube::config::{ExecConfig, ExecInteractiveMode, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::{Connection, Refusal, detour};
use todoctl_plan::world::Access;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// What a connection is made with, beside a kubeconfig.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// todoctl's own environment.
    pub variables: &'a BTreeMap<OsString, OsString>,
    /// Variables of it that a program which prints the user's token does not see.
    pub hidden: &'a [String],
    /// Whether such a program may ask: as with kubectl only on a terminal (client-go `plugin/pkg/client/auth/exec`).
    pub may_ask: bool,
}

impl Connection {
    /// Reads the way to a cluster; connects with the first question.
    pub async fn open(access: &Access, surroundings: Surroundings<'_>) -> Result<Self, Refusal> {
        let unusable = |error: &dyn std::fmt::Display| Refusal::unusable(&access.kubeconfig, error);
        let mut kubeconfig = Kubeconfig::read_from(&access.kubeconfig).map_err(|error| unusable(&error))?;
        for user in &mut kubeconfig.auth_infos {
            if let Some(exec) = user.auth_info.as_mut().and_then(|user| user.exec.as_mut()) {
                restrict(exec, surroundings);
            }
        }
        let options =
            KubeConfigOptions { context: Some(access.context.clone()), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &options).await;
        let mut config = config.map_err(|error| unusable(&error))?;
        config.connect_timeout = Some(CONNECT);
        let proxy = detour::proxy(&kubeconfig, &access.context, &config.cluster_url, surroundings.variables);
        config.proxy_url =
            proxy.map(|proxy| proxy.parse()).transpose().map_err(|error: InvalidUri| unusable(&error))?;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let client = Client::try_from(config).map_err(|error| {
            if let kube::Error::Auth(error) = error { unusable(&unknown(&error)) } else { unusable(&error) }
        })?;
        Ok(Self { client, context: access.context.clone(), server })
    }
}

fn restrict(exec: &mut ExecConfig, Surroundings { hidden, may_ask, .. }: Surroundings<'_>) {
    exec.drop_env.get_or_insert_default().extend(hidden.iter().cloned());
    if exec.interactive_mode != Some(ExecInteractiveMode::Always) && !may_ask {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
}

/// Why the user's token is not known. What the program printed may hold it, so only its complaint is told.
fn unknown(error: &AuthError) -> String {
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
