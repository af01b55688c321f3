# shellcheck shell=bash disable=SC2154
# The core of it again with helm 3, when the sandbox's folder of binaries has it (`sandbox build --with-helm3`).

cases_helm3() {
  local helm3
  helm3=$(type -P helm3) || { echo "# skipped: helm 3 was not built (sandbox/sandbox build --with-helm3)" && return; }
  mkdir -p "$work/helm3"
  ln -sfn "$helm3" "$work/helm3/helm"
  check "helm 3: a first deployment" with_helm3 helm3_first
  # The last check is the same on what helm 4 left.
  [[ -z ${E2E_LONG-} ]] || check "helm 3: a failing backend is rolled back, a scaled Deployment repaired" with_helm3 helm3_failure
  check "helm 4 after helm 3: a failing backend is rolled back, a scaled Deployment repaired" helm3_then_4
  check "helm 3 after helm 4: a failing backend is rolled back, a scaled Deployment repaired" with_helm3 helm3_failure
}

with_helm3() {
  PATH=$work/helm3:$PATH
  [[ $(helm version --short) == v3.* ]]
  "$@"
}

helm3_first() {
  exits 0 todoctl down e2e --purge
  exits 0 todoctl up e2e
  same "the history of backend" '1 deployed' "$(history backend)"
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}

helm3_then_4() {
  [[ $(helm version --short) == v4.* ]]
  helm3_failure
}

# helm3_failure: somebody scales and the run fails; then the next one repairs what was scaled again.
helm3_failure() {
  local before
  before=$(content)
  kube scale deployment/backend-deployment --replicas 3
  exits 20 todoctl up e2e --set backend.extraEnv.FAULT_EXIT_AT_START=1
  same "what is deployed" "$before" "$(content)"
  healthy backend frontend
  verified backend frontend
  kube scale deployment/backend-deployment --replicas 0
  exits 3 todoctl plan e2e --exit-code
  screen 'someone else'
  exits 0 todoctl up e2e
  same "what is deployed" "$before" "$(content)"
  healthy backend frontend
  nothing_to_do
}
