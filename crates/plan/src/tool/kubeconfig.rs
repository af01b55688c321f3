//! Owns the form of a kubeconfig, as far as it is looked at: one cluster, its context, its address.
//! Refuses to show anything else of it: it holds keys and tokens, and errors quote nothing of it.

use serde::Deserialize;

/// What a kubeconfig with one cluster says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its context.
    pub context: String,
    /// Address of the API server.
    pub server: String,
}

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "current-context", default)]
    current_context: String,
    #[serde(default)]
    clusters: Vec<Cluster>,
    #[serde(default)]
    contexts: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Cluster {
    cluster: Server,
}

#[derive(Deserialize)]
struct Server {
    server: String,
}

/// Reads a kubeconfig that is to lead to one cluster and nowhere else.
pub fn summary(text: &str) -> Result<Summary, String> {
    // The parser's own words may quote what stands there.
    let config: Config =
        serde_yaml::from_str(text).map_err(|_| "the kubeconfig is not readable as YAML".to_owned())?;
    match (config.clusters.as_slice(), config.contexts.len()) {
        ([cluster], 1) if !config.current_context.is_empty() => {
            Ok(Summary { context: config.current_context, server: cluster.cluster.server.clone() })
        }
        (clusters, contexts) => Err(format!(
            "the kubeconfig is to lead to one cluster; it has {} clusters, {contexts} contexts, and {} current context",
            clusters.len(),
            if config.current_context.is_empty() { "no" } else { "a" },
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
apiVersion: v1
kind: Config
current-context: prod
clusters: [{name: c, cluster: {server: 'https://10.0.0.1:6443', certificate-authority-data: QUJD}}]
contexts: [{name: prod, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: CANARY-1}}]
";

    #[test]
    fn what_leads_elsewhere_is_refused_and_nothing_is_quoted() {
        let cases = [
            ("", "it has 0 clusters, 0 contexts, and no current context"),
            ("token: 'CANARY-1", "not readable as YAML"),
            ("clusters: CANARY-1", "not readable as YAML"),
            (
                "clusters: [{name: c, cluster: {server: a}}]",
                "it has 1 clusters, 0 contexts, and no current context",
            ),
        ];
        for (text, want) in cases {
            let error = summary(text).unwrap_err();
            assert!(error.contains(want) && !error.contains("CANARY"), "{text}: {error}");
        }
    }

    #[test]
    fn context_and_server_are_known() {
        let want = Summary { context: "prod".into(), server: "https://10.0.0.1:6443".into() };
        assert_eq!(summary(GOOD).unwrap(), want);
    }
}
