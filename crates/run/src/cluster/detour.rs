//! Owns whether a connection goes through a proxy, as kubectl decides it: what a kubeconfig names, else the variables of
//! the environment (client-go `rest/transport.go`, golang.org/x/net `http/httpproxy`).
//!
//! kube 5.0 holds `NO_PROXY` against the proxy's own name instead of the server's (`config/file_loader.rs`), so the
//! decision is made here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::IpAddr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use kube::config::Kubeconfig;

/// What any name is in a matcher whose only question is whether there is one.
const SOME: &str = "http://proxy.invalid";

/// The proxy that leads to a server, as it is written; nothing for a direct way.
pub(super) fn proxy(
    kubeconfig: &Kubeconfig,
    context: &str,
    server: &Uri,
    variables: &BTreeMap<OsString, OsString>,
) -> Option<String> {
    named(kubeconfig, context)
        .or_else(|| of_environment(server, variables))
        .map(|proxy| if proxy.contains("://") { proxy } else { format!("http://{proxy}") })
}

/// A proxy as messages name it: without its user.
pub(super) fn told(proxy: &Uri) -> String {
    format!(" (through the proxy {}://{})", proxy.scheme_str().unwrap_or_default(), place(proxy))
}

/// Host and port of an address, without the user.
pub(super) fn place(address: &Uri) -> &str {
    let place = address.authority().map_or("", |authority| authority.as_str());
    place.rsplit_once('@').map_or(place, |(_, place)| place)
}

/// The one that the cluster of a context names.
fn named(kubeconfig: &Kubeconfig, context: &str) -> Option<String> {
    let context = kubeconfig.contexts.iter().find(|one| one.name == context)?;
    let wanted = &context.context.as_ref()?.cluster;
    let cluster = kubeconfig.clusters.iter().find(|one| one.name == *wanted)?;
    cluster.cluster.as_ref()?.proxy_url.clone().filter(|proxy| !proxy.is_empty())
}

fn of_environment(server: &Uri, variables: &BTreeMap<OsString, OsString>) -> Option<String> {
    let text = |name: &str| variables.get(&OsString::from(name))?.to_str().filter(|text| !text.is_empty());
    let either = |upper: &str| text(upper).or_else(|| text(&upper.to_lowercase()));
    let host = server.host()?.trim_start_matches('[').trim_end_matches(']');
    let is_own = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let is_plain = server.scheme_str() == Some("http");
    let port = server.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
    let exceptions = exceptions(either("NO_PROXY").unwrap_or_default(), port)?;
    let rules = Matcher::builder().http(SOME).https(SOME).no(exceptions).build();
    if is_own || rules.intercept(server).is_none() {
        return None;
    }
    either(if is_plain { "HTTP_PROXY" } else { "HTTPS_PROXY" }).map(str::to_owned)
}

/// The exceptions that count for a port, without it; nothing when everything is one (golang.org/x/net `httpproxy`, which
/// the matcher follows in the rest).
fn exceptions(list: &str, port: u16) -> Option<String> {
    let mut all = Vec::new();
    for one in list.split(',').map(str::trim) {
        if one == "*" {
            return None;
        }
        let has_none = one.contains('/') || one.parse::<IpAddr>().is_ok();
        let (host, wanted) = one.rsplit_once(':').filter(|_| !has_none).unwrap_or((one, ""));
        if wanted.is_empty() || wanted.parse() == Ok(port) {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            all.push(host.strip_prefix('*').unwrap_or(host));
        }
    }
    Some(all.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(server: &str, own: &str, variables: &[(&str, &str)]) -> String {
        let text = format!(
            "{{contexts: [{{name: k, context: {{cluster: c}}}}], clusters: [{{name: c, cluster: {{server: \"{server}\", proxy-url: \"{own}\"}}}}]}}"
        );
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let kubeconfig = Kubeconfig::from_yaml(&text).unwrap();
        proxy(&kubeconfig, "k", &server.parse().unwrap(), &variables).unwrap_or_else(|| "direct".to_owned())
    }

    #[test]
    fn a_way_is_chosen_as_kubectl_chooses_it() {
        let env =
            [("HTTPS_PROXY", "http://u:p@proxy.corp:3128"), ("NO_PROXY", ".corp,10.0.0.0/8,example.org")];
        let cases = [
            ("https://api.example.com", "", "http://u:p@proxy.corp:3128"),
            ("https://api.corp:6443", "", "direct"),
            ("https://10.1.2.3:6443", "", "direct"),
            ("https://api.example.org", "", "direct"),
            ("https://127.0.0.1:6443", "", "direct"),
            ("https://[::1]:6443", "", "direct"),
            ("https://localhost:6443", "", "direct"),
            ("http://api.example.com", "", "direct"),
            ("https://api.corp:6443", "socks5://jump.corp:1080", "socks5://jump.corp:1080"),
        ];
        for (server, own, wanted) in cases {
            assert_eq!(way(server, own, &env), wanted, "{server} {own}");
        }
        assert_eq!(way("https://a.example.com", "", &[("https_proxy", "proxy:3128")]), "http://proxy:3128");
        assert_eq!(way("https://a.example.com", "", &[]), "direct");
        let excepted = |server: &str, list: &str| {
            way(server, "", &[("HTTPS_PROXY", "http://p"), ("NO_PROXY", list)]) == "direct"
        };
        assert!(excepted("https://10.1.2.3:6443", "*") && excepted("https://a.b", "c, *"));
        assert!(
            excepted("https://10.1.2.3:6443", "10.1.2.3:6443")
                && !excepted("https://10.1.2.3", "10.1.2.3:6443")
        );
        assert!(excepted("https://a.b", "a.b:443") && !excepted("https://a.b:1", "a.b:443"));
        assert!(
            excepted("https://[fd00::1]:6443", "[fd00::1]:6443") && excepted("https://[fd00::1]", "fd00::/8")
        );
        assert!(excepted("https://x.a.b", "*.a.b") && !excepted("https://a.c", "*.a.b"));
    }
}
