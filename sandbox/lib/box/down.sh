# shellcheck shell=bash
# `down`. Every step bears that its object is not there: it works after any process was killed, and twice.

down_verb() {
  local purge=
  case $* in
    "") ;;
    --purge) purge=1 ;;
    *) usage_error "down takes only --purge" ;;
  esac
  if [[ ! -d $STATE ]] && ! network_exists && cgroup_is_absent; then
    note "there is no box $NAME"
    return
  fi
  ((EUID == 0)) || fail "taking a box down needs root rights: run it with sudo"
  lock_take down
  postgres_stop
  down_sweep
  if [[ -z $purge ]]; then
    stage "box $NAME is down; its state is kept in $STATE"
    return
  fi
  rm -rf --one-file-system "${STATE:?}"
  rmdir "$STATE_ROOT" 2>/dev/null || true
  rm -f "$LOCK_FILE"
  stage "box $NAME is removed"
}

# down_sweep: the end of process 1 ends every process of its namespace, and its mounts go with the last one.
down_sweep() {
  local PID complaint=
  if process_find init; then
    kill -s KILL "$PID" 2>/dev/null || true
  fi
  cgroup_kill || complaint+="processes, "
  network_kill
  postgres_sweep
  wait_until 5 cgroup_remove || complaint+="cgroups, "
  network_remove || complaint+="the network, "
  rmdir "/tmp/hostpath-provisioner/$NAME" /tmp/hostpath-provisioner 2>/dev/null || true
  rm -f "$STATE"/run/{init,machine}
  [[ -z $complaint ]] || fail "could not remove: ${complaint%, }" "run it again: box --name $NAME down"
}
