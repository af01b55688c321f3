//! Owns making a connection from a kubeconfig file, as kubectl understands it.
//! Refuses to look for one: the caller says which file and which context.
//!
//! A user may be known by a token that a program prints (`program`).

use std::collections::BTreeMap;
use std::ffi::OsString;

use http::uri::InvalidUri;
use http::{HeaderValue, header};
use jiff::Timestamp;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::session::Session;
use super::{Connection, Refusal, detour, login, program, transport, usable};
use todoctl_plan::world::Access;

/// What todoctl calls itself.
const AGENT: &str = concat!("todoctl/", env!("CARGO_PKG_VERSION"));

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

/// What is wrong with a proxy that the kubeconfig does not name: that one was looked at.
const OF_ENVIRONMENT: &str = "the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY) is none of http://, https:// and socks5://";

impl Connection {
    /// Reads the way to a cluster; connects with the first question.
    pub async fn open(access: &Access, surroundings: Surroundings<'_>) -> Result<Self, Refusal> {
        let (login, server) = client(access, surroundings).await?;
        Ok(Self::of(Session::of(login, access, surroundings), &access.context, server))
    }
}

/// A client that is known as somebody.
pub(super) struct Login {
    pub(super) client: Client,
    /// Until when, where that is known.
    pub(super) until: Option<Timestamp>,
}

/// A login, and the address of the server with the proxy on the way, for messages.
pub(super) async fn client(
    access: &Access,
    surroundings: Surroundings<'_>,
) -> Result<(Login, String), Refusal> {
    let unusable = |error: &dyn std::fmt::Display| Refusal::unusable(&access.context, error);
    let mut kubeconfig =
        Kubeconfig::read_from(&access.kubeconfig).map_err(|error| unusable(&mistake(&error)))?;
    if let Some(mistakes) = usable::mistakes(&kubeconfig) {
        return Err(unusable(&mistakes));
    }
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|one| one.cluster.as_mut()) {
        // As kubectl completes it (client-go `rest/url_utils.go`).
        if let Some(server) = cluster.server.as_mut().filter(|server| !server.contains("://")) {
            *server = format!("https://{server}");
        }
    }
    // The private file has one of each.
    let cluster = kubeconfig.clusters.first().and_then(|one| one.cluster.clone());
    let mut until = None;
    for user in kubeconfig.auth_infos.iter_mut().filter_map(|user| user.auth_info.as_mut()) {
        until = program::ask(user, cluster.as_ref(), surroundings).await.map_err(|why| unusable(&why))?;
        login::prepare(user).map_err(|why| unusable(&why))?;
    }
    let options = KubeConfigOptions { context: Some(access.context.clone()), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &options).await;
    let mut config = config.map_err(|error| unusable(&mistake(&error)))?;
    // By which an audit log tells todoctl from the commands that it starts.
    config.headers.push((header::USER_AGENT, HeaderValue::from_static(AGENT)));
    let proxy = detour::proxy(&kubeconfig, &access.context, &config.cluster_url, surroundings.variables);
    config.proxy_url =
        proxy.map(|proxy| proxy.parse()).transpose().map_err(|_: InvalidUri| unusable(&OF_ENVIRONMENT))?;
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let server = format!("{server}{}", config.proxy_url.as_ref().map(detour::told).unwrap_or_default());
    let client = transport::client(&config).map_err(|error| unusable(&reason(&error)))?;
    Ok((Login { client, until }, server))
}

/// Why there is no client. A proxy's address may hold a password, so it is not repeated.
fn reason(error: &kube::Error) -> String {
    if let kube::Error::Auth(error) = error {
        login::failed(error)
    } else if let kube::Error::ProxyProtocolUnsupported { .. } = error {
        OF_ENVIRONMENT.to_owned()
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
