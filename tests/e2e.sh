#!/usr/bin/env bash
# End-to-end test of todoctl on a real cluster: a sandbox of its own, real helm, real pods. What the cluster is asked
# is asked with kubectl and helm. Needs root, and what scripts/setup installs. Exit status 0 only when all passed.
#   tests/e2e.sh             everything
#   tests/e2e.sh SUBJECT...  the first deployment, then these files of tests/e2e/cases
# SANDBOX_TEST_NAME and SANDBOX_TEST_NET name another sandbox, E2E_KEEP=1 keeps it, TODOCTL another binary.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export SANDBOX_NAME=${SANDBOX_TEST_NAME:-sbxe2e}
net=${SANDBOX_TEST_NET:-10.247}
unset SANDBOX_NET KUBECONFIG
# The outcome must not depend on who runs this.
unset DATABASE_URL BETTER_AUTH_SECRET BETTER_AUTH_URL OPENAI_API_KEY GROQ_API_KEY
binary=${TODOCTL:-$root/target/debug/todoctl}
home=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/todoctl-e2e/$SANDBOX_NAME
project=$home/project
export TODOCTL_STATE=$home/state
# removal comes late, when releases have ten revisions and more: helm brings those back by `install --replace` only.
subjects=(first again rollback history change failure drift removal preflight repository secrets canary interruption recovery helm3 full whole components broken cloud)

# shellcheck source=tests/e2e/report.sh
source "$root/tests/e2e/report.sh"
# shellcheck source=tests/e2e/project.sh
source "$root/tests/e2e/project.sh"
# shellcheck source=tests/e2e/cluster.sh
source "$root/tests/e2e/cluster.sh"
# shellcheck source=tests/e2e/full.sh
source "$root/tests/e2e/full.sh"

finish() {
  trap - EXIT
  if [[ -z ${E2E_KEEP-} ]]; then
    sandbox delete >/dev/null 2>&1 || true
    rm -rf "$home"
  fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0 && passed > 0)) || exit 1
}

# prepare: a machine without a sandbox of ours, whatever an earlier run left, and a copy of the project.
prepare() {
  ((EUID == 0)) || { echo "tests/e2e.sh needs root rights" >&2 && exit 1; }
  mkdir -p "$home"
  exec {LOCK}>"$home.lock"
  flock -n "$LOCK" || { echo "tests/e2e.sh already runs on sandbox $SANDBOX_NAME" >&2 && exit 1; }
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  work=$home/work
  rm -rf "$TODOCTL_STATE" "$work"
  mkdir -p "$work"
  [[ -n ${TODOCTL-} ]] || (cd "$root" && cargo build --quiet --locked --bin todoctl)
  # helm and kubectl of this checkout, also before the sandbox is there.
  sandbox build 2>&1 | tee "$work/build"
  PATH=$(sed -n 's/.*all binaries are in //p' "$work/build" | tail -n 1):$PATH
  start_clean
  project_make
}

# start_clean: a kept sandbox saves its start, at the price of testing it.
start_clean() {
  if [[ -n ${E2E_KEEP-} ]] && sandbox status >/dev/null; then
    KUBECONFIG=$(sandbox kubeconfig) kubectl delete namespace todo --ignore-not-found
  else
    sandbox delete >/dev/null 2>&1
  fi
}

main() {
  local subject
  prepare
  if (($# > 0)); then subjects=(first "$@"); fi
  for subject in "${subjects[@]}"; do
    # shellcheck source=/dev/null
    source "$root/tests/e2e/cases/$subject.sh"
    printf '# %s\n' "$subject"
    [[ $subject == first || $subject == helm3 ]] || check "$subject starts from a healthy deployment" baseline
    "cases_$subject"
  done
}

main "$@"
