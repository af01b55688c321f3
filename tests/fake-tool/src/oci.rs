//! Stands for `oci`, the command line of Oracle Cloud: one cluster, and a kubeconfig for it whose token another `oci`
//! makes.

use serde_json::json;

use crate::argv::Argv;
use crate::state::{State, VERSION};
use crate::{Answer, Call, kubeconfig};

const VALUED: [&str; 6] =
    ["--cluster-id", "--region", "--output", "--file", "--token-version", "--kube-endpoint"];

/// Answers one call.
pub fn run(state: &State, call: &Call) -> Answer {
    if call.args == ["--version"] {
        return Answer::ok("3.51.5\n");
    }
    let argv = match Argv::parse(&call.args, &VALUED, &[]) {
        Ok(argv) => argv,
        Err(error) => return Answer::fail(2, format!("Usage: oci [OPTIONS]\n\nError: {error}\n")),
    };
    let id = argv.value(&["--cluster-id"]).unwrap_or_default();
    if state.oke.is_empty() || !id.starts_with("ocid1.cluster.") {
        // As oci-cli 3 prints the service's answer.
        let error = json!({"code": "NotAuthorizedOrNotFound", "status": 404,
            "message": "Authorization failed or requested resource not found."});
        return Answer::fail(1, format!("ServiceError:\n{error:#}\n"));
    }
    match (argv.word(0), argv.word(1), argv.word(2)) {
        ("ce", "cluster", "get") => {
            let endpoints = json!({"public-endpoint": "203.0.113.9:6443", "private-endpoint": "10.0.0.9:6443",
                "vcn-hostname-endpoint": null, "kubernetes": null});
            let cluster = json!({"data": {"id": id, "name": "todo", "lifecycle-state": state.oke,
                "kubernetes-version": VERSION, "endpoints": endpoints}, "etag": "e"});
            Answer::ok(format!("{cluster:#}\n"))
        }
        ("ce", "cluster", "create-kubeconfig") if argv.value(&["--file"]) == Some("-") => {
            let token = ["ce", "cluster", "generate-token", "--cluster-id", id];
            let user = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "oci",
                "args": token, "env": []}});
            Answer::ok(kubeconfig::text("context-cabc", "https://203.0.113.9:6443", &user, &state.api))
        }
        ("ce", "cluster", "generate-token") => {
            let credential = json!({"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",
                "status": {"token": kubeconfig::TOKEN}});
            Answer::ok(format!("{credential}\n"))
        }
        (one, two, three) => Answer::fail(2, format!("Error: No such command '{one} {two} {three}'.\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_is_not_there_is_not_found() {
        let args = "ce cluster get --cluster-id ocid1.cluster.x --region r --output json";
        let call = Call { args: args.split(' ').map(str::to_owned).collect(), ..Call::default() };
        assert!(run(&State::default(), &call).stderr.contains("NotAuthorizedOrNotFound"));
        let state = State { oke: "ACTIVE".to_owned(), ..State::default() };
        assert!(run(&state, &call).stdout.contains("\"lifecycle-state\": \"ACTIVE\""));
    }
}
