#!/usr/bin/env bash
# End-to-end test of todoctl on a real cluster: a sandbox of its own, real helm, real pods. What the cluster is asked
# is asked with kubectl and helm. Needs root, and what scripts/setup installs. Exit status 0 only when all passed.
#   tests/e2e.sh                 everything
#   tests/e2e.sh --releases      what two small releases show
#   tests/e2e.sh --application   what only the whole application shows
#   tests/e2e.sh SUBJECT...      the first deployment, then these files of tests/e2e/cases
# SANDBOX_TEST_NAME and SANDBOX_TEST_NET name another sandbox, E2E_KEEP=1 keeps it, TODOCTL another binary. E2E_LONG=1
# repeats what is left to chance, and breaks every service: scripts/test nightly.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=${SANDBOX_TEST_NAME:-sbxe2e}
net=${SANDBOX_TEST_NET:-10.247}
export SANDBOX_NAME=$name
export TODOCTL_SANDBOX_AUDIT_POLICY=$root/tests/e2e/audit.yaml
unset SANDBOX_NET
# Neither list needs anything of the other: scripts/test has a sandbox for each.
# removal comes late, when releases have ten revisions and more: helm brings those back by `install --replace` only.
releases=(again rollback history change failure drift removal preflight repository secrets ways canary interruption recovery table)
application=(helm3 full whole components broken cloud)

# shellcheck source=tests/e2e/subjects.sh
source "$root/tests/e2e/subjects.sh"

cluster_delete() {
  sandbox delete
}

# cluster_prepare: helm and kubectl of this checkout, also before the sandbox is there. A kept sandbox saves its start,
# at the price of testing it.
cluster_prepare() {
  sandbox build
  PATH=$(sandbox bin):$PATH
  if [[ -n ${E2E_KEEP-} ]] && sandbox status >/dev/null; then
    KUBECONFIG=$(sandbox kubeconfig) kubectl delete namespace todo --ignore-not-found
  else
    cluster_delete >/dev/null 2>&1
  fi
}

# subject_begins SUBJECT: no subject starts from what another one left. Those of the application begin with a deployment of
# all of it, or of nothing.
subject_begins() {
  [[ " first ${application[*]} " == *" $1 "* ]] || check "$1 starts from a healthy deployment" baseline
}

main() {
  local -a subjects=("$@")
  case ${1-} in
    '') subjects=("${releases[@]}" "${application[@]}") ;;
    --releases) subjects=("${releases[@]}") ;;
    --application) subjects=("${application[@]}") ;;
  esac
  prepare
  run_subjects cases first "${subjects[@]}"
}

main "$@"
