//! Owns the flags of `oci`, the command line of Oracle Cloud, and the form of its answers.

use std::time::Duration;

use serde::Deserialize;

use todoctl_core::invocation::{Invocation, Output, Tool};
use todoctl_project::profile::{Endpoint, Oke};

/// It is a Python program that talks to a service far away.
const PATIENCE: Duration = Duration::from_mins(2);

/// What `ce cluster get` says. Its keys are in kebab case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Answer {
    /// The cluster.
    pub data: ClusterData,
}

/// A cluster of Oracle Kubernetes Engine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClusterData {
    /// Its name.
    pub name: String,
    /// `CREATING`, `ACTIVE`, `FAILED`, `DELETING`, `DELETED`, `UPDATING`.
    pub lifecycle_state: String,
    /// Its addresses, `HOST:PORT`; those it does not have are null.
    #[serde(default)]
    pub endpoints: Option<Endpoints>,
}

/// The addresses of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Endpoints {
    /// On the internet.
    pub public_endpoint: Option<String>,
    /// In the cluster's network.
    pub private_endpoint: Option<String>,
    /// The name in the cluster's network.
    pub vcn_hostname_endpoint: Option<String>,
}

impl Endpoints {
    /// The address that a profile asks for.
    pub fn of(&self, endpoint: Endpoint) -> Option<&str> {
        match endpoint {
            Endpoint::PublicEndpoint => self.public_endpoint.as_deref(),
            Endpoint::PrivateEndpoint => self.private_endpoint.as_deref(),
            Endpoint::VcnHostname => self.vcn_hostname_endpoint.as_deref(),
        }
    }
}

/// The address as `oci` names it.
pub fn word(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::PublicEndpoint => "PUBLIC_ENDPOINT",
        Endpoint::PrivateEndpoint => "PRIVATE_ENDPOINT",
        Endpoint::VcnHostname => "VCN_HOSTNAME",
    }
}

fn invocation(oke: &Oke, verb: &str, args: &[&str]) -> Invocation {
    let mut all = vec!["ce", "cluster", verb, "--cluster-id", &oke.cluster_id, "--region", &oke.region];
    all.extend(args);
    Invocation::new(Tool::Oci, all).timeout(PATIENCE)
}

/// The state of a cluster and its addresses.
pub fn cluster(oke: &Oke) -> Invocation {
    invocation(oke, "get", &["--output", "json"])
}

/// A kubeconfig for a cluster on standard output: `--file -` leaves the user's alone, which it would else be merged
/// into. It holds no token, but the command that makes one: `oci ce cluster generate-token`.
pub fn kubeconfig(oke: &Oke) -> Invocation {
    let args = ["--file", "-", "--token-version", "2.0.0", "--kube-endpoint", word(oke.endpoint)];
    invocation(oke, "create-kubeconfig", &args)
}

/// Why it failed. The service's answer is JSON over many lines on standard error; what it says is in `message`.
pub fn complaint(output: &Output) -> String {
    let from = output.stderr.find('{').unwrap_or(output.stderr.len());
    let said: Option<serde_json::Value> = serde_json::from_str(output.stderr[from..].trim()).ok();
    match said.as_ref().and_then(|said| Some((said["code"].as_str()?, said["message"].as_str()?))) {
        Some((code, message)) => format!("{code}: {message}"),
        None => output.complaint(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_says_why_in_its_message() {
        let said = |text: &str| complaint(&Output { stderr: text.to_owned(), ..Output::default() });
        let text = "ServiceError:\n{\n  \"code\": \"NotAuthenticated\",\n  \"message\": \"wrong key\",\n  \"status\": 401\n}\n";
        assert_eq!(said(text), "NotAuthenticated: wrong key");
        assert_eq!(said("ERROR: Could not find config file\n"), "ERROR: Could not find config file");
    }

    #[test]
    fn commands_are_those_of_the_documentation() {
        let oke = Oke {
            cluster_id: "ocid1.cluster.oc1.iad.x".to_owned(),
            region: "us-ashburn-1".to_owned(),
            endpoint: Endpoint::PrivateEndpoint,
            uid: None,
        };
        assert_eq!(
            kubeconfig(&oke).line(),
            "oci ce cluster create-kubeconfig --cluster-id ocid1.cluster.oc1.iad.x --region us-ashburn-1 --file - \
             --token-version 2.0.0 --kube-endpoint PRIVATE_ENDPOINT"
        );
        assert_eq!(
            cluster(&oke).line(),
            "oci ce cluster get --cluster-id ocid1.cluster.oc1.iad.x --region us-ashburn-1 --output json"
        );
    }
}
