# shellcheck shell=bash
# Starting the box's namespaces and systemd, and knowing when they are there.

# machine_start: starts process 1 (lib/box/machine), and notes it under the name "init".
machine_start() {
  process_alive init && return 0
  process_spawn_inside machine env -i "PATH=$PATH" LC_ALL=C.UTF-8 SANDBOX_HOME="$SANDBOX_HOME" ID="$ID" \
    MACHINE="$MACHINE" STATE="$STATE" BIN="$BIN" NAME="$NAME" NODE_IP="$NODE_IP" \
    PAUSE_IMAGE="$PAUSE_IMAGE" "$SANDBOX_HOME/lib/box/machine" enter
  machine_wait 20 machine_note
  machine_socket
  machine_wait 30 "${CTR[@]}" version
}

# machine_note: records process 1 once it is systemd.
machine_note() {
  local PID START_TIME init
  process_find machine || return 1
  init=$(pgrep -P "$PID") || return 1
  [[ $(<"/proc/$init/comm") == systemd ]] && process_start_time "$init" || return 1
  printf '%s %s %s\n' "$init" "$START_TIME" "$BOOT_ID" >"$STATE/run/init"
}

# machine_socket: sets CTR, the client of the box's containerd from outside.
machine_socket() {
  local PID
  process_find init || fail "box $NAME is down" "bring it up: box --name $NAME up"
  CTR=(ctr -a "/proc/$PID/root/$BOX_SOCKET" -n k8s.io)
}

# machine_wait SECONDS COMMAND...: waits for a condition, but not for a machine that ended.
machine_wait() {
  local end=$((SECONDS + $1)) seconds=$1
  shift
  until "$@" >/dev/null 2>&1; do
    process_alive machine || machine_fail "the box ended while it came up"
    ((SECONDS < end)) || machine_fail "the box is not up after $seconds s"
    sleep 0.05
  done
}

machine_fail() {
  fail "$1" "the end of $STATE/log/machine.log:" "$(tail -n 12 "$STATE/log/machine.log")" \
    "try again: box --name $NAME up; or begin anew: box --name $NAME down --purge"
}
