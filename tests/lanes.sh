#!/usr/bin/env bash
# Test of scripts/test itself: its lanes, its table and its end, with parts that only pretend. Needs no cluster.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache

# shellcheck source=tests/e2e/report.sh
source "$root/tests/e2e/report.sh"

# Its scripts, with parts of this test.
mkdir -p "$work/project/scripts"
cp -R "$root/scripts/test" "$root/scripts/test.d" "$work/project/scripts/"
cat >"$work/project/scripts/test.d/parts.sh" <<'SH'
cache=$XDG_CACHE_HOME/tests
not_run=75
declare -A about=([setup]=s [first]=f [second]=s [bad]=b [needy]=n [lacking]=l [long]=l [murdered]=m)
declare -A needs=([second]=first [needy]=bad) after=()
declare -A lane=([setup]=quick [first]=cargo [second]=go [bad]=quick [needy]=go [lacking]=quick [long]=cluster [murdered]=cargo)
note() { echo "$1" >>"$XDG_CACHE_HOME/notes"; }
part_setup() { :; }
part_first() { note first-begins; echo 'what first says'; note first-ends; }
part_second() { note second; }
part_bad() { echo 'what bad says'; false; echo never; }
part_needy() { note needy; }
part_lacking() { return "$not_run"; }
# It cleans up when it is asked to end, also when it is asked twice, and its children end with it.
part_long() {
  trap 'trap "" TERM; note cleaned; exit 143' TERM
  sleep 600 & echo $! >"$XDG_CACHE_HOME/child"
  note long-begins
  wait
}
part_murdered() {
  sleep 600 & echo $! >"$XDG_CACHE_HOME/child"
  kill -KILL "$BASHPID" "$PPID"
}
# What is on this machine beside this test stays.
as_root() { case $1 in kill) "$@" ;; flock) return 1 ;; *) note "$*" ;; esac }
SH
mkdir -p "$XDG_CACHE_HOME/tests"

# run STATUS PART...: what scripts/test ends with; what it says is in $work/said.
run() {
  local status=$1
  shift
  rm -f "$XDG_CACHE_HOME/notes"
  exits "$status" "$work/project/scripts/test" "$@" >"$work/said" 2>&1 || { cat "$work/said" && return 1; }
  cat "$work/said"
}

says() {
  grep -qE -- "$1" "$work/said" || wrong "it does not say: $1"
}

passing() {
  run 0 second lacking first
  says '^what first says$'
  says '^second +passed +[0-9]+ +-$'
  says '^lacking +not run'
  same "the last line" '3 passed, 0 failed' "$(tail -n 1 "$work/said")"
  same "the order" $'first-begins\nfirst-ends\nsecond' "$(cat "$XDG_CACHE_HOME/notes")"
}

failing() {
  run 1 bad needy first
  says '^what bad says$'
  says '^first +passed'
  says '^bad +FAILED'
  says '^needy +left out'
  ! grep -q '^never' "$work/said" || wrong "a part went on after its first failure"
  same "the last line" '2 passed, 2 failed' "$(tail -n 1 "$work/said")"
}

murdered() {
  run 1 murdered first
  says '^murdered +FAILED'
  says '^first +passed'
  eventually 5 is_gone "$(cat "$XDG_CACHE_HOME/child")"
}

# is_gone PID: whether it has ended, with or without somebody who asked how.
is_gone() {
  [[ ! -e /proc/$1 || $(ps -o stat= -p "$1") == Z* ]]
}

usage() {
  run 2 nothing
  says 'usage: scripts/test'
}

# The record is taken from parts that passed, whatever else is in it.
times() {
  printf 'first 90 and more\nsecond\n\n\0\xff 3\nlong 12\nsecond 100\n' >"$XDG_CACHE_HOME/tests/times"
  run 1 second bad
  says '^second +passed +[0-9]+ +100$'
  says '^first +passed +[0-9]+ +-$'
  # How many seconds a part of this test takes is the machine's affair.
  same "the record" $'first N\nlong 12\nsecond N\nsetup N' "$(sed -E '/^long/! s/ [0-9]+$/ N/' "$XDG_CACHE_HOME/tests/times")"
  same "what is beside it" times "$(ls "$XDG_CACHE_HOME/tests")"
}

# grown: 20 s after 10 is said, 14 s after 10 is not, and neither is 9 s after 2.
grown() {
  # check has a shell for each.
  # shellcheck disable=SC2034 # times_remark reads them
  declare -A about=() took_last=([a]=10 [b]=10 [c]=2) took=([a]=20 [b]=14 [c]=9) outcome=([a]=passed [b]=passed [c]=passed)
  # shellcheck disable=SC2034 # times.sh reads it
  local cache=$work
  # shellcheck source=scripts/test.d/times.sh
  source <(sed '/^declare/d' "$root/scripts/test.d/times.sh")
  [[ $(times_remark a) == *'10 s longer'* && -z $(times_remark b) && -z $(times_remark c) ]]
}

# interrupted SIGNAL STATUS: nothing is left running, and the parts have cleaned up.
interrupted() {
  local test status=0
  rm -f "$XDG_CACHE_HOME"/{notes,child}
  # Without job control the shell lets background jobs ignore an interrupt, and what is ignored once stays so in all
  # that is started from it: this test may itself run in the background of something.
  set -m
  env --default-signal=INT "$work/project/scripts/test" long first >"$work/said" 2>&1 &
  test=$!
  set +m
  eventually 20 grep -q long-begins "$XDG_CACHE_HOME/notes"
  kill "-$1" "$test"
  wait "$test" || status=$?
  cat "$work/said"
  ((status == $2)) || wrong "exit status $status"
  grep -q cleaned "$XDG_CACHE_HOME/notes" || wrong "the part has not cleaned up"
  exits 1 kill -0 "$(cat "$XDG_CACHE_HOME/child")"
}

check "parts run after what they need, and are counted" passing
check "a failed part does not stop the others, and is shown" failing
check "a part that is killed has failed, and leaves nothing running" murdered
check "an unknown part is refused" usage
check "the record of times is read and written whatever is in it" times
check "a part that grew by more than half is said" grown
check "a termination ends everything" interrupted TERM 143
check "an interrupt ends everything" interrupted INT 130
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
