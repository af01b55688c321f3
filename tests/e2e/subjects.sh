# shellcheck shell=bash disable=SC2154
# todoctl on a real cluster, one subject after the other: what the end-to-end tests on a sandbox and on Minikube share.
# Sourced after `root` and `name` are set.

# shellcheck source=tests/e2e/harness.sh
source "$root/tests/e2e/harness.sh"
# shellcheck source=tests/e2e/project.sh
source "$root/tests/e2e/project.sh"
# shellcheck source=tests/e2e/cluster.sh
source "$root/tests/e2e/cluster.sh"
# shellcheck source=tests/e2e/full.sh
source "$root/tests/e2e/full.sh"

binary=${TODOCTL:-${CARGO_TARGET_DIR:-$root/target}/debug/todoctl}
project=$home/project
export TODOCTL_STATE=$home/state

# prepare: a machine without a cluster of ours, whatever an earlier run left, and a copy of the project.
prepare() {
  alone
  rm -rf "$TODOCTL_STATE"
  [[ -n ${TODOCTL-} ]] || (cd "$root" && cargo build --quiet --locked --bin todoctl)
  cluster_prepare
  project_make
}

# run_subjects FOLDER SUBJECT...: each is a file of the folder, with a function of the same name.
run_subjects() {
  local folder=$1 subject
  shift
  for subject in "$@"; do
    # shellcheck source=/dev/null
    source "$root/tests/e2e/$folder/$subject.sh"
    printf '# %s\n' "$subject"
    subject_begins "$subject"
    "${folder}_$subject"
  done
}
