# shellcheck shell=bash disable=SC2154
# Releases go: those that left the profile, and all of them with `down`. Also what status and verify say.

cases_removal() {
  check "status -o json tells revision, image and health" removal_status
  check "verify exits 4 when a Deployment is scaled to 0" removal_verify
  check "a release that left the profile is uninstalled" removal_left
  check "it comes back with the profile" baseline
  check "a failing run brings a release back that left the profile" removal_undone
  check "down removes the releases and says what stays" removal_down
  check "up after down deploys everything again" baseline
  check "down --purge removes the namespace" removal_purge
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
  profile_write 5
  exits 4 todoctl verify --profile e2e
  screen backend
  profile_write 40
  exits 0 todoctl up e2e
  exits 0 todoctl verify --profile e2e
}

removal_no_pods() {
  [[ -z $(pods "$1") ]]
}

without_frontend() {
  profile_write 40
  cat >>"$project/profiles/e2e.yaml" <<'YAML'
checks:
  - {name: backend answers, release: backend, service: backend-service, port: "8001", path: /ready}
YAML
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
  same "the list of releases" backend "$(helm list -n "$namespace" -q)"
  same "what is left of frontend" '' "$(content frontend)"
  eventually 20 removal_no_pods frontend
  nothing_to_do
}

# The removal succeeds or is not begun; the failing release comes first.
removal_undone() {
  local before
  before=$(content)
  without_frontend
  exits 20 todoctl up e2e --set backend.extraEnv.FAULT_EXIT_AT_START=1
  same "what is deployed" "$before" "$(content)"
  project_restore
  healthy backend frontend
}

removal_down() {
  exits 0 todoctl down e2e
  screen "namespace $namespace" --purge
  same "the list of releases" '' "$(helm list -n "$namespace" -q)"
  same "what is deployed" '' "$(content)"
  same "the secrets" '' "$(our_secrets)"
  exits 0 todoctl down e2e
  screen 'Nothing to do'
}

removal_purge() {
  exits 0 todoctl down e2e --purge
  exits 1 kubectl get namespace "$namespace"
}
