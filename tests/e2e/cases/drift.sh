# shellcheck shell=bash disable=SC2154
# Somebody else changed the cluster: the plan shows it, up repairs it, and a failing run still returns.

cases_drift() {
  check "a Deployment scaled to 0 is shown and repaired" drift_repaired 'replicas' drift_scale 0
  check "a Deployment scaled to 3 is shown and repaired" drift_repaired 'replicas' drift_scale 3
  check "another image is shown and repaired" drift_repaired 'image' drift_image
  check "a deleted Deployment is shown and repaired" drift_repaired 'backend-deployment' drift_delete
  check "a failing run returns although somebody scaled" drift_failing_run
  check "a foreign helm upgrade is shown and replaced" drift_foreign
  check "a failing run returns to a foreign helm upgrade" drift_foreign_failing_run
  check "a release of somebody else in another namespace disturbs nothing" drift_elsewhere
}

drift_scale() {
  kube scale deployment/backend-deployment --replicas "$1"
}

drift_image() {
  kube set image deployment/backend-deployment backend="$(image frontend)"
}

drift_delete() {
  kube delete deployment/backend-deployment
}

# drift_repaired WORD COMMAND...: what COMMAND changes is named in the plan, and `up` takes it back.
drift_repaired() {
  local word=$1 before history
  shift
  before=$(content)
  history=$(history frontend)
  "$@"
  exits 3 todoctl plan e2e --exit-code
  screen 'someone else' "$word"
  up_as_planned
  same "what is deployed" "$before" "$(content)"
  same "the history of frontend" "$history" "$(history frontend)"
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}

drift_failing_run() {
  local before
  before=$(content)
  drift_scale 3
  exits 20 todoctl up e2e --set backend.extraEnv.FAULT_EXIT_AT_START=1
  screen 'fault: exit at start'
  same "what is deployed" "$before" "$(content)"
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}

drift_upgrade() {
  helm upgrade backend "$project/charts/backend" -n "$namespace" --reuse-values --set replicaCount=3 --wait --timeout 60s
}

drift_foreign() {
  drift_repaired 'made by someone else' drift_upgrade
}

drift_foreign_failing_run() {
  local before
  drift_upgrade
  before=$(content)
  exits 20 todoctl up e2e --set backend.extraEnv.FAULT_EXIT_AT_START=1
  same "what is deployed" "$before" "$(content)"
  healthy backend frontend
  exits 3 todoctl plan e2e --exit-code
  exits 0 todoctl up e2e
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}

# Its record has none of todoctl's labels.
drift_elsewhere() {
  helm install elsewhere "$project/charts/frontend" -n elsewhere --create-namespace \
    --set replicaCount=0,existingSecret=none
  nothing_to_do
  exits 0 todoctl status --profile e2e
  helm uninstall elsewhere -n elsewhere
}
