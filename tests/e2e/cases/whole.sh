# shellcheck shell=bash disable=SC2154
# The whole application returns to an earlier deployment: releases, components and secrets, and it works.

cases_whole() {
  check "the whole application is deployed" full_baseline
  check "rollback --run returns to the deployment before the last one, components and secrets included" whole_returns
  check "what is deployed is what that run deployed" whole_same
  check "it is healthy, and a task's event arrives" whole_works
  check "rollback --run previous goes forward again" whole_forward
  check "up returns to the profile" whole_profile
}

# whole_newest: the id of the newest run on record.
whole_newest() {
  kube get configmaps -l todoctl.dev/run -o json |
    jq -r '[.items[].data["run.json"] | fromjson] | sort_by(.ending.started) | last | .run'
}

# whole_objects: what is deployed; Secrets by the names in it, since versions of other runs are kept.
whole_objects() {
  full_objects | sed '$d'
}

# Each deployment changes a component, a secret and two services. That more than one may be passed over on the way back
# is a subject of history.
whole_deploy() {
  sed -i "s/initTimeout: [0-9]*s/initTimeout: $1s/" "$project/dapr/components/statestore.yaml"
  printf 'OPENAI_API_KEY=key-%s\n' "$1" >"$work/env"
  exits 0 todoctl up full --env-file "$work/env" --set "frontend.podAnnotations.e2e=run-$1"
}

whole_returns() {
  whole_deploy 41
  whole_newest >"$work/goal"
  whole_objects >"$work/goal-objects"
  whole_deploy 43
  exits 0 todoctl rollback --run "$(cat "$work/goal")" --profile full
  screen 'component statestore' 'release frontend'
}

whole_same() {
  grep -q 41s <<<"$(full_components)"
  same "what is deployed" "$(cat "$work/goal-objects")" "$(whole_objects)"
}

whole_works() {
  full_healthy
  full_delivers
  exits 0 todoctl verify --profile full
}

whole_forward() {
  exits 0 todoctl rollback --run previous --profile full
  grep -q 43s <<<"$(full_components)"
  full_healthy
  exits 0 todoctl rollback --run previous --profile full
  same "what is deployed" "$(cat "$work/goal-objects")" "$(whole_objects)"
}

whole_profile() {
  project_restore
  exits 0 todoctl up full
  full_healthy
  full_delivers
}
