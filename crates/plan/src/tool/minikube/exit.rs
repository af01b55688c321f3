//! Owns what minikube's exit statuses mean for a person. Facts: minikube v1.38.1, `pkg/minikube/reason/exitcodes.go`:
//! tens say where it failed (20 resources, 30 this machine, 40 internet, 50 driver, 60 its provider, 70 local network,
//! 80 node, 90 container runtime, 100 Kubernetes, 110 services), ones how (1 conflict, 2 timeout, 3 not running, 5 not
//! found, 7 permission, 9 unavailable).

/// What a failed start has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// What was there before.
    Nothing,
    /// Perhaps a node without a working Kubernetes.
    Half,
    /// What was there before, which is in the way.
    Foreign,
}

/// First and last status, what to do, what is left; the first row that fits counts.
const ADVICE: &[(i32, i32, &str, Left)] = &[
    (2, 2, "minikube was interrupted", Left::Half),
    (
        14,
        18,
        "minikube does not accept its settings: correct `cluster.minikube` of the profile",
        Left::Nothing,
    ),
    (
        23,
        23,
        "there is not enough memory: give docker or the machine more, or lower `memory-mb` of the profile (1800 is the least)",
        Left::Nothing,
    ),
    (
        26,
        26,
        "the disk is full: free some of it (`docker system prune` removes what docker does not use), or lower `disk-gb` of the profile",
        Left::Nothing,
    ),
    (
        29,
        29,
        "there are not enough CPUs: give docker or the machine more, or lower `cpus` of the profile (2 is the least)",
        Left::Nothing,
    ),
    (
        20,
        28,
        "the machine cannot give what the profile asks for: lower `cpus` or `memory-mb` of the profile",
        Left::Nothing,
    ),
    (37, 37, "minikube may not write its files: see who owns ~/.minikube and ~/.kube", Left::Nothing),
    (30, 39, "something on this machine is in minikube's way: see what it says", Left::Nothing),
    (
        40,
        49,
        "minikube could not download what it needs: see the connection and the proxy (HTTPS_PROXY, NO_PROXY)",
        Left::Half,
    ),
    (51, 51, "another cluster or driver is in the way", Left::Foreign),
    (
        54,
        56,
        "the driver is not there or cannot be used here: install and start docker, or choose another `driver` in the profile",
        Left::Nothing,
    ),
    (
        57,
        57,
        "this driver does not run as this user: docker must not be used as root (add your user to the group docker), the driver none must",
        Left::Nothing,
    ),
    (50, 59, "the driver failed: see that `docker info` (or the tool of the driver) answers", Left::Half),
    (63, 63, "docker is not running: start it (`systemctl start docker`, or Docker Desktop)", Left::Nothing),
    (
        65,
        65,
        "docker, or the tool of the driver, is not installed: install it, or choose another `driver` in the profile",
        Left::Nothing,
    ),
    (
        67,
        67,
        "docker does not answer this user: add your user to the group docker, then log in again",
        Left::Nothing,
    ),
    (60, 69, "docker, or the tool of the driver, is not healthy: see what `docker info` says", Left::Nothing),
    (
        70,
        79,
        "the network of this machine is in the way: see VPN, firewall and proxy (NO_PROXY must hold the cluster's addresses)",
        Left::Half,
    ),
    (81, 81, "the cluster that is there was made otherwise", Left::Foreign),
    (80, 89, "the node did not come up", Left::Half),
    (90, 99, "the container runtime in the node did not come up", Left::Half),
    (100, 109, "Kubernetes in the node did not come up", Left::Half),
    (110, 119, "an addon or service of minikube did not come up", Left::Half),
];

/// What to do, and what is left, for an exit status and a reason's id. Nothing to do is known for a status that says only
/// that it failed.
pub(super) fn advice(status: Option<i32>, reason: Option<&str>) -> (Option<&'static str>, Left) {
    let Some(status) = status else {
        return (Some("minikube was ended from outside"), Left::Half);
    };
    // Some reasons about resources come with the status of a general failure.
    let resource = |reason: &str, words: &[&str]| {
        reason.starts_with("RSRC_") && words.iter().any(|word| reason.contains(word))
    };
    let status = match reason {
        Some(reason) if resource(reason, &["MEM"]) => 23,
        Some(reason) if resource(reason, &["STORAGE"]) => 26,
        Some(reason) if resource(reason, &["CORES", "CPU"]) => 29,
        // That docker is not there and that it does not run share a status.
        Some("DRV_DOCKER_NOT_RUNNING") => 63,
        Some(_) | None => status,
    };
    let row = ADVICE.iter().find(|(first, last, ..)| (*first..=*last).contains(&status));
    row.map_or((None, Left::Half), |(_, _, advice, left)| (Some(*advice), *left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_minikube_has_advice() {
        let known = [2].into_iter().chain(14..=18).chain(20..=119);
        let silent: Vec<i32> = known.filter(|status| advice(Some(*status), None).0.is_none()).collect();
        assert_eq!(silent, [] as [i32; 0]);
    }

    #[test]
    fn a_reason_says_more_than_a_general_status() {
        assert_eq!(advice(Some(10), Some("RSRC_OVER_ALLOC_MEM")), advice(Some(23), None));
        assert_eq!(advice(Some(55), Some("DRV_DOCKER_NOT_RUNNING")), advice(Some(63), None));
        assert_eq!(advice(Some(1), None), (None, Left::Half));
        assert_eq!(advice(None, None).0, Some("minikube was ended from outside"));
    }
}
