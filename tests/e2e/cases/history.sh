# shellcheck shell=bash disable=SC2154
# The record of runs, and what is read of it: history, rollback --run, logs, and what stays after down.

cases_history() {
  check "a run that changes something is on record, one without changes is not" history_recorded
  check "history shows the runs and the revisions" history_shown
  check "a run that failed is on record with its cause" history_failed
  check "rollback --run returns everything to the deployment before the last one" history_returns
  check "rollback --run previous twice ends where it began" history_twice
  check "a run of which something is gone is refused, and nothing changes" history_gone
  check "logs shows what the pods say, with their names" history_logs
  check "logs -f ends with Ctrl-C" history_followed
  check "down lists what stays, and its commands remove it" history_down
  check "up deploys everything again" baseline
}

# runs: the recorded runs, the oldest first.
runs() {
  kube get configmaps -l todoctl.dev/run -o json |
    jq -r '[.items[] | {id: .metadata.labels["todoctl.dev/run"], record: (.data["run.json"] | fromjson)}]
      | sort_by(.record.ending.started) | .[].id'
}

# record RUN FILTER: what a record says.
record() {
  kube get configmap "todoctl-run-$1" -o json | jq -r '.data["run.json"]' | jq -e "$2"
}

# second NAME: deploys something else in both releases.
second() {
  exits 0 todoctl up e2e --set "backend.config.agentName=$1" --set "frontend.podAnnotations.e2e=$1"
}

history_recorded() {
  local before after
  before=$(runs)
  nothing_to_do
  same "the runs on record" "$before" "$(runs)"
  second One
  after=$(runs | tail -n 1)
  differ "the newest run" "$(tail -n 1 <<<"$before")" "$after"
  record "$after" '.profile == "e2e" and .ending.outcome == "deployed" and .ending.seconds > 0 and (.releases | length) == 2'
  record "$after" ".releases[] | select(.name == \"backend\") | .revision == $(revision backend)"
  healthy backend frontend
}

history_shown() {
  exits 0 todoctl history --profile e2e
  screen "$(runs | tail -n 1)" 'done *' 'backend, frontend'
  exits 0 todoctl history backend --profile e2e -o json
  # shellcheck disable=SC2016 # the dollars are jq's
  result --argjson revision "$(revision backend)" --arg run "$(runs | tail -n 1)" \
    '.revisions[0] | .revision == $revision and .verified and .run == $run'
}

history_failed() {
  exits 20 todoctl up e2e --set backend.image.tag=nowhere
  record "$(runs | tail -n 1)" '.ending.outcome == "rolled-back" and (.ending.cause | test("ImagePullBackOff"))'
  exits 0 todoctl history --profile e2e
  screen 'rolled back' ImagePullBackOff
}

# Three deployments; the goal is the first of them, by its id. Secrets and images come back by reference.
history_returns() {
  local goal before
  second Goal
  goal=$(runs | tail -n 1)
  before=$(content)
  second Two
  second Three
  exits 0 todoctl rollback --run "$goal" --profile e2e
  screen "$goal"
  same "what is deployed" "$before" "$(content)"
  healthy backend frontend
  verified backend frontend
  record "$(runs | tail -n 1)" '.ending.command == "rollback" and .ending.outcome == "deployed"'
  exits 0 todoctl verify --profile e2e
  exits 0 todoctl rollback --run "$goal" --profile e2e
  screen 'Nothing to do'
}

history_twice() {
  local before
  before=$(content)
  exits 0 todoctl rollback --run previous --profile e2e
  differ "what is deployed" "$before" "$(content)"
  exits 0 todoctl rollback --run previous --profile e2e
  same "what is deployed" "$before" "$(content)"
  healthy backend frontend
}

history_gone() {
  local goal before number
  goal=$(runs | tail -n 1)
  second Gone
  number=$(record "$goal" '.releases[] | select(.name == "frontend") | .revision')
  # Every revision with that content: rollbacks copy them.
  exits 0 todoctl up e2e
  kube get secrets -l owner=helm,name=frontend -o json |
    jq -r --arg digest "$(record "$goal" '.releases[] | select(.name == "frontend") | .digest' | tr -d '"')" \
      '.items[] | select(.metadata.labels["todoctl.dev/digest"] == $digest and .metadata.labels.status != "deployed") | .metadata.name' |
    xargs -r kubectl -n "$namespace" delete secret
  before=$(versions)
  exits 10 todoctl rollback --run "$goal" --profile e2e
  screen "revision $number of frontend is gone" 'nothing was changed'
  same "the namespace" "$before" "$(versions)"
  exits 0 todoctl history --profile e2e
  screen 'cannot be returned to'
}

history_logs() {
  local pod
  exits 0 todoctl logs backend --profile e2e
  pod=$(pods backend | head -n 1 | cut -d ' ' -f 1)
  screen "$pod/backend: "
  exits 2 todoctl logs nothing --profile e2e
}

history_followed() {
  local status=0
  (cd "$project" && exec timeout -s INT 5 "$binary" --color never logs backend -f --profile e2e {LOCK}>&-) \
    >"$work/stdout" 2>"$work/stderr" || status=$?
  cat "$work/stdout" "$work/stderr"
  # 124 is timeout's own; what it has ended is asked below.
  ((status == 124 || status == 0))
  [[ -s $work/stdout ]]
  exits 1 pgrep -f 'logs.*instance=backend.*--follow'
}

history_down() {
  exits 0 todoctl down e2e
  screen "namespace $namespace" 'run record'
  same "the list of releases" '' "$(helm list -n "$namespace" --all -q 2>/dev/null || helm list -n "$namespace" -q)"
  # The commands are to be pasted; here all but the namespace's.
  grep '^ *\$ kubectl' "$work/stderr" | sed 's/^ *\$ //' | grep -v 'delete namespace' >"$work/commands" || true
  bash -eu "$work/commands"
  same "the records" '' "$(runs)"
}
