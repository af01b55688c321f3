# shellcheck shell=bash disable=SC2154
# Nothing changed: nothing is done.

local_again() {
  check "up again has nothing to do, with at most 5 processes" again_nothing
  check "plan --exit-code says the same" exits 0 here plan --exit-code
}

again_nothing() {
  local before
  before=$(versions)
  nothing_to_do
  same "the cluster" "$before" "$(versions)"
  few_processes here
}
