# shellcheck shell=bash disable=SC2154
# todoctl rollback RELEASE [REVISION].

cases_rollback() {
  check "rollback backend 1 returns to revision 1, verified" rollback_numbered
  check "rollback backend without a number undoes the last change" rollback_unnumbered
  check "a revision that does not exist lists those that do" rollback_missing
  check "a release that does not exist is refused" rollback_unknown
  check "the next up returns to the profile" rollback_then_up
}

rollback_numbered() {
  local before frontend
  before=$(content backend)
  frontend=$(history frontend)
  exits 0 todoctl up e2e --set backend.config.agentName=Second
  differ "backend" "$before" "$(content backend)"
  exits 0 todoctl rollback backend 1 --profile e2e
  screen "revision $(revision backend)" "revision 1"
  same "backend" "$before" "$(content backend)"
  healthy backend
  verified backend
  same "the history of frontend" "$frontend" "$(history frontend)"
}

rollback_unnumbered() {
  local before
  before=$(content backend)
  exits 0 todoctl up e2e --set backend.config.agentName=Third
  # Without --profile: the one this project was last brought up with.
  exits 0 todoctl rollback backend
  same "backend" "$before" "$(content backend)"
  healthy backend
  verified backend
}

rollback_missing() {
  local before
  before=$(versions)
  exits 10 todoctl rollback backend 999
  screen 999 1 "$(revision backend)"
  same "the namespace" "$before" "$(versions)"
}

rollback_unknown() {
  exits 2 todoctl rollback nothing
  screen backend frontend
}

rollback_then_up() {
  nothing_to_do
  exits 0 todoctl up e2e --set backend.config.agentName=Fourth
  exits 3 todoctl plan e2e --exit-code
  exits 0 todoctl up e2e
  healthy backend
  nothing_to_do
}
