# shellcheck shell=bash disable=SC2154
# todoctl is killed at random instants of an upgrade of everything. What follows has nothing but the cluster: the state
# folder is gone, as with a pipeline's runner.

cases_recovery() {
  local number times=${RECOVERY_TIMES:-3}
  [[ -z ${E2E_LONG-} ]] || times=${RECOVERY_TIMES:-10}
  check "the cluster refuses what was not read last" recovery_conditional
  check "an upgrade of everything, to know how long it takes" recovery_measure
  for ((number = 1; number <= times; number++)); do
    check "killed at a random instant, recover: all old, or all new and verified ($number)" recovery_recover "$number" "$times"
  done
  for ((number = 1; number <= times; number++)); do
    check "killed at a random instant, up: all new ($number)" recovery_up "$number" "$times"
  done
  check "a lock of another machine is taken over after its silence" recovery_elsewhere
  check "recovering again changes nothing" recovery_again
}

# lease [ARG...]: kubectl about the lock.
lease() {
  kube get lease todoctl --ignore-not-found "$@"
}

# recovery_conditional: each change of the lock names what must not have changed; a real server must say no.
recovery_conditional() {
  local url=/apis/coordination.k8s.io/v1/namespaces/$namespace/leases/recovery-test version
  kube create -f - <<<'{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "recovery-test"},
    "spec": {"holderIdentity": "first", "leaseDurationSeconds": 30}}'
  version=$(kube get lease recovery-test -o 'jsonpath={.metadata.resourceVersion}')
  exits 1 kube create -f - <<<'{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "recovery-test"}}'
  exits 1 kube patch lease recovery-test --type=json -p '[{"op": "test", "path": "/spec/holderIdentity", "value": "second"},
    {"op": "replace", "path": "/spec/holderIdentity", "value": "second"}]'
  exits 1 kube patch lease recovery-test --type=json -p '[{"op": "test", "path": "/metadata/resourceVersion", "value": "1"},
    {"op": "replace", "path": "/spec/holderIdentity", "value": "second"}]'
  exits 1 kube delete --raw "$url" -f - <<<'{"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"resourceVersion": "1"}}'
  exits 0 kube patch lease recovery-test --type=json -p "[{\"op\": \"test\", \"path\": \"/metadata/resourceVersion\", \"value\": \"$version\"},
    {\"op\": \"replace\", \"path\": \"/spec/holderIdentity\", \"value\": \"second\"}]"
  version=$(kube get lease recovery-test -o 'jsonpath={.metadata.resourceVersion}')
  exits 0 kube delete --raw "$url" -f - <<<"{\"apiVersion\": \"v1\", \"kind\": \"DeleteOptions\", \"preconditions\": {\"resourceVersion\": \"$version\"}}"
}

# recovery_measure: leaves the tenths of a second that an undisturbed upgrade takes.
recovery_measure() {
  local begun=${EPOCHREALTIME/./}
  exits 0 todoctl up e2e --set backend.extraEnv.RECOVERY=n0 --set frontend.extraEnv.RECOVERY=n0
  echo $(((${EPOCHREALTIME/./} - begun) / 100000)) >"$work/length"
}

# recovery_kill CONTENT NUMBER TIMES: an upgrade of both releases, killed at a random instant of the NUMBER-th of TIMES
# equal parts of what it takes: few kills are spread over all of it, too. The state folder goes.
recovery_kill() {
  local pid after length
  length=$(cat "$work/length")
  after=$(((length * ($2 - 1) + RANDOM % length) / $3))
  (cd "$project" && exec "$binary" --color never up e2e --set "backend.extraEnv.RECOVERY=$1" \
    --set "frontend.extraEnv.RECOVERY=$1") >"$work/background" 2>&1 {LOCK}>&- &
  pid=$!
  sleep "$((after / 10)).$((after % 10))"
  kill -KILL "$pid" 2>/dev/null || echo "it had ended"
  wait "$pid" || true
  echo "killed after $((after / 10)).$((after % 10)) s, having said:"
  tail -n 3 "$work/background"
  rm -rf "$TODOCTL_STATE"
}

# recovery_settled: no release is unfinished, everything is healthy and verified, nobody holds the lock.
recovery_settled() {
  local release
  for release in backend frontend; do
    [[ $(history "$release" | tail -n 1) == *' deployed' ]] || wrong "$(history "$release")"
  done
  healthy backend frontend
  verified backend frontend
  [[ -z $(lease) ]] || wrong "a lock is left: $(lease -o yaml)"
}

# recovery_is_new CONTENT: whether both releases have the content of that upgrade.
recovery_is_new() {
  local release
  for release in backend frontend; do
    [[ $(content "$release") == *"\"$1\""* ]] || wrong "$release is not new"
  done
}

# recovery_recover NUMBER TIMES
recovery_recover() {
  local before
  before=$(content)
  recovery_kill "n$1" "$1" "$2"
  exits 0 todoctl recover --profile e2e
  recovery_settled
  [[ $(content) == "$before" ]] || recovery_is_new "n$1" || same "what is deployed" "$before" "$(content)"
}

# recovery_up NUMBER TIMES
recovery_up() {
  recovery_kill "m$1" "$1" "$2"
  exits 0 todoctl up e2e --set "backend.extraEnv.RECOVERY=m$1" --set "frontend.extraEnv.RECOVERY=m$1"
  recovery_settled
  recovery_is_new "m$1"
}

# recovery_elsewhere: the holder of a killed run is made one of another boot. Nobody can know that it is dead.
recovery_elsewhere() {
  local before pid holder
  before=$(content)
  (cd "$project" && exec "$binary" --color never up e2e --set backend.extraEnv.FAULT_NEVER_READY=1) \
    >"$work/background" 2>&1 {LOCK}>&- &
  pid=$!
  eventually 30 recovery_waits
  kill -KILL "$pid"
  wait "$pid" || true
  holder=$(lease -o 'jsonpath={.metadata.annotations.todoctl\.dev/holder}' | jq -c '.boot = "elsewhere"')
  kube annotate lease todoctl --overwrite "todoctl.dev/holder=$holder"
  exits 11 todoctl up e2e
  screen 'is held by up of' 'wait until run'
  exits 0 todoctl recover --profile e2e
  screen 'undoing it first'
  same "what is deployed" "$before" "$(content)"
  recovery_settled
}

# recovery_waits: whether a pod of the backend runs that never becomes ready.
recovery_waits() {
  kube get pods -l app.kubernetes.io/instance=backend -o json |
    jq -e 'any(.items[].spec.containers[0].env[]?; .name == "FAULT_NEVER_READY")' >/dev/null
}

recovery_again() {
  local before
  before=$(versions)
  exits 0 todoctl recover --profile e2e
  screen 'Nothing to recover'
  same "the cluster" "$before" "$(versions)"
}
