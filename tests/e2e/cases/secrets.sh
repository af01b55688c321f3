# shellcheck shell=bash disable=SC2154
# Secrets: given, rotated, brought back and collected, and seen nowhere but where they belong.

canary=canary-$RANDOM$RANDOM$RANDOM-of-32-characters-or-more

cases_secrets() {
  check "a new value makes new versions and rolls both releases" secrets_rotate
  check "the value and the database's password show nowhere" secrets_hidden
  check "a given value stays when it is not given again" secrets_kept
  check "a failing run with another value returns to this one" secrets_return
  check "versions that no kept revision uses are collected" secrets_collected
}

secrets_rotate() {
  local backend frontend
  backend=$(secret_of backend)
  frontend=$(secret_of frontend)
  printf 'BETTER_AUTH_SECRET=%s\n' "$canary" >"$work/env"
  # Everything that children see, for the next check.
  : >"$work/calls"
  : >"$work/environments"
  wrap helm "{ printf 'helm %s\\n' \"\$*\"; env; } >>'$work/calls'"
  wrap kubectl "{ printf 'kubectl %s\\n' \"\$*\"; env; } >>'$work/calls'"
  up_as_planned --env-file "$work/env"
  differ "the backend's secret" "$backend" "$(secret_of backend)"
  differ "the frontend's secret" "$frontend" "$(secret_of frontend)"
  same "the value in the cluster" "$canary" "$(secret_value "$(secret_of frontend)" auth-secret)"
  same "the value in the cluster" "$canary" "$(secret_value "$(secret_of backend)" auth-secret)"
  healthy backend frontend
  verified backend frontend
  # The same value from the environment is the same value.
  export E2E_CALLS=$work/calls E2E_ENVIRONMENTS=$work/calls
  BETTER_AUTH_SECRET=$canary todoctl_wrapped up e2e -v -o json --set frontend.config.agentName=Canary
  cp "$work/stdout" "$work/canary.stdout"
  cp "$work/stderr" "$work/canary.stderr"
  BETTER_AUTH_SECRET=$canary todoctl_wrapped plan e2e -v
  cat "$work/stdout" "$work/stderr" >>"$work/canary.stderr"
  BETTER_AUTH_SECRET=$canary todoctl_wrapped plan e2e -o json
  cat "$work/stdout" "$work/stderr" >>"$work/canary.stderr"
  unwrap
  grep -q '^helm upgrade' "$work/calls"
  grep -q '^sandbox ' "$work/calls"
}

# secret_value SECRET KEY
secret_value() {
  kube get secret "$1" -o json | jq -r --arg key "$2" '.data[$key] | @base64d'
}

# Every surface but the Secrets themselves.
secrets_hidden() {
  local password word place
  password=$(secret_value "$(secret_of backend)" database-url | sed 's#.*://[^:]*:\([^@]*\)@.*#\1#')
  ((${#password} > 8))
  helm_records >"$work/records"
  grep -q backend-deployment "$work/records"
  kubectl get all,configmaps,secrets,events,leases -A -o json |
    jq 'del(.items[] | select(.kind == "Secret") | .data)' >"$work/objects"
  for word in "$canary" "$password" "$(base64 -w 0 <<<"$canary" | cut -c 1-40)"; do
    for place in "$TODOCTL_STATE" "$work/records" "$work/objects" "$work/calls" "$work/canary.stdout" "$work/canary.stderr"; do
      [[ -e $place ]]
      ! grep -rlF -- "$word" "$place" || wrong "a secret is in $place"
    done
  done
}

# helm_records: what helm keeps of every revision, readable.
helm_records() {
  local record
  for record in $(kube get secrets -l owner=helm -o 'jsonpath={.items[*].data.release}'); do
    base64 -d <<<"$record" | base64 -d | gunzip
    echo
  done
}

secrets_kept() {
  exits 0 todoctl up e2e
  same "the value in the cluster" "$canary" "$(secret_value "$(secret_of frontend)" auth-secret)"
  nothing_to_do
}

secrets_return() {
  local secrets before
  secrets=$(our_secrets)
  before=$(content)
  BETTER_AUTH_SECRET=another-$canary exits 20 todoctl up e2e --set frontend.extraEnv.FAULT_EXIT_AT_START=1
  same "the secrets" "$secrets" "$(our_secrets)"
  same "what is deployed" "$before" "$(content)"
  same "the value in the cluster" "$canary" "$(secret_value "$(secret_of backend)" auth-secret)"
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}

# Revisions go like helm's own limit on the history makes them go, records of runs like todoctl's. Only a run that
# changes something looks for what nothing refers to.
secrets_collected() {
  local release number
  (($(our_secrets | wc -l) > 2)) || wrong "there is nothing to collect: $(our_secrets)"
  for release in backend frontend; do
    for number in $(helm history "$release" -n "$namespace" -o json | jq -r '.[:-1][].revision'); do
      kube delete secret "sh.helm.release.v1.$release.v$number"
    done
  done
  kube delete configmaps -l todoctl.dev/run
  exits 0 todoctl up e2e --set frontend.extraEnv.COLLECT=1
  exits 0 todoctl up e2e
  same "the secrets" "$(for release in backend frontend; do echo "secret/$(secret_of "$release")"; done)" "$(our_secrets)"
  healthy backend frontend
  nothing_to_do
}
