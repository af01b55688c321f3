//! Stands for kubeconfigs: the user's, whose contexts the state names, and private ones, which lead to the cluster only
//! when nobody else can read them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::Call;
use crate::api::serve::NAME;
use crate::minikube::CONTEXT;
use crate::state::{ApiServer, State};

/// The user's token; it must show nowhere.
pub const TOKEN: &str = "CANARY-token-of-the-user";

/// Address of Minikube's API server.
const MINIKUBE: &str = "https://192.168.49.2:8443";

/// Address of the sandbox's API server.
const SANDBOX: &str = "https://10.245.0.2:6443";

/// The sandbox's kubeconfig.
pub fn of_sandbox(api: &ApiServer) -> String {
    text("sandbox", SANDBOX, &json!({}), api)
}

/// A kubeconfig with one context. JSON is YAML.
pub fn text(context: &str, server: &str, user: &Value, api: &ApiServer) -> String {
    let mut cluster = json!({"server": server, "certificate-authority-data": api.authority});
    if !api.proxy.is_empty() {
        cluster["proxy-url"] = json!(api.proxy);
        cluster["tls-server-name"] = json!(NAME);
    }
    let config = json!({"apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": context,
        "clusters": [{"name": "c", "cluster": cluster}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": user}]});
    format!("{config}\n")
}

/// `kubectl config view --raw --minify --flatten --context X`.
pub fn view(state: &State, context: &str) -> Result<String, String> {
    let minikube = (context == CONTEXT && state.minikube.has_context()).then_some(MINIKUBE);
    let server = state.contexts.get(context).map(String::as_str).or(minikube);
    let server = server.ok_or_else(|| format!("error: cannot locate context {context}\n"))?;
    Ok(text(context, server, &json!({"token": TOKEN}), &state.api))
}

/// Whether the cluster runs whose API server has this address.
pub fn runs(state: &State, address: &str) -> bool {
    if MINIKUBE.ends_with(address) { state.minikube.runs() } else { state.sandbox == "running" }
}

/// Whether a call reaches a cluster that runs; else kubectl's complaint.
pub fn reached(state: &State, call: &Call, context: &str) -> Result<(), String> {
    let path = call.kubeconfig.as_deref().unwrap_or_default();
    let (runs, server) = if path == state.kubeconfig {
        (state.sandbox == "running", "10.245.0.2:6443")
    } else {
        let Some(text) = private(Path::new(path)) else {
            return Err(format!("error: context \"{context}\" does not exist\n"));
        };
        if text.contains(MINIKUBE) {
            (state.minikube.runs(), "192.168.49.2:8443")
        } else {
            (state.sandbox == "running", "10.245.0.2:6443")
        }
    };
    if runs {
        return Ok(());
    }
    Err(format!(
        "The connection to the server {server} was refused - did you specify the right host or port?\n"
    ))
}

/// A kubeconfig that nobody else can read.
fn private(path: &Path) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    let text = std::fs::read_to_string(path).ok()?;
    (mode.trailing_zeros() >= 6 && text.contains("\"current-context\"")).then_some(text)
}
