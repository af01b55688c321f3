# shellcheck shell=bash disable=SC2154
# The same deployment again: nothing to do, and hardly a process.

cases_again() {
  check "up again has nothing to do and changes nothing" again_up
  check "up again needs at most 5 processes" few_processes e2e
  check "plan says so too" again_plan
  check "verify passes" exits 0 todoctl verify --profile e2e
  check "the API server accepts every variant of the charts" again_charts
}

again_up() {
  local before
  before=$(versions)
  nothing_to_do
  same "the namespace" "$before" "$(versions)"
}

again_plan() {
  exits 0 todoctl plan e2e --exit-code
  screen 'Nothing to do.'
  exits 0 todoctl plan e2e -o json --exit-code
  result '.commands == [] and .changes.update == 0'
}

# The charts have tests of their own (scripts/test charts); this cluster is one that they can be asked of.
again_charts() {
  "$root/scripts/check-charts" --only-cluster
}
