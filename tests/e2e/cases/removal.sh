# shellcheck shell=bash disable=SC2154
# Releases go: those that left the profile, and all of them with `down`. Also what status and verify say.

cases_removal() {
  check "status -o json tells revision, image and health" removal_status
  check "verify exits 4 when a Deployment is scaled to 0" removal_verify
  check "a release that left the profile is uninstalled" removal_left
  check "it comes back with the profile" baseline
  check "it comes back at once when a check fails without it" removal_undone
  check "down removes the releases and says what stays" removal_down
  check "up after down deploys everything again, as plan prints it" removal_again
  check "down --purge removes the namespace" removal_purge
  check "a failing first installation leaves the namespace alone" removal_first_failure
}

removal_status() {
  exits 0 todoctl status --profile e2e -o json
  # shellcheck disable=SC2016 # the dollars are jq's
  result --arg tag "$(image backend | sed 's/.*://')" --argjson revision "$(revision backend)" '
    .profile == "e2e" and (.releases | length == 2) and any(.releases[]; .release == "backend"
    and .revision == $revision and .image == $tag and .verified)'
  exits 0 todoctl status --profile e2e
  screen backend frontend "$(url)"
}

removal_verify() {
  kube scale deployment/backend-deployment --replicas 0
  eventually 20 removal_no_pods backend
  exits 4 todoctl verify --profile e2e
  screen 'backend-deployment has 0 replicas instead of 2'
  exits 0 todoctl status --profile e2e -o json
  result 'any(.releases[]; .release == "backend" and .health.kind != "ready")'
  exits 0 todoctl up e2e
  exits 0 todoctl verify --profile e2e
}

removal_no_pods() {
  [[ -z $(pods "$1") ]]
}

# without_frontend [PATH]: the profile without the release frontend, with a check of a path of the backend.
without_frontend() {
  profile_write 40 "checks:
  - {name: backend answers, release: backend, service: backend-service, port: '8001', path: ${1-/ready}, within-seconds: 3}"
  sed -i 's/^  frontend: .*/  frontend: null/' "$project/profiles/e2e.yaml"
}

removal_left() {
  local backend
  backend=$(history backend)
  without_frontend
  exits 3 todoctl plan e2e --exit-code
  screen 'left the profile'
  up_as_planned
  same "the history of backend" "$backend" "$(history backend)"
  same "the list of releases" backend "$(helm list -n "$namespace" --deployed -q)"
  same "what is left of frontend" '' "$(content frontend)"
  eventually 20 removal_no_pods frontend
  nothing_to_do
}

# The removal is done when the deployment is verified, and then fails.
removal_undone() {
  local before
  before=$(content)
  without_frontend /nowhere
  exits 20 todoctl up e2e
  grep -q 'helm uninstall frontend' <<<"$(commands_of "$(newest_run)")"
  same "what is deployed" "$before" "$(content)"
  project_restore
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}

removal_down() {
  exits 0 todoctl down e2e
  screen "namespace $namespace" "kubectl delete namespace $namespace" 'run records'
  same "the list of releases" '' "$(helm list -n "$namespace" --deployed -q)"
  same "what is deployed" '' "$(content)"
  same "the secrets" '' "$(our_secrets)"
  exits 0 todoctl down e2e
  screen 'Nothing to do'
}

removal_again() {
  project_restore
  up_as_planned
  healthy backend frontend
  verified backend frontend
}

# With the namespace goes everything; then an installation that fails leaves the namespace alone.
removal_purge() {
  exits 0 todoctl down e2e --purge
  exits 1 kubectl get namespace "$namespace"
}

removal_first_failure() {
  exits 20 todoctl up e2e --set backend.extraEnv.FAULT_EXIT_AT_START=1
  screen 'fault: exit at start' "namespace $namespace"
  same "the list of releases" '' "$(helm list -n "$namespace" -aq)"
  eventually 20 nothing_left
  kube get namespace "$namespace"
  nothing_left
}

# nothing_left: whether nothing of ours is in the namespace, helm's records included; the record of the run stays.
nothing_left() {
  local left
  left=$(kube get deployments,replicasets,pods,services,secrets,configmaps -o name | grep -v -e configmap/kube-root-ca.crt -e configmap/todoctl-run- || true)
  same "the empty namespace" '' "$left"
}
