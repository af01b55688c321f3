//! Stands for kubeconfigs: the user's, whose contexts the state names, and private ones, which lead to the cluster only
//! when nobody else can read them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::state::{KUBECONFIG, State};

/// The user's token; it must show nowhere.
pub const TOKEN: &str = "CANARY-token-of-the-user";

/// A kubeconfig with one context. JSON is YAML.
pub fn text(context: &str, server: &str, user: &Value) -> String {
    let config = json!({"apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": context,
        "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority-data": "QQ=="}}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": user}]});
    format!("{config}\n")
}

/// `kubectl config view --raw --minify --flatten --context X`.
pub fn view(state: &State, context: &str) -> Result<String, String> {
    let server = state.contexts.get(context);
    let server = server.ok_or_else(|| format!("error: cannot locate context {context}\n"))?;
    Ok(text(context, server, &json!({"token": TOKEN})))
}

/// Whether a kubeconfig leads to the cluster.
pub fn leads(kubeconfig: Option<&str>) -> bool {
    let Some(path) = kubeconfig else { return false };
    let private = |path: &Path| {
        let mode = std::fs::metadata(path).map_or(0o777, |metadata| metadata.permissions().mode());
        mode.trailing_zeros() >= 6
            && std::fs::read_to_string(path).is_ok_and(|text| text.contains("\"current-context\""))
    };
    path == KUBECONFIG || private(Path::new(path))
}
