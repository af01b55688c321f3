#!/usr/bin/env bash
# End-to-end test of `todoctl up local` on real Minikube, in a box of its own (sandbox/box): the shipped profile, with
# what this machine has in place of Docker and the internet. What the cluster is asked is asked with kubectl and helm.
# Needs root, and what scripts/setup installs. Exit status 0 only when all passed.
#   tests/e2e-local.sh             everything
#   tests/e2e-local.sh SUBJECT...  the first deployment, then these files of tests/e2e/local
# BOX_TEST_NAME and BOX_TEST_NET name another box, E2E_KEEP=1 keeps it, TODOCTL another binary.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=${BOX_TEST_NAME:-mkboxe2e}
net=${BOX_TEST_NET:-10.242}
export BOX_NAME=$name BOX_NET=$net
subjects=(again broken rollback image size stopped killed commands removal)

# shellcheck source=tests/e2e/subjects.sh
source "$root/tests/e2e/subjects.sh"
# shellcheck source=tests/e2e/box.sh
source "$root/tests/e2e/box.sh"

cluster_delete() {
  box down --purge
}

# cluster_prepare: a box without a cluster.
cluster_prepare() {
  [[ -n ${E2E_KEEP-} ]] || cluster_delete >/dev/null 2>&1
  box up
  eval "$(box env)"
  minikube delete >/dev/null 2>&1
}

# subject_begins SUBJECT: here each subject ends as it began.
subject_begins() {
  :
}

main() {
  prepare
  if (($# > 0)); then subjects=("$@"); fi
  run_subjects local first "${subjects[@]}"
}

main "$@"
