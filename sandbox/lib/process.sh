# shellcheck shell=bash
# Starting, finding and stopping the processes of a sandbox. A process is known by its pid, its
# start time and the boot it belongs to, so that a pid used again is never taken for ours.

read -r BOOT_ID </proc/sys/kernel/random/boot_id

# process_start_time PID: sets START_TIME; fails when the process is gone or a zombie.
process_start_time() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The fields after the command's name, which is in parentheses and may hold spaces.
  local -a fields
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} != Z ]] || return 1
  START_TIME=${fields[19]}
}

# process_find COMPONENT: sets PID; fails when the component does not run.
process_find() {
  local pid start boot START_TIME
  { read -r pid start boot <"$STATE/run/$1"; } 2>/dev/null || return 1
  [[ $boot == "$BOOT_ID" ]] && process_start_time "$pid" && [[ $START_TIME == "$start" ]] || return 1
  PID=$pid
}

process_alive() {
  local PID
  process_find "$1"
}

# process_spawn COMPONENT PROGRAM ARGUMENT...: starts it in a session of its own, log in STATE/log.
process_spawn() {
  local component=$1 log=$STATE/log/$1.log START_TIME
  shift
  if [[ -f $log && $(stat -c %s "$log") -gt 20000000 ]]; then
    mv "$log" "$log.1"
  fi
  # setsid and nsenter replace themselves by the program: the pid of the job is the component's.
  setsid "$@" >>"$log" 2>&1 </dev/null {LOCK_FD}>&- &
  process_start_time $! || START_TIME=0
  printf '%s %s %s\n' $! "$START_TIME" "$BOOT_ID" >"$STATE/run/$component"
}

# process_spawn_inside COMPONENT PROGRAM ARGUMENT...: the same in the sandbox's network namespace.
process_spawn_inside() {
  local component=$1
  shift
  process_spawn "$component" nsenter --net="$NETNS_FILE" "$@"
}

# process_stop COMPONENT SECONDS [SIGNAL]: asks it to end (SIGTERM), kills it when time is over.
process_stop() {
  local PID tries=$(($2 * 20))
  if process_find "$1"; then
    kill -s "${3:-TERM}" "$PID" 2>/dev/null || true
    while process_alive "$1"; do
      if ((tries-- == 0)); then
        kill -s KILL "$PID" 2>/dev/null || true
      fi
      sleep 0.05
    done
  fi
  rm -f "$STATE/run/$1"
}
