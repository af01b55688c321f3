//! Owns what client-go refuses in a kubeconfig and the client here would take (client-go `tools/clientcmd/validation.go`,
//! `transport/transport.go`, `rest/transport.go`): helm and kubectl would fail with it once todoctl has begun.
//! Refuses to quote a token or a proxy's address: it may hold a password.

use std::collections::HashMap;

use http::Uri;
use kube::config::{AuthInfo, Cluster, ExecConfig, Kubeconfig};
use secrecy::ExposeSecret;

use super::detour::place;

/// What a proxy may be.
const PROXIES: &str = "its proxy-url is none of http://, https:// and socks5://";
/// Versions of the answer of a program that prints a token.
const ANSWERS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// Everything that is wrong with a kubeconfig that leads to one cluster as one user, in one line.
pub(super) fn mistakes(kubeconfig: &Kubeconfig) -> Option<String> {
    let clusters = kubeconfig.clusters.iter().filter_map(|one| one.cluster.as_ref()).flat_map(of_cluster);
    let users = kubeconfig.auth_infos.iter().filter_map(|one| one.auth_info.as_ref()).flat_map(of_user);
    let all: Vec<&str> = clusters.chain(users).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// The mistakes among some facts.
fn among(facts: &[(bool, &'static str)]) -> Vec<&'static str> {
    facts.iter().filter(|(is_so, _)| *is_so).map(|(_, mistake)| *mistake).collect()
}

fn of_cluster(cluster: &Cluster) -> Vec<&'static str> {
    let (file, data) = (
        is_given(cluster.certificate_authority.as_deref()),
        is_given(cluster.certificate_authority_data.as_deref()),
    );
    let insecure = cluster.insecure_skip_tls_verify == Some(true);
    let proxy = cluster.proxy_url.as_deref().filter(|proxy| !proxy.is_empty());
    among(&[
        (
            insecure && (file || data),
            "its cluster has both insecure-skip-tls-verify and a certificate authority",
        ),
        (file && data, "its cluster has both certificate-authority and certificate-authority-data"),
        (proxy.is_some_and(|proxy| !is_proxy(proxy)), PROXIES),
    ])
}

/// Whether this is the address of a proxy that client-go uses (`clientcmd/helpers.go`, `parseProxyURL`).
fn is_proxy(address: &str) -> bool {
    let Ok(address) = address.parse::<Uri>() else { return false };
    let port = place(&address).strip_prefix(address.host().unwrap_or_default()).unwrap_or_default();
    let has_port = port.strip_prefix(':').is_none_or(|port| port.parse::<u16>().is_ok());
    has_port && matches!(address.scheme_str(), Some("http" | "https" | "socks5"))
}

fn of_user(user: &AuthInfo) -> Vec<&'static str> {
    let certificate = (user.client_certificate.as_deref(), user.client_certificate_data.as_deref());
    let key = (user.client_key.as_deref(), user.client_key_data.as_ref().map(ExposeSecret::expose_secret));
    let is_one = |(file, data): (Option<&str>, Option<&str>)| is_given(file) || is_given(data);
    let are_two = |(file, data): (Option<&str>, Option<&str>)| is_given(file) && is_given(data);
    let has_password = user.username.is_some() || user.password.is_some();
    let acts = is_given(user.impersonate.as_deref());
    let of_others = is_given(user.impersonate_uid.as_deref())
        || user.impersonate_groups.as_ref().is_some_and(|groups| !groups.is_empty())
        || user.impersonate_user_extra.as_ref().is_some_and(|extra| !extra.is_empty());
    let mut all = among(&[
        (are_two(certificate), "its user has both client-certificate and client-certificate-data"),
        (is_one(certificate) && are_two(key), "its user has both client-key and client-key-data"),
        (is_one(certificate) && !is_one(key), "its user has a client certificate without a key"),
        (has_password && user.token.is_some(), "its user has both a token and a password"),
        (of_others && !acts, "its user has as-uid, as-groups or as-user-extra without as"),
        (
            user.auth_provider.as_ref().is_some_and(|provider| provider.name != "oidc"),
            "its user's auth-provider was removed from Kubernetes; a login program (exec) takes its place",
        ),
        (user.auth_provider.is_some() && user.exec.is_some(), "its user has both exec and auth-provider"),
    ]);
    all.extend(user.exec.iter().flat_map(of_program));
    all
}

fn of_program(exec: &ExecConfig) -> Vec<&'static str> {
    let version = exec.api_version.as_deref().unwrap_or_default();
    let unnamed = |variable: &HashMap<String, String>| !is_given(variable.get("name").map(String::as_str));
    among(&[
        (!is_given(exec.command.as_deref()), "its user's exec has no command"),
        (
            !ANSWERS.contains(&version),
            "its user's exec has none of the apiVersions client.authentication.k8s.io/v1 and v1beta1",
        ),
        (exec.env.iter().flatten().any(unnamed), "its user's exec has a variable without a name"),
        // Older versions have a default (client-go `clientcmd/api/v1/defaults.go`).
        (version == ANSWERS[0] && exec.interactive_mode.is_none(), "its user's exec has no interactiveMode"),
    ])
}

fn is_given(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cluster: &str, user: &str) -> String {
        let text =
            format!("{{clusters: [{{name: c, cluster: {cluster}}}], users: [{{name: u, user: {user}}}]}}");
        mistakes(&Kubeconfig::from_yaml(&text).unwrap()).unwrap_or_else(|| "none".to_owned())
    }

    /// kubectl and helm say no to each of these as well: `tests/e2e/cases/ways.sh` asks them.
    #[test]
    fn what_client_go_refuses_is_refused_and_nothing_is_quoted() {
        let exec = |more: &str| format!("{{exec: {{{more}}}}}");
        let version = "apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never";
        let cases = [
            ("{insecure-skip-tls-verify: true, certificate-authority: /ca}", "{}".to_owned()),
            ("{certificate-authority: /ca, certificate-authority-data: QQ==}", "{}".to_owned()),
            ("{proxy-url: 'CANARY:1080'}", "{}".to_owned()),
            ("{proxy-url: 'socks5h://u:CANARY@p:1080'}", "{}".to_owned()),
            ("{proxy-url: 'http://p:port'}", "{}".to_owned()),
            ("{}", "{client-certificate: /c, client-certificate-data: QQ==, client-key: /k}".to_owned()),
            ("{}", "{client-certificate: /c}".to_owned()),
            ("{}", "{client-certificate: /c, client-key: /k, client-key-data: CANARY}".to_owned()),
            ("{}", "{token: CANARY, username: u, password: CANARY}".to_owned()),
            ("{}", "{as-groups: [g]}".to_owned()),
            ("{}", "{auth-provider: {name: gcp}}".to_owned()),
            ("{}", exec("")),
            ("{}", exec("apiVersion: client.authentication.k8s.io/v1, command: c")),
            ("{}", exec(&format!("{version}, command: c, env: [{{value: CANARY}}]"))),
        ];
        let all: Vec<String> = cases.iter().map(|(cluster, user)| told(cluster, user)).collect();
        assert!(!all.iter().any(|told| told.contains("CANARY")));
        insta::assert_snapshot!(all.join("\n"), @"
        its cluster has both insecure-skip-tls-verify and a certificate authority
        its cluster has both certificate-authority and certificate-authority-data
        its proxy-url is none of http://, https:// and socks5://
        its proxy-url is none of http://, https:// and socks5://
        its proxy-url is none of http://, https:// and socks5://
        its user has both client-certificate and client-certificate-data
        its user has a client certificate without a key
        its user has both client-key and client-key-data
        its user has both a token and a password
        its user has as-uid, as-groups or as-user-extra without as
        its user's auth-provider was removed from Kubernetes; a login program (exec) takes its place
        its user's exec has no command; its user's exec has none of the apiVersions client.authentication.k8s.io/v1 and v1beta1
        its user's exec has no interactiveMode
        its user's exec has a variable without a name
        ");
        for (cluster, user) in [
            (
                "{certificate-authority: /ca, proxy-url: ''}",
                "{token: CANARY, as: a, as-groups: [g]}".to_owned(),
            ),
            (
                "{insecure-skip-tls-verify: true, proxy-url: 'socks5://u:p@h'}",
                "{auth-provider: {name: oidc}}".to_owned(),
            ),
            ("{}", exec(&format!("{version}, command: c, env: [{{name: n, value: v}}]"))),
            ("{}", exec("apiVersion: client.authentication.k8s.io/v1beta1, command: c")),
        ] {
            assert_eq!(told(cluster, &user), "none");
        }
    }
}
