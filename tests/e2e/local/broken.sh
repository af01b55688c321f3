# shellcheck shell=bash disable=SC2154
# A broken service rolls everything back.

local_broken() {
  check "a bad image of the last service brings everything back" broken_returns --set frontend.image.tag=nowhere
  check "so does a backend that ends at its start" broken_returns --set backend.extraEnv.FAULT_EXIT_AT_START=1
}

# broken_returns ARG...
broken_returns() {
  local before
  before=$(full_objects)
  exits 20 here up "$@"
  screen 'rolled back: everything is as it was'
  same "what is deployed" "$before" "$(full_objects)"
  full_healthy
  full_delivers
  nothing_to_do
}
