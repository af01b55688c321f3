# shellcheck shell=bash disable=SC2154
# Each service and the broker breaks in turn on the whole deployment: exit 20, everything as before, and it works.

cases_broken() {
  local release
  check "the whole application is deployed" full_baseline
  for release in "${services[@]}" redpanda; do
    check "a bad image of $release brings all seven releases back" broken_image "$release"
  done
  check "a Dapr that cannot start brings everything back" broken_dapr
}

# broken_image RELEASE
broken_image() {
  broken_returns "$1" ImagePullBackOff --set "$1.image.tag=nowhere"
}

# broken_returns RELEASE CAUSE ARG...
broken_returns() {
  local release=$1 cause=$2 before
  shift 2
  before=$(full_objects)
  exits 20 todoctl up full "$@"
  screen "$cause" "release $release failed" 'rolled back: everything is as it was'
  same "what is deployed" "$before" "$(full_objects)"
  full_healthy
  full_delivers
  exits 0 todoctl up full
  screen 'Nothing to do'
}

broken_dapr() {
  broken_returns dapr ImagePullBackOff --set dapr.dapr_sentry.image.name=sandbox.local/nowhere:1
}
