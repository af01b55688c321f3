//! Owns the client's way through the network: direct or through a proxy, and how a peer that is gone is noticed.
//! Refuses to choose the way (`detour`) and to know the user (`login`).
//!
//! kube 5.0 makes its sockets itself (`client/builder.rs`) and sets nothing on them: a machine that is gone would be
//! noticed when the longest silence is over. So its parts are put together here, with sockets that ask whether their peer
//! is there. It is HTTP/1.1: the streams of a large profile are more than one connection of HTTP/2 may carry.

use std::error::Error;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use hyper::rt::{Read, Write};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::{Client, Config};
use percent_encoding::percent_decode_str;
use tower::{Service, ServiceBuilder};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection that is in use may be silent. A stream ends sooner by itself.
const SILENCE: Duration = Duration::from_secs(75);
/// After how long a silence the peer is asked whether it is there, how often again, and how many answers may be missing:
/// one that is gone is noticed within a quarter of a minute.
const QUIET: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_secs(3);
const MISSING: u32 = 3;
/// The port of a SOCKS proxy whose address has none.
const SOCKS: u16 = 1080;

/// A client that goes the way that a configuration says.
pub(super) fn client(config: &Config) -> kube::Result<Client> {
    let direct = sockets();
    let Some(proxy) = &config.proxy_url else { return over(direct, config) };
    match proxy.scheme_str() {
        // Names are looked up by the proxy in both, as Go does it.
        Some("socks5" | "socks5h") => over(socks(proxy, direct)?, config),
        Some("http") => over(tunnel(proxy, direct), config),
        Some("https") => over(tunnel(proxy, config.rustls_https_connector_with_connector(direct)?), config),
        Some(_) | None => Err(kube::Error::ProxyProtocolUnsupported { proxy_url: Box::new(proxy.clone()) }),
    }
}

fn sockets() -> HttpConnector {
    let mut sockets = HttpConnector::new();
    // TLS is above it.
    sockets.enforce_http(false);
    sockets.set_nodelay(true);
    sockets.set_keepalive(Some(QUIET));
    sockets.set_keepalive_interval(Some(AGAIN));
    sockets.set_keepalive_retries(Some(MISSING));
    // What was sent and is not acknowledged is not asked after; it is given up as soon.
    #[cfg(target_os = "linux")]
    sockets.set_tcp_user_timeout(Some(QUIET + AGAIN * MISSING));
    sockets
}

/// The user of a proxy with the password, each as it is. A user without a password has an empty one (RFC 7617).
fn user(proxy: &Uri) -> Option<(Vec<u8>, Vec<u8>)> {
    let (user, _) = proxy.authority()?.as_str().rsplit_once('@')?;
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    Some((percent_decode_str(name).collect(), percent_decode_str(password).collect()))
}

/// Through a SOCKS proxy, as the user that its address names. Its usual port is not that of the web (Go `net/http`,
/// `canonicalAddr`).
fn socks<C>(proxy: &Uri, inner: C) -> kube::Result<SocksV5<C>> {
    let mut parts = proxy.clone().into_parts();
    let host = proxy.host().unwrap_or_default();
    let place = format!("{host}:{}", proxy.port_u16().unwrap_or(SOCKS)).parse();
    parts.authority = Some(place.map_err(http::Error::from).map_err(kube::Error::HttpError)?);
    let place = Uri::from_parts(parts).map_err(http::Error::from).map_err(kube::Error::HttpError)?;
    let proxied = SocksV5::new(place, inner);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(match user(proxy) {
        Some((name, password)) => proxied.with_auth(text(name), text(password)),
        None => proxied,
    })
}

/// Through a proxy, as the user that its address names.
fn tunnel<C>(proxy: &Uri, inner: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.clone(), inner);
    let user = user(proxy).map(|(name, password)| [name, password].join(&b':'));
    let header = user.map(|user| HeaderValue::try_from(format!("Basic {}", STANDARD.encode(user))));
    match header {
        Some(Ok(mut header)) => {
            header.set_sensitive(true);
            tunnel.with_auth(header)
        }
        Some(Err(_)) | None => tunnel,
    }
}

fn over<C>(inner: C, config: &Config) -> kube::Result<Client>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Error + Send + Sync + 'static,
{
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(inner)?);
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_read_timeout(Some(SILENCE));
    // Else the time that a connection was idle would count as silence of the next answer.
    connector.set_reset_reader_on_write(true);
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(Box::<dyn Error + Send + Sync>::from)
        .service(http);
    Ok(ClientBuilder::new(service, config.default_namespace.clone()).build())
}
