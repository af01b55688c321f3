# shellcheck shell=bash disable=SC2154
# The whole documented deployment, from a cluster that has none of it.

cases_full() {
  check "the small deployment goes" full_clear
  check "a first deployment whose last service fails leaves none of our releases" full_first_failure
  check "up deploys seven releases, with sidecars, and the event check passes" full_up
  check "every release is verified, every pod ready, every sidecar there" full_healthy
  check "a task's event reaches notification and audit" full_delivers
  check "a completed recurring task makes the next one" full_recurs
  check "up again has nothing to do, with at most 5 processes" full_again
  check "plan says what up does when a component changes: only those in its scope roll" full_component
  check "a rotated secret rolls exactly the services that use it" full_rotation
}

full_clear() {
  exits 0 todoctl down e2e --purge
  # What a kept sandbox may have.
  exits 0 todoctl down full --purge
}

full_first_failure() {
  exits 20 todoctl up full --set frontend.image.tag=nowhere
  screen ImagePullBackOff 'release frontend failed' 'namespace todo' components.dapr.io data-redpanda-0
  same "the list of releases" '' "$(helm list -A --all -q 2>/dev/null || helm list -A -q)"
  eventually 60 full_nothing_left
}

full_nothing_left() {
  local place left
  for place in "${our_namespaces[@]}"; do
    left=$(kubectl -n "$place" get deployments,statefulsets,replicasets,pods,services -o name)
    same "the empty namespace $place" '' "$left"
  done
  same "the components" '' "$(full_components)"
  same "the secrets" '' "$(our_secrets | grep -v todoctl-run- || true)"
}

full_up() {
  exits 0 todoctl up full
  screen "$(url)" 'events arrive'
}

full_recurs() {
  local key=again-$RANDOM$RANDOM
  get -X POST -H 'content-type: application/json' \
    -d "{\"title\": \"every day $key\", \"key\": \"$key\", \"recurrence\": \"daily\"}" "$(url)/api/tasks"
  get -X PATCH -H 'content-type: application/json' -d '{"done": true}' "$(url)/api/tasks/$key"
  eventually 30 full_recurred "$key"
}

full_recurred() {
  get "$(url)/api/tasks" | jq -e --arg title "every day $1" '[.[] | select(.title == $title)] | length == 2'
}

full_again() {
  exits 0 todoctl up full
  screen 'Nothing to do'
  few_processes full
}

# The scope of the state store changes nothing of frontend, Dapr and the broker.
full_component() {
  local before after
  before=$(full_revisions)
  sed -i 's/initTimeout: 60s/initTimeout: 45s/' "$project/dapr/components/statestore.yaml"
  exits 3 todoctl plan full --exit-code
  screen 'component statestore'
  exits 0 todoctl up full
  after=$(full_revisions)
  grep -q '45s' <<<"$(full_components)"
  same "the releases outside the component's scope" "$(grep -E '^(dapr|redpanda|frontend) ' <<<"$before")" \
    "$(grep -E '^(dapr|redpanda|frontend) ' <<<"$after")"
  differ "audit" "$(grep '^audit ' <<<"$before")" "$(grep '^audit ' <<<"$after")"
  full_healthy
  full_delivers
}

# full_revisions: the newest revision of each release.
full_revisions() {
  local entry
  for entry in "${everywhere[@]}"; do
    # shellcheck disable=SC2086 # two words
    set -- $entry
    printf '%s %s\n' "$1" "$(helm history "$1" -n "$2" --max 1 -o json | jq -r '.[-1].revision')"
  done
}

# auth-secret is in backend-secrets, frontend-secrets and dapr-secrets; the last one is the sidecars'.
full_rotation() {
  local before after
  before=$(full_revisions)
  printf 'OPENAI_API_KEY=key-%s\n' "$RANDOM$RANDOM" >"$work/env"
  exits 0 todoctl up full --env-file "$work/env"
  after=$(full_revisions)
  same "the releases that do not use the key" "$(grep -v '^backend ' <<<"$before")" "$(grep -v '^backend ' <<<"$after")"
  differ "backend" "$(grep '^backend ' <<<"$before")" "$(grep '^backend ' <<<"$after")"
  full_healthy
  full_delivers
}
