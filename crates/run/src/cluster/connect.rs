//! Owns making a connection from a kubeconfig file, as kubectl understands it.
//! Refuses to look for one: the caller says which file and which context.
//!
//! A user may be known by a token that a program prints (`exec`). The client starts that program itself: it is the only
//! process that does not go through `runner`, and it is none of ours.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use http::uri::InvalidUri;
use http::{HeaderValue, header};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::session::Session;
use super::{Connection, Refusal, detour, login, transport, usable};
use todoctl_plan::world::Access;

/// What todoctl calls itself.
const AGENT: &str = concat!("todoctl/", env!("CARGO_PKG_VERSION"));
/// How long the program that prints the user's token may take; it may ask a person.
const LOGIN: Duration = Duration::from_mins(2);

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
        let (client, server) = client(access, surroundings).await?;
        Ok(Self::of(Session::of(client, access, surroundings), &access.context, server))
    }
}

/// A client, and the address of the server with the proxy on the way, for messages.
pub(super) async fn client(
    access: &Access,
    surroundings: Surroundings<'_>,
) -> Result<(Client, String), Refusal> {
    let unusable = |error: &dyn std::fmt::Display| Refusal::unusable(&access.context, error);
    let mut kubeconfig =
        Kubeconfig::read_from(&access.kubeconfig).map_err(|error| unusable(&mistake(&error)))?;
    if let Some(mistakes) = usable::mistakes(&kubeconfig) {
        return Err(unusable(&mistakes));
    }
    for user in kubeconfig.auth_infos.iter_mut().filter_map(|user| user.auth_info.as_mut()) {
        login::prepare(user, surroundings).map_err(|why| unusable(&why))?;
    }
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|one| one.cluster.as_mut()) {
        // As kubectl completes it (client-go `rest/url_utils.go`).
        if let Some(server) = cluster.server.as_mut().filter(|server| !server.contains("://")) {
            *server = format!("https://{server}");
        }
    }
    let options = KubeConfigOptions { context: Some(access.context.clone()), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &options).await;
    let mut config = config.map_err(|error| unusable(&mistake(&error)))?;
    // By which an audit log tells todoctl from the commands that it starts.
    config.headers.push((header::USER_AGENT, HeaderValue::from_static(AGENT)));
    let proxy = detour::proxy(&kubeconfig, &access.context, &config.cluster_url, surroundings.variables);
    config.proxy_url =
        proxy.map(|proxy| proxy.parse()).transpose().map_err(|_: InvalidUri| unusable(&usable::PROXIES))?;
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let server = format!("{server}{}", config.proxy_url.as_ref().map(detour::told).unwrap_or_default());
    let program = config.auth_info.exec.as_ref().and_then(|exec| exec.command.clone());
    // It may start the program that prints the token, and wait for it.
    let made = tokio::task::spawn_blocking(move || transport::client(&config));
    let made = tokio::time::timeout(LOGIN, made).await.map_err(|_| unusable(&"logging in took too long"))?;
    let client = made
        .map_err(|error| unusable(&error))?
        .map_err(|error| unusable(&reason(&error, program.as_deref())))?;
    Ok((client, server))
}

/// Why there is no client. A proxy's address may hold a password, so it is not repeated.
fn reason(error: &kube::Error, program: Option<&str>) -> String {
    if let kube::Error::Auth(error) = error {
        login::failed(error, program)
    } else if let kube::Error::ProxyProtocolUnsupported { .. } = error {
        usable::PROXIES.to_owned()
    } else {
        error.to_string()
    }
}

/// What is wrong with a kubeconfig. The lines of one that is no YAML are not shown: they may hold a token.
fn mistake(error: &KubeconfigError) -> String {
    if let KubeconfigError::Parse(_) = error {
        "it is not readable; kubectl config view says where".to_owned()
    } else {
        error.to_string()
    }
}
