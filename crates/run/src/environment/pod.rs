//! Owns the kubeconfig of a pod's service account, from what Kubernetes gives every pod: two variables and some files
//! (client-go `rest/config.go`, `InClusterConfig`). Files are named, not copied: the token in one of them is renewed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use serde_json::json;

use todoctl_core::diagnostic::{Code, Diagnostic};

/// Where a pod has the files of its service account.
const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The context; a person who wants to try a command in the pod leaves it out.
const CONTEXT: &str = "in-cluster";

/// The kubeconfig; an error when this process is in no pod.
pub(super) fn kubeconfig(variables: &BTreeMap<OsString, OsString>) -> Result<String, Diagnostic> {
    of(variables, Path::new(FOLDER))
}

fn of(variables: &BTreeMap<OsString, OsString>, folder: &Path) -> Result<String, Diagnostic> {
    let text = |name: &str| {
        let value = variables.get(&OsString::from(name)).and_then(|value| value.to_str());
        value.filter(|value| !value.is_empty()).ok_or_else(|| nowhere(&format!("{name} is not set")))
    };
    let (host, port) = (text("KUBERNETES_SERVICE_HOST")?, text("KUBERNETES_SERVICE_PORT")?);
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let file = |name: &str| {
        let path = folder.join(name);
        if path.is_file() { Ok(path) } else { Err(nowhere(&format!("{} is not there", path.display()))) }
    };
    let (authority, token) = (file("ca.crt")?, file("token")?);
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": {
            "server": format!("https://{host}:{port}"), "certificate-authority": authority}}],
        "users": [{"name": CONTEXT, "user": {"tokenFile": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
    });
    // JSON is YAML.
    Ok(config.to_string())
}

fn nowhere(why: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ClusterUnfit,
        format!("this is no pod with a service account: {why}"),
        "cluster: {in-cluster: {}} is for a runner in the cluster, with automountServiceAccountToken; \
         elsewhere say cluster: {context: {context: NAME}}",
    )
    .unchanged()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pod_has_becomes_a_kubeconfig_that_names_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let variables = |host: &str| {
            let pairs = [("KUBERNETES_SERVICE_HOST", host), ("KUBERNETES_SERVICE_PORT", "443")];
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        let told = |variables: &BTreeMap<_, _>| match of(variables, folder.path()) {
            Ok(text) => text.replace(&folder.path().display().to_string(), "[DIR]"),
            Err(why) => why.what.replace(&folder.path().display().to_string(), "[DIR]"),
        };
        let none = BTreeMap::new();
        assert_eq!(
            told(&none),
            "this is no pod with a service account: KUBERNETES_SERVICE_HOST is not set; nothing was changed"
        );
        let absent = told(&variables("10.0.0.1"));
        assert_eq!(
            absent,
            "this is no pod with a service account: [DIR]/ca.crt is not there; nothing was changed"
        );
        for name in ["ca.crt", "token"] {
            std::fs::write(folder.path().join(name), "CANARY").unwrap();
        }
        insta::assert_snapshot!(told(&variables("fd00::1")), @r#"{"apiVersion":"v1","kind":"Config","current-context":"in-cluster","clusters":[{"name":"in-cluster","cluster":{"server":"https://[fd00::1]:443","certificate-authority":"[DIR]/ca.crt"}}],"users":[{"name":"in-cluster","user":{"tokenFile":"[DIR]/token"}}],"contexts":[{"name":"in-cluster","context":{"cluster":"in-cluster","user":"in-cluster"}}]}"#);
    }
}
