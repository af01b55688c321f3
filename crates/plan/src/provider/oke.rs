//! Owns the provider `oke`: a cluster of Oracle Kubernetes Engine, found and reached by the `oci` command.
//! Refuses to start, stop and delete it.

use super::{ClusterState, Down, Facts, Found, Kubeconfig, Program, Provider, Reach};
use crate::tool::oci;
use crate::tool::version::Version;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::{Invocation, Output};
use todoctl_core::quantity::GIBI;
use todoctl_project::profile::Oke;

/// How many characters of an OCID tell it from the others.
const TELLING: usize = 8;

/// The first OCI CLI that Oracle asks for (OKE's documentation, setting up cluster access).
const VERSION: Version = Version(2, 24);
/// Oracle's block volumes have at least 50 GiB, and its CSI driver rounds up (oci-ccm v1.35.0, `pkg/csi-util/utils.go`).
const SMALLEST_VOLUME: u64 = 50 * GIBI;

pub(super) struct OkeProvider(pub(super) Oke);

impl Provider for OkeProvider {
    fn title(&self) -> String {
        let id = &self.0.cluster_id;
        let start = id.char_indices().rev().nth(TELLING - 1).map_or(0, |(at, _)| at);
        format!("OKE cluster …{}", &id[start..])
    }

    fn facts(&self) -> Facts {
        Facts {
            program: Some(Program {
                name: "oci".to_owned(),
                minimum: Some(VERSION),
                purpose: "gives the kubeconfig and its tokens",
            }),
            smallest_volume: SMALLEST_VOLUME,
            ..Facts::default()
        }
    }

    /// Side by side, because `oci` takes seconds to start. Nothing is kept from an earlier run: addresses change.
    fn status(&self) -> Vec<Invocation> {
        vec![oci::cluster(&self.0), oci::kubeconfig(&self.0)]
    }

    fn found(&self, outputs: &[Output]) -> Result<Found, String> {
        let [cluster, kubeconfig] = outputs else { return Err("it was not asked".to_owned()) };
        if !cluster.is_success() {
            return Err(oci::complaint(cluster));
        }
        let answer: oci::Answer = serde_json::from_slice(&cluster.stdout)
            .map_err(|error| format!("oci's answer is not readable: {error}"))?;
        let data = answer.data;
        if !matches!(data.lifecycle_state.as_str(), "ACTIVE" | "UPDATING") {
            let state = format!("is {}", data.lifecycle_state);
            let unfit = Diagnostic {
                code: Code::ClusterUnfit,
                what: format!("{} ({}) {state}, not ACTIVE", self.title(), data.name),
                evidence: Vec::new(),
                fix: format!(
                    "wait until it is, or name another one in the profile: {}",
                    oci::cluster(&self.0).line()
                ),
                place: None,
            };
            return Ok(Found { cluster: ClusterState::Down(Down::in_part(state)), unfit: Some(unfit) });
        }
        if data.endpoints.is_some_and(|endpoints| endpoints.of(self.0.endpoint).is_none()) {
            let word = oci::word(self.0.endpoint);
            return Err(format!("it has no {word}; name another `endpoint` in the profile"));
        }
        if !kubeconfig.is_success() {
            return Err(oci::complaint(kubeconfig));
        }
        let kubeconfig = Kubeconfig::Text(kubeconfig.text().into());
        Ok(Found::fit(ClusterState::Running(Reach { kubeconfig, node: String::new() })))
    }

    fn start(&self) -> Vec<Invocation> {
        Vec::new()
    }

    fn delete(&self) -> Result<Invocation, String> {
        Err("todoctl did not make this cluster, so it does not delete it".to_owned())
    }
}
