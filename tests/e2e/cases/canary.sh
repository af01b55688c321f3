# shellcheck shell=bash disable=SC2154
# A value that must be seen nowhere: every surface of the real cluster and of todoctl is searched for it, in every form
# in which it could be written. helm and kubectl are recorded with what they were called with and what they saw.

# Signs that are written differently in every form, and more characters than the rule asks for.
canary_value="canary/$RANDOM+$RANDOM=&%\"of-32-characters-or-more"

cases_canary() {
  check "a deployment with the value" canary_deployed
  check "the value is in the Secrets, and in nothing else of the cluster" canary_cluster
  check "a failing deployment, a rollback and the commands for secrets" canary_more
  check "the value is still nowhere else in the cluster" canary_cluster
  check "no call and no environment of helm and kubectl has it" canary_calls
  check "no output and no file of todoctl has it" canary_files
  check "no answer that todoctl got holds the data of a Secret that is not its own" canary_audit
}

# canary_forms: the value in plain, as JSON, twice as JSON, percent-encoded, base64 in three alignments, and hex.
canary_forms() {
  local shift
  printf '%s\n' "$canary_value"
  jq -nr --arg value "$canary_value" '$value | tojson[1:-1], (tojson | tojson[3:-3]), @uri, @base64'
  # Inside a longer text base64 begins at another bit; the ends are cut, because they depend on the neighbours.
  for shift in x xx; do
    printf '%s%s' "$shift" "$canary_value" | base64 -w 0 | sed -E 's/^.{4}//; s/.{6}$//'
    echo
  done
  printf '%s' "$canary_value" | od -An -v -tx1 | tr -d ' \n'
  echo
}

# canary_absent PLACE...: whether none of the files or folders holds any form.
canary_absent() {
  local place
  canary_forms >"$work/canary.forms"
  for place in "$@"; do
    [[ -e $place ]] || wrong "$place was not made"
    ! grep -rlaF -f "$work/canary.forms" -- "$place" || wrong "the value is in $place"
  done
}

canary_deployed() {
  jq -n --arg value "$canary_value" '{"auth-secret": $value}' >"$work/canary.json"
  : >"$work/canary.calls"
  : >"$work/canary.out"
  local recorder
  # The command line and the environment as the kernel has them.
  recorder="{ tr '\\0' ' ' </proc/\$\$/cmdline; echo; tr '\\0' '\\n' </proc/\$\$/environ; } >>'$work/canary.calls'"
  wrap helm "$recorder"
  wrap kubectl "$recorder"
  canary_run 0 up e2e -v --secrets-from "$work/canary.json"
  grep -q 'helm upgrade' "$work/canary.calls"
  healthy backend frontend
  kube get secret "$(secret_of backend)" -o json |
    jq -e --arg value "$canary_value" '.data["auth-secret"] | @base64d == $value' >/dev/null
}

# canary_run STATUS ARG...: todoctl with the recorders in front; its screens are kept.
canary_run() {
  local want=$1
  shift
  exits "$want" todoctl_wrapped "$@"
  cat "$work/stdout" "$work/stderr" >>"$work/canary.out"
}

# Everything of every namespace that can be read, without the data of the versions; and what helm keeps, decoded.
canary_cluster() {
  local record
  kubectl get all,configmaps,secrets,events,leases,persistentvolumeclaims -A -o json |
    jq 'del(.items[] | select(.metadata.labels["todoctl.dev/secret"]) | .data)' >"$work/canary.objects"
  jq -r '.items[].data // {} | .[] | select(type == "string") | @base64d? // empty' "$work/canary.objects" >"$work/canary.data"
  kubectl get secrets -A -o json | jq '.items[].metadata.annotations' >"$work/canary.annotations"
  : >"$work/canary.releases"
  for record in $(kubectl get secrets -A -l owner=helm -o 'jsonpath={.items[*].data.release}'); do
    base64 -d <<<"$record" | base64 -d | gunzip >>"$work/canary.releases"
  done
  grep -q backend-deployment "$work/canary.releases"
  grep -q todoctl-run- "$work/canary.objects"
  canary_absent "$work"/canary.{objects,data,annotations,releases}
}

canary_more() {
  canary_run 20 up e2e -v --secrets-from "$work/canary.json" --set frontend.extraEnv.FAULT_EXIT_AT_START=1
  canary_run 20 up e2e -o json --set frontend.extraEnv.FAULT_EXIT_AT_START=1
  canary_run 0 plan e2e -v --set frontend.extraEnv.NEW=1
  canary_run 0 plan e2e -o json --secrets-from "$work/canary.json"
  canary_run 0 secrets list --profile e2e
  canary_run 0 secrets list --profile e2e -o json
  canary_run 0 secrets set auth-secret --generate --profile e2e
  canary_run 0 secrets set auth-secret --profile e2e --secrets-from "$work/canary.json" -o json
  canary_run 0 up e2e -v
  jq -n --arg value "$canary_value" '{"auth-url": $value}' >"$work/canary.bad"
  canary_run 10 up e2e -v --secrets-from "$work/canary.bad"
  canary_run 0 rollback backend --profile e2e
  canary_run 0 up e2e
  unwrap
}

canary_calls() {
  [[ -s $work/canary.calls ]]
  canary_absent "$work/canary.calls"
}

canary_files() {
  [[ -s $work/canary.out ]]
  canary_absent "$work/canary.out" "$TODOCTL_STATE" "$project/profiles" "$project/charts"
}

# canary_audit: from the API server's own log, everything that todoctl was answered about Secrets, since the cluster was
# made: of helm's records and of what it changes only metadata, and data of what has its label alone.
canary_audit() {
  local log=${TODOCTL_SANDBOX_STATE:-/var/lib/todoctl-sandbox}/$SANDBOX_NAME/audit.log
  jq -c 'select(.userAgent // "" | startswith("todoctl/")) | .responseObject // empty | (.items // [.])[]' "$log" >"$work/canary.answers"
  jq -s -e 'any(.metadata.labels.owner == "helm") and any(.data["auth-secret"] != null)' "$work/canary.answers" >/dev/null ||
    wrong "the log does not show what it must"
  jq -s -e 'all(.data == null or (.metadata.labels // {} | has("todoctl.dev/secret") or has("todoctl.dev/run")))' "$work/canary.answers" >/dev/null ||
    wrong "$(jq -r 'select(.data != null) | .metadata.name' "$work/canary.answers" | sort | uniq -c)"
}
