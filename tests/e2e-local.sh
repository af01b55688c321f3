#!/usr/bin/env bash
# End-to-end test of `todoctl up local` on real Minikube, in a box of its own (sandbox/box): the shipped profile, with
# what this machine has in place of Docker and the internet. What the cluster is asked is asked with kubectl and helm.
# Needs root, and what scripts/setup installs. Exit status 0 only when all passed.
#   tests/e2e-local.sh             everything
#   tests/e2e-local.sh SUBJECT...  the first deployment, then these files of tests/e2e/local
# BOX_TEST_NAME and BOX_TEST_NET name another box, E2E_KEEP=1 keeps it, TODOCTL another binary.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export BOX_NAME=${BOX_TEST_NAME:-mkboxe2e}
net=${BOX_TEST_NET:-10.242}
export BOX_NET=$net
unset KUBECONFIG MINIKUBE_HOME
# The outcome must not depend on who runs this.
unset DATABASE_URL BETTER_AUTH_SECRET BETTER_AUTH_URL OPENAI_API_KEY GROQ_API_KEY
binary=${TODOCTL:-$root/target/debug/todoctl}
home=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/todoctl-e2e/$BOX_NAME
project=$home/project
export TODOCTL_STATE=$home/state
subjects=(first again broken rollback image size stopped killed commands removal)

# shellcheck source=tests/e2e/report.sh
source "$root/tests/e2e/report.sh"
# shellcheck source=tests/e2e/project.sh
source "$root/tests/e2e/project.sh"
# shellcheck source=tests/e2e/cluster.sh
source "$root/tests/e2e/cluster.sh"
# shellcheck source=tests/e2e/full.sh
source "$root/tests/e2e/full.sh"
# shellcheck source=tests/e2e/box.sh
source "$root/tests/e2e/box.sh"

finish() {
  trap - EXIT
  if [[ -z ${E2E_KEEP-} ]]; then
    box down --purge >/dev/null 2>&1 || true
    rm -rf "$home"
  fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0 && passed > 0)) || exit 1
}

# prepare: a box without a cluster, whatever an earlier run left, and a copy of the project.
prepare() {
  ((EUID == 0)) || { echo "tests/e2e-local.sh needs root rights" >&2 && exit 1; }
  mkdir -p "$home"
  exec {LOCK}>"$home.lock"
  flock -n "$LOCK" || { echo "tests/e2e-local.sh already runs in box $BOX_NAME" >&2 && exit 1; }
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  work=$home/work
  rm -rf "$TODOCTL_STATE" "$work"
  mkdir -p "$work"
  [[ -n ${TODOCTL-} ]] || (cd "$root" && cargo build --quiet --locked --bin todoctl)
  [[ -n ${E2E_KEEP-} ]] || box down --purge >/dev/null 2>&1
  box up
  eval "$(box env)"
  minikube delete >/dev/null 2>&1
  project_make
}

main() {
  local subject
  prepare
  if (($# > 0)); then subjects=(first "$@"); fi
  for subject in "${subjects[@]}"; do
    # shellcheck source=/dev/null
    source "$root/tests/e2e/local/$subject.sh"
    printf '# %s\n' "$subject"
    "local_$subject"
  done
}

main "$@"
