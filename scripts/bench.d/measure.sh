# shellcheck shell=bash disable=SC2154,SC2034
# Owns time: measuring commands, keeping samples, medians. Times are whole microseconds.

log=$scratch/log

say() {
  printf 'bench: %s\n' "$*" >&2
}

# broke MESSAGE: the measurement itself failed.
broke() {
  say "$1; the last lines of what was printed:"
  tail -n 20 "$log" >&2
  exit 1
}

# children_time: sets CHILDREN_TIME, the processor time of all that this shell started and waited for.
children_time() {
  times >"$scratch/times"
  CHILDREN_TIME=$(awk 'NR == 2 { gsub(/[ms]/, " "); split($0, t, " "); printf "%d", ((t[1] + t[3]) * 60 + t[2] + t[4]) * 1e6 }' "$scratch/times")
}

# timed COMMAND...: sets BEGUN (since 1970), MICROSECONDS, and PROCESSOR, the processor time with that of its children.
timed() {
  local before
  children_time
  before=$CHILDREN_TIME
  BEGUN=${EPOCHREALTIME/./}
  "$@" >>"$log" 2>&1 </dev/null || broke "failed: $*"
  MICROSECONDS=$((${EPOCHREALTIME/./} - BEGUN))
  children_time
  PROCESSOR=$((CHILDREN_TIME - before))
}

# descendants PID: it and all that came from it, now.
descendants() {
  ps -e -o pid=,ppid= | awk -v root="$1" '
    { parent[$1] = $2 }
    END {
      for (pid in parent) {
        for (up = pid; up in parent && up != root; up = parent[up]) ;
        if (up == root) print pid
      }
    }'
}

# watch_tree COMMAND...: sets MEGABYTES, the most memory that a command and all that it started had at once (what is
# shared is counted once, by its share), and STARTED, how many programs were seen. Sampled, so it is measured for itself.
watch_tree() {
  local pid one seen=$scratch/tree-seen now
  MEGABYTES=0
  : >"$seen"
  "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    now=$(for one in $(descendants "$pid"); do
      # A process may be gone by now.
      { echo "program $one $(readlink "/proc/$one/exe")" && cat "/proc/$one/smaps_rollup"; } 2>/dev/null || true
    done | tee >(grep '^program' >>"$seen") | awk '$1 == "Pss:" { sum += $2 } END { print int(sum / 1000) }')
    if ((now > MEGABYTES)); then MEGABYTES=$now; fi
  done
  wait "$pid" || broke "failed: $*"
  # A shell that forked before it became the program is the program.
  STARTED=$(sort -u "$seen" | awk '$3 !~ /\/bash$/ && $3 != ""' | wc -l)
}

# sample SERIES COMMAND...: measures a command once for a series.
sample() {
  local series=$1
  shift
  timed "$@"
  record "$series" "$MICROSECONDS"
}

record() {
  printf '%s\n' "$2" >>"$scratch/$1.series"
}

# median SERIES
median() {
  sort -n "$scratch/$1.series" | awk '{ all[NR] = $1 } END { print NR % 2 ? all[(NR + 1) / 2] : int((all[NR / 2] + all[NR / 2 + 1]) / 2) }'
}

# wait_until SECONDS COMMAND...
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}

is_quiet() {
  awk '{ exit !($1 < 1.5) }' /proc/loadavg
}

# wait_for_quiet: other work on the machine would be measured with ours. The table says under which load it was made.
wait_for_quiet() {
  if ! $now && ! is_quiet; then
    say "load $(cut -d ' ' -f 1 /proc/loadavg): waiting up to 5 minutes for other work to end"
    wait_until 300 is_quiet || say "the machine stays busy: the figures will be worse than they should be"
  fi
  load_at_start=$(cut -d ' ' -f 1 /proc/loadavg)
}
