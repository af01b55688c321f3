# shellcheck shell=bash disable=SC2154
# One release returns to its first revision, and the next `up` to the profile.

local_rollback() {
  check "a change of the backend is deployed" rollback_change
  check "rollback backend 1 brings its first revision back" rollback_back
  check "up returns to the profile" rollback_forward
}

rollback_change() {
  content backend >"$work/first"
  exits 0 here up --set backend.podAnnotations.e2e=changed
  differ "the backend" "$(cat "$work/first")" "$(content backend)"
}

rollback_back() {
  exits 0 todoctl rollback backend 1 --profile here
  same "the backend's content" "$(cat "$work/first")" "$(content backend)"
  full_healthy
}

rollback_forward() {
  exits 0 here up
  full_healthy
  nothing_to_do
}
