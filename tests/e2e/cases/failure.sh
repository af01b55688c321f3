# shellcheck shell=bash disable=SC2154
# A release that cannot work: exit 20, and everything is back, proved with kubectl.

cases_failure() {
  check "a backend that never becomes ready is rolled back" \
    failure_returns 10 'fault: never ready' --set backend.extraEnv.FAULT_NEVER_READY=1
  check "a backend whose health is bad is rolled back" \
    failure_returns 10 'fault: bad health' --set backend.extraEnv.FAULT_BAD_HEALTH=1
  check "an image that does not exist is rolled back" \
    failure_returns 40 'ImagePullBackOff' --set backend.image.tag=nowhere
  check "a crash loop is rolled back" \
    failure_returns 40 'fault: exit at start' --set backend.extraEnv.FAULT_EXIT_AT_START=1
  check "a failing frontend takes the new, verified backend back too" failure_second
  check "--no-rollback keeps the failure for looking at it" failure_kept
  check "a chart with an error in it changes nothing" failure_template '{{ .Values.open'
  check "a chart that lacks a value changes nothing" failure_template '{{ required "say a colour" .Values.colour }}'
}

# failure_returns SECONDS CAUSE ARG...: `up ARG...` fails within its time, says why (a fault says so in the log of its
# pod), and leaves everything as it was.
failure_returns() {
  local ready=$1 cause=$2 before secrets history
  shift 2
  before=$(content)
  secrets=$(our_secrets)
  history=$(history frontend)
  profile_write "$ready"
  exits 20 todoctl up e2e "$@"
  profile_write 40
  screen "$cause" 'release backend failed' 'rolled back: everything is as it was'
  failure_evidence
  same "what is deployed" "$before" "$(content)"
  same "the secrets" "$secrets" "$(our_secrets)"
  same "the history of frontend" "$history" "$(history frontend)"
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}

# failure_evidence: whether the folder on the screen holds logs and descriptions.
failure_evidence() {
  local folder
  folder=$(newest_run)/evidence
  screen "$folder"
  grep -rq . "$folder" --include '*.log'
  grep -q '^Name:' "$folder/backend-pods.txt" || grep -q '^Name:' "$folder/frontend-pods.txt"
  jq -e '.items | length > 0' "$folder/events.json" >/dev/null
}

failure_second() {
  local before revision
  before=$(content)
  revision=$(revision backend)
  exits 20 todoctl up e2e --set backend.config.agentName=Doomed --set frontend.extraEnv.FAULT_EXIT_AT_START=1
  screen 'release frontend failed' 'fault: exit at start'
  failure_evidence
  same "what is deployed" "$before" "$(content)"
  (($(revision backend) == revision + 2)) || wrong "the backend was not upgraded and returned: $(history backend)"
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}

failure_kept() {
  local before
  before=$(content frontend)
  # What it exits with is "not everything is back".
  exits 21 todoctl up e2e --no-rollback --set backend.extraEnv.FAULT_EXIT_AT_START=1
  screen 'helm rollback backend'
  kube get deployment backend-deployment -o json | jq -e '
    any(.spec.template.spec.containers[0].env[]; .name == "FAULT_EXIT_AT_START")' >/dev/null
  same "the frontend" "$before" "$(content frontend)"
  exits 0 todoctl up e2e
  healthy backend frontend
  verified backend frontend
}

# failure_template TEXT: the chart does not render.
failure_template() {
  local before
  before=$(versions)
  echo "$1" >"$project/charts/backend/templates/wrong.yaml"
  exits 10 todoctl up e2e
  screen backend 'nothing was changed'
  exits 10 todoctl plan e2e
  rm "$project/charts/backend/templates/wrong.yaml"
  same "the namespace" "$before" "$(versions)"
  nothing_to_do
}
