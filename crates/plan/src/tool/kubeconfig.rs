//! Owns the form of a kubeconfig, as far as it is looked at: one cluster, its context, its address, and the paths that
//! kubectl leaves as they were written.
//! Refuses to show anything else of it: it holds keys and tokens, and errors quote nothing of it.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

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
    contexts: Vec<Value>,
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

/// A kubeconfig with one user that can be anywhere; the same when it can already. kubectl takes in certificates and keys,
/// and leaves some paths of the user as they were written, from the folder of the file on (client-go
/// `clientcmd/loader.go`, `GetAuthInfoFileReferences`; kubectl `config view --flatten`). `origin` is asked for that folder
/// of a user.
pub fn anchored(text: &str, origin: impl FnOnce(&str) -> Result<PathBuf, String>) -> Result<String, String> {
    // What cannot be read is told by whoever needs it.
    let mut config: Value = serde_yaml::from_str(text).unwrap_or_default();
    let users = config.get_mut("users").and_then(Value::as_array_mut);
    let Some(user) = users.and_then(|users| users.first_mut()) else { return Ok(text.to_owned()) };
    let name = user["name"].as_str().unwrap_or_default().to_owned();
    let paths = paths(user);
    if paths.is_empty() {
        return Ok(text.to_owned());
    }
    let folder = origin(&name)?;
    for path in paths {
        *path = folder.join(path.as_str().unwrap_or_default()).display().to_string().into();
    }
    // JSON is YAML.
    Ok(config.to_string())
}

/// Whether a kubeconfig has a user of this name; one that cannot be read has none.
pub fn has_user(text: &str, name: &str) -> bool {
    let config: Value = serde_yaml::from_str(text).unwrap_or_default();
    config["users"].as_array().into_iter().flatten().any(|user| user["name"] == name)
}

/// The paths of a user that are relative. A program without a separator is looked for on the PATH.
fn paths(user: &mut Value) -> Vec<&mut Value> {
    let Some(user) = user.get_mut("user").and_then(Value::as_object_mut) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, value) in user {
        match name.as_str() {
            "tokenFile" => found.push(value),
            "exec" => found.extend(value.get_mut("command").filter(|command| has_separator(command))),
            _ => {}
        }
    }
    found.retain(|path| path.as_str().is_some_and(|path| !path.is_empty() && Path::new(path).is_relative()));
    found
}

fn has_separator(command: &Value) -> bool {
    command.as_str().is_some_and(|command| command.contains('/'))
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

    #[test]
    fn paths_that_kubectl_leaves_are_anchored() {
        let of = |user: &str| GOOD.replace("{token: CANARY-1}", user);
        let none =
            [GOOD.to_owned(), of("{tokenFile: /a/token}"), of("{exec: {command: oci}}"), "oops".to_owned()];
        let nowhere = |user: &str| Err(user.to_owned());
        assert!(none.iter().all(|text| anchored(text, nowhere).as_ref() == Ok(text)));
        for (user, want) in [
            ("{tokenFile: token}", r#"{"tokenFile":"/home/u/token"}"#),
            (
                "{exec: {command: ./bin/login, args: [a]}}",
                r#"{"exec":{"command":"/home/u/./bin/login","args":["a"]}}"#,
            ),
        ] {
            let text = of(user);
            assert_eq!(anchored(&text, nowhere), Err("u".to_owned()));
            let made = anchored(&text, |_| Ok("/home/u".into())).unwrap();
            assert!(made.contains(want) && summary(&made) == summary(GOOD), "{made}");
        }
        assert!(has_user(GOOD, "u") && !has_user(GOOD, "v") && !has_user("oops", "u"));
    }
}
