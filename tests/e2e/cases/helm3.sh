# shellcheck shell=bash disable=SC2154
# The core of it again with helm 3, when the sandbox's folder of binaries has it (`sandbox build --with-helm3`).

cases_helm3() {
  local helm3
  helm3=$(type -P helm3) || { echo "# skipped: helm 3 was not built (sandbox/sandbox build --with-helm3)" && return; }
  mkdir -p "$work/helm3"
  ln -sfn "$helm3" "$work/helm3/helm"
  PATH=$work/helm3:$PATH
  check "helm 3: its revisions follow those of helm 4" helm3_change
  check "helm 3: a failing backend is rolled back" helm3_failure
  check "helm 3: a scaled Deployment is repaired" helm3_drift
  check "helm 3: a first deployment" helm3_first
}

helm3_change() {
  [[ $(helm version --short) == v3.* ]]
  exits 0 todoctl up e2e --set backend.config.agentName=Helm3
  healthy backend
  exits 0 todoctl up e2e
  healthy backend
  verified backend
  nothing_to_do
}

helm3_failure() {
  local before
  before=$(content)
  exits 20 todoctl up e2e --set backend.extraEnv.FAULT_EXIT_AT_START=1
  same "what is deployed" "$before" "$(content)"
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}

helm3_drift() {
  local before
  before=$(content)
  kube scale deployment/backend-deployment --replicas 3
  exits 3 todoctl plan e2e --exit-code
  exits 0 todoctl up e2e
  same "what is deployed" "$before" "$(content)"
  kube scale deployment/backend-deployment --replicas 3
  exits 20 todoctl up e2e --set backend.extraEnv.FAULT_EXIT_AT_START=1
  same "what is deployed" "$before" "$(content)"
  healthy backend frontend
}

helm3_first() {
  exits 0 todoctl down e2e --purge
  exits 0 todoctl up e2e
  same "the history of backend" '1 deployed' "$(history backend)"
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}
