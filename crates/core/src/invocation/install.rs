//! Owns how a program is installed, in one sentence per program. One source for errors, `doctor` and the preflight.

/// How a program gets onto this machine; `None` for one that the profile names by its path.
pub fn install(program: &str) -> Option<&'static str> {
    Some(match program {
        "helm" => {
            "install helm 3.14 or later (https://helm.sh/docs/intro/install/), or use the sandbox's: \
             sandbox/sandbox start && eval \"$(sandbox/sandbox env)\""
        }
        "kubectl" => {
            "install kubectl (https://kubernetes.io/docs/tasks/tools/), or use the sandbox's: \
             sandbox/sandbox start && eval \"$(sandbox/sandbox env)\""
        }
        "minikube" => "install minikube 1.37 or later (https://minikube.sigs.k8s.io/docs/start/)",
        "docker" => "install Docker Engine (https://docs.docker.com/engine/install/)",
        "docker buildx" => "install the buildx plugin (https://docs.docker.com/build/install-buildx/)",
        "oci" => {
            "install the OCI CLI (https://docs.oracle.com/iaas/Content/API/SDKDocs/cliinstall.htm): \
             pip install oci-cli; then: oci setup config"
        }
        "git" => "install git (https://git-scm.com/downloads)",
        _ => return None,
    })
}
