# shellcheck shell=bash
# What the tool says: stages with elapsed time and errors, all on stderr; stdout holds results only.

STARTED_US=${EPOCHREALTIME/[.,]/}
TOOL=${0##*/} # sandbox or box

# stage TEXT: one line with the time since the tool was started.
stage() {
  local hundredths=$(((${EPOCHREALTIME/[.,]/} - STARTED_US) / 10000))
  printf '%4d.%02d s  %s\n' $((hundredths / 100)) $((hundredths % 100)) "$*" >&2
}

note() {
  printf '%s\n' "$*" >&2
}

# fail MESSAGE [LINE...]: says what failed, then evidence and what to do next, and ends.
fail() {
  printf '%s: %s\n' "$TOOL" "$1" >&2
  shift
  (($# == 0)) || printf '  %s\n' "$@" >&2
  exit 1
}

usage_error() {
  printf '%s: %s\n' "$TOOL" "$1" >&2
  printf 'see: %s --help\n' "$TOOL" >&2
  exit 2
}

# wait_until SECONDS COMMAND...: polls until the command succeeds; fails when the time is over.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}
