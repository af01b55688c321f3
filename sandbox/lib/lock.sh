# shellcheck shell=bash
# One start, stop or delete of a sandbox (or box) at a time. The lock ends with the process that holds it,
# however that process ends; components never inherit it (see process_spawn).

# lock_take VERB: waits for the lock of this sandbox, and says who holds it meanwhile.
lock_take() {
  local holder
  while :; do
    exec {LOCK_FD}<>"$LOCK_FILE"
    if ! flock -n "$LOCK_FD"; then
      read -r holder <"$LOCK_FILE" || holder="another process"
      note "waiting: $holder works on $TOOL $NAME"
      flock -w 300 "$LOCK_FD" || fail "$TOOL $NAME is still locked after 300 s" "held by: $holder"
    fi
    # `delete` removes the file while others wait for it: only the file that is there now counts.
    [[ /proc/self/fd/$LOCK_FD -ef $LOCK_FILE ]] && break
    exec {LOCK_FD}>&-
  done
  printf '%s (pid %s)\n' "$1" "$$" >"$LOCK_FILE"
}
