# shellcheck shell=bash disable=SC2154
# Services and the broker break in turn on the whole deployment: exit 20, everything as before, and it works. Here the
# first release of all, the one that others need, and the last one; with E2E_LONG each of them.

cases_broken() {
  local release some=(redpanda backend frontend)
  [[ -z ${E2E_LONG-} ]] || some=("${services[@]}" redpanda)
  check "the whole application is deployed" full_baseline
  for release in "${some[@]}"; do
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
