# shellcheck shell=bash disable=SC2154
# The machine loses its power in the middle of a run: what todoctl says, and that the next `up` sets it right.

local_killed() {
  check "the cluster dies during a run: exit 21 or 22, with what remains and the way out" killed_during
  check "after the machine is back, up recovers, starts the cluster and deploys" killed_recovered
}

# The box's first process is killed as soon as the run has begun to change a release.
killed_during() {
  local status=0
  (
    eventually 60 grep -q helm "$(running_events)"
    kill -KILL "$(cut -d ' ' -f 1 "${TODOCTL_SANDBOX_STATE:-/var/lib/todoctl-sandbox}/box-$BOX_NAME/run/init")"
  ) >"$work/killer" 2>&1 &
  here up --set backend.podAnnotations.e2e=killed --set audit.podAnnotations.e2e=killed || status=$?
  wait $! || wrong "the box was not killed: $(cat "$work/killer")"
  ((status == 21 || status == 22)) || wrong "exit status $status"
  screen 'to finish by hand' 'helm rollback backend'
}

# running_events: the events of the run that goes on.
running_events() {
  local known events
  known=$(find "$TODOCTL_STATE/here/runs" -mindepth 1 -maxdepth 1 2>/dev/null | sort)
  for _ in {1..300}; do
    events=$(comm -13 <(printf '%s\n' "$known") <(find "$TODOCTL_STATE/here/runs" -mindepth 1 -maxdepth 1 | sort) | head -n 1)
    [[ -z $events ]] || break
    sleep 0.1
  done
  printf '%s/events.jsonl\n' "$events"
}

killed_recovered() {
  box up
  # Pods that came up before their network did may be in a back-off, which is a failure that changes nothing.
  here up || screen 'nothing was changed' CrashLoopBackOff
  eventually 300 full_pods
  exits 0 here up
  full_healthy
  full_delivers
  nothing_to_do
}
