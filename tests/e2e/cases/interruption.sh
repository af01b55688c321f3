# shellcheck shell=bash disable=SC2154
# todoctl is killed or interrupted in the middle: the next run, or this one, brings everything back.

cases_interruption() {
  check "a run killed during helm upgrade is undone by the next" interruption_kill_helm
  check "a run killed while waiting is undone by the next" interruption_kill_wait
  check "an undone run is not undone again" nothing_to_do
  check "a second run is refused while one is under way" interruption_locked
  check "an interrupt brings everything back" interruption_signal INT
  check "a termination brings everything back" interruption_signal TERM
}

# The upgrade goes on without its todoctl, as after a crash of the terminal.
interruption_kill_helm() {
  local before
  before=$(content)
  touch "$work/kill"
  wrap helm "[[ \$1 != upgrade ]] || ! rm '$work/kill' 2>/dev/null || kill -KILL \$PPID"
  exits 137 todoctl_wrapped up e2e --set backend.config.agentName=Killed
  unwrap
  interruption_recovered "$before"
}

interruption_kill_wait() {
  local before pid
  before=$(content)
  interruption_start
  kill -KILL "$pid"
  exits 137 wait "$pid"
  differ "what is deployed" "$before" "$(content)"
  interruption_recovered "$before"
}

# interruption_recovered BEFORE: the next `up` undoes first and then finds nothing to do.
interruption_recovered() {
  exits 0 todoctl up e2e
  screen 'undoing it first' 'recovered'
  same "what is deployed" "$1" "$(content)"
  healthy backend frontend
  verified backend frontend
}

# interruption_start: a run that waits for a backend that never becomes ready; sets pid.
interruption_start() {
  local revision
  revision=$(revision backend)
  (cd "$project" && exec "$binary" --color never up e2e --set backend.extraEnv.FAULT_NEVER_READY=1) \
    >"$work/background" 2>&1 {LOCK}>&- &
  pid=$!
  eventually 30 interruption_waits "$revision"
}

# interruption_waits REVISION: whether helm is done with the next one and its pod runs.
interruption_waits() {
  (($(revision backend) > $1)) && kube get pods -l app.kubernetes.io/instance=backend -o json | jq -e 'any(.items[];
    .status.phase == "Running" and any(.spec.containers[0].env[]?; .name == "FAULT_NEVER_READY"))' >/dev/null
}

interruption_locked() {
  local pid before
  before=$(content)
  interruption_start
  exits 11 todoctl up e2e
  screen "process $pid"
  kill -INT "$pid"
  exits 23 wait "$pid"
  same "what is deployed" "$before" "$(content)"
}

# interruption_signal SIGNAL
interruption_signal() {
  local pid before
  before=$(content)
  interruption_start
  kill "-$1" "$pid"
  exits 23 wait "$pid"
  cat "$work/background"
  grep -q interrupted "$work/background"
  same "what is deployed" "$before" "$(content)"
  healthy backend frontend
  verified backend frontend
  nothing_to_do
}
