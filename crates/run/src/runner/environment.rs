//! Owns what each tool may see of todoctl's own environment. Secrets are taken out before, whatever is said here.

use std::ffi::OsStr;

use todoctl_core::invocation::Tool;

/// What helm and kubectl may see of the environment; `HELM_*` and `KUBE*` would change what they do.
const ALLOWED: [&str; 13] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
];

/// What docker may see besides: where its engine and its builder are, and where its logins are. The last two are for
/// engines behind SSH and for rootless ones.
const DOCKER: [&str; 4] = ["DOCKER_", "BUILDX_", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"];

/// What minikube may see of its own variables: where its files are, and which docker it is to use.
const MINIKUBE: [&str; 4] = ["MINIKUBE_HOME", "MINIKUBE_ROOTLESS", "MINIKUBE_EXISTING_", "MINIKUBE_ACTIVE_"];

/// How the variables of those programs begin that a kubeconfig gets its credentials from: `oci`, `aws`,
/// `kubelogin`, `gke-gcloud-auth-plugin`. Without them helm and kubectl could not log in.
const CREDENTIALS: [&str; 5] = ["OCI_", "AWS_", "AZURE_", "CLOUDSDK_", "GOOGLE_"];

/// Whether a tool may see the variable of this name.
pub(super) fn may_see(tool: &Tool, name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    match tool {
        // A kubeconfig may name a program that gives the credentials, such as `oci`: it needs its own variables.
        Tool::Helm | Tool::Kubectl | Tool::Oci => ALLOWED.contains(&name.as_ref()) || begins(&CREDENTIALS),
        Tool::Docker => ALLOWED.contains(&name.as_ref()) || begins(&DOCKER),
        // It drives docker, ssh and hypervisors, and owns an entry of the user's kubeconfig; but what the profile says
        // of a cluster is not changed by variables.
        Tool::Minikube => begins(&MINIKUBE) || !begins(&["HELM_", "KUBE", "MINIKUBE_"]),
        // The project's own programs, such as compilers, need the user's environment.
        Tool::Project(_) => !begins(&["HELM_", "KUBE"]),
    }
}
