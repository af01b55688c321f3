# shellcheck shell=bash disable=SC2154
# Runs parts side by side. A part begins when what it needs has passed and its lane has room. What it says goes to a
# file, which is shown when it ends; until then a line says how far all are, so that nobody looks at a silent screen.

# Cargo lets one compile at a time; what is compiled runs in the lane `run`. Parts of the lane `cluster` mostly wait for
# pods.
declare -A room=([quick]=1 [cargo]=1 [run]=2 [go]=1 [cluster]=2)
if (($(nproc) > 3)); then room[cluster]=3; fi
room[cluster]=${TEST_CLUSTERS:-${room[cluster]}}
# How often, in seconds, the line is printed where no terminal can show it in place.
lanes_interval=30

declare -A pid=() began=() outcome=() took=()
order=() # of the ends
said=
streams= # not empty: one part at a time, and what it says at once

# lanes_run PART...: runs them all; sets outcome, took and order.
lanes_run() {
  local part
  local -a waiting=()
  said=$(mktemp -d)
  mkfifo "$said/ended"
  # Open for both, so that neither side waits for the other.
  exec {ENDED}<>"$said/ended"
  trap lanes_end EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  # A group of its own for each part, so that all of it can be ended.
  set -m
  for part in "$@"; do
    [[ " ${waiting[*]} " == *" $part "* ]] || waiting+=("$part")
  done
  if lanes_has_cluster "${waiting[@]}"; then leftovers_remove; fi
  while ((${#waiting[@]} + ${#pid[@]} > 0)); do
    lanes_begin
    lanes_await
    lanes_reap
  done
}

lanes_has_cluster() {
  local part
  for part in "$@"; do
    [[ ${lane[$part]} != cluster ]] || return 0
  done
  return 1
}

# lanes_begin: starts every part of `waiting` that may.
lanes_begin() {
  local part
  local -a left=()
  for part in "${waiting[@]}"; do
    case $(lanes_may "$part") in
      now) lanes_start "$part" ;;
      never)
        order+=("$part") outcome[$part]='left out' took[$part]=0
        lanes_print "== $part: left out, since it needs what failed"
        ;;
      later) left+=("$part") ;;
    esac
  done
  waiting=("${left[@]}")
}

# lanes_may PART: prints now, later or never. What this run has not is not waited for.
lanes_may() {
  local part=$1 need other busy=0
  for need in ${needs[$part]-} ${after[$part]-} setup; do
    [[ $need != "$part" ]] || continue
    if lanes_is_ahead "$need"; then echo later && return; fi
  done
  for need in ${needs[$part]-} setup; do
    case ${outcome[$need]-passed} in
      passed | 'not run') ;;
      *) echo never && return ;;
    esac
  done
  [[ -z $streams || ${#pid[@]} == 0 ]] || { echo later && return; }
  for other in "${!pid[@]}"; do
    [[ ${lane[$other]} != "${lane[$part]}" ]] || busy=$((busy + 1))
  done
  ((busy < ${room[${lane[$part]}]})) && echo now || echo later
}

# lanes_is_ahead PART: whether it runs or will.
lanes_is_ahead() {
  [[ -n ${pid[$1]-} || " ${waiting[*]} " == *" $1 "* ]]
}

# lanes_start PART: a process of its own, so that its failures stay its own and `set -e` holds inside. What is compiled
# gives way to pods, whose probes have limits.
lanes_start() {
  local part=$1 give_way=0
  [[ ${lane[$part]} == cluster ]] || give_way=10
  began[$part]=$SECONDS
  (
    if [[ -z $streams ]]; then exec >"$said/$part" 2>&1; fi
    status=0
    # shellcheck disable=SC2016 # the inner shell expands it
    nice -n "$give_way" bash -c 'set -euo pipefail; source scripts/test.d/parts.sh; "part_$1"' _ "$part" {ENDED}>&- {COMPILED}>&- || status=$?
    echo >&"$ENDED"
    exit "$status"
  ) </dev/null &
  pid[$part]=$!
  [[ -z $streams ]] || printf '\n== %s: %s\n' "$part" "${about[$part]}"
}

# lanes_await: until a part ends; says meanwhile how far the others are.
lanes_await() {
  ((${#pid[@]} > 0)) || return 0
  local _
  until read -r -t 1 -u "$ENDED" _ || lanes_one_is_gone; do
    lanes_progress
  done
}

# lanes_one_is_gone: whether a part ended, also one that was killed and could not say it.
lanes_one_is_gone() {
  local part
  for part in "${!pid[@]}"; do
    kill -0 "${pid[$part]}" 2>/dev/null || return 0
  done
  return 1
}

# lanes_reap: notes the outcome of every part that ended, and shows what it said.
lanes_reap() {
  local part status
  for part in "${!pid[@]}"; do
    # It has said that it ends, a moment before it does.
    if kill -0 "${pid[$part]}" 2>/dev/null; then continue; fi
    status=0
    wait "${pid[$part]}" || status=$?
    # One that was killed has not ended what it began.
    ((status < 128)) || lanes_signal TERM "$part"
    unset "pid[$part]"
    case $status in
      0) outcome[$part]=passed ;;
      "$not_run") outcome[$part]='not run' ;;
      *) outcome[$part]=FAILED ;;
    esac
    took[$part]=$((SECONDS - began[$part]))
    order+=("$part")
    [[ -n $streams ]] || { lanes_print "" "== $part: ${about[$part]}" && cat "$said/$part"; }
    printf '== %s: %s in %d s%s\n' "$part" "${outcome[$part]}" "${took[$part]}" "$(times_remark "$part")"
  done
}

# lanes_print LINE...: after the line that says how far all are.
lanes_print() {
  [[ ! -t 1 ]] || printf '\r\e[K'
  printf '%s\n' "$@"
}

# lanes_progress: what each part is at, by the last line that it said.
lanes_progress() {
  local part line last
  [[ -z $streams ]] || return 0
  [[ -t 1 ]] || ((SECONDS % lanes_interval == 0)) || return 0
  line="-- $SECONDS s"
  for part in "${!pid[@]}"; do
    last=$(tail -n 1 "$said/$part" 2>/dev/null | tr -cd '[:print:]')
    line+=" | $part $((SECONDS - began[$part])) s: ${last:0:50}"
  done
  if [[ -t 1 ]]; then
    printf '\r\e[K%s' "${line:0:$((${COLUMNS:-$(tput cols 2>/dev/null || echo 80)} - 1))}"
  else
    printf '%s\n' "$line"
  fi
}

# lanes_end: nothing stays when this ends early. Parts clean up when they are asked to end; todoctl first brings back
# what it was at, unless it is asked twice.
lanes_end() {
  local end=$((SECONDS + 90)) asked=0
  trap '' INT TERM HUP
  # The shell would say of each job how it ended.
  disown -a
  while ((${#pid[@]} > 0)); do
    if ((asked < 2)); then
      asked=$((asked + 1))
      lanes_signal TERM "${!pid[@]}"
      ((asked > 1)) || echo "ending ${!pid[*]}" >&2
    elif ((SECONDS > end)); then
      lanes_signal KILL "${!pid[@]}"
    fi
    read -r -t 2 -u "$ENDED" _ || true
    lanes_forget
  done
  rm -rf "$said"
}

# lanes_signal NAME PART...: to every process of these parts.
lanes_signal() {
  local name=$1 part
  shift
  for part in "$@"; do
    if [[ ${lane[$part]} == cluster ]]; then
      as_root kill -s "$name" -- "-${pid[$part]}" 2>/dev/null || true
    else
      kill -s "$name" -- "-${pid[$part]}" 2>/dev/null || true
    fi
  done
}

# lanes_forget: the parts of which no process is left.
lanes_forget() {
  local part
  for part in "${!pid[@]}"; do
    pgrep -g "${pid[$part]}" >/dev/null || unset "pid[$part]"
  done
}
