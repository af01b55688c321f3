# shellcheck shell=bash disable=SC2154
# What tests of a whole cluster have in common, whatever their cluster is: one run at a time on it, nothing left of an
# earlier run that was killed, nothing left behind. Sourced with `root` and `name` set; whoever sources it says with
# cluster_delete how everything of its cluster goes, also what is left of a killed one.

# shellcheck source=tests/e2e/report.sh
source "$root/tests/e2e/report.sh"

# The outcome must not depend on who runs this.
unset KUBECONFIG MINIKUBE_HOME DATABASE_URL BETTER_AUTH_SECRET BETTER_AUTH_URL OPENAI_API_KEY GROQ_API_KEY
# Not in the folder for temporary files: it may be below /var, which a box has its own of.
home=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/todoctl-e2e/$name
work=$home/work

# alone: takes the cluster for this run, and gives it back at the end, however that comes. The kernel frees the lock
# with its holder. scripts/test.d/leftovers.sh asks it.
alone() {
  local program=tests/${0##*/}
  ((EUID == 0)) || { echo "$program needs root rights" >&2 && exit 1; }
  mkdir -p "$home"
  # Where everybody finds it, whatever folders they were given: a cluster's name is the machine's.
  exec {LOCK}>"/run/todoctl-test-$name.lock"
  flock -n "$LOCK" || { echo "$program already runs on $name" >&2 && exit 1; }
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  rm -rf "$work"
  mkdir -p "$work"
}

finish() {
  trap - EXIT
  # Who is told to end twice cleans up all the same.
  trap '' INT TERM HUP
  if [[ -z ${E2E_KEEP-} ]]; then
    cluster_delete >/dev/null 2>&1 || true
    rm -rf "$home"
  fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0 && passed > 0)) || exit 1
}
