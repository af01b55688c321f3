# shellcheck shell=bash disable=SC2154
# The report of the end-to-end tests: one line per check, its evidence when it fails, and the count.

passed=0
failed=0

# check NAME COMMAND...: one line of the report; what the command said follows when it fails.
check() {
  local name=$1 number=$((passed + failed + 1)) status started=$SECONDS
  shift
  # Not as the condition of an `if`: there the shell would not stop at a check's first failure.
  set +e
  (
    set -e
    "$@"
  ) >"$work/check" 2>&1
  status=$?
  set -e
  if ((status == 0)); then
    passed=$((passed + 1))
    printf 'ok %d %s (%d s)\n' "$number" "$name" $((SECONDS - started))
  else
    failed=$((failed + 1))
    printf 'not ok %d %s (%d s)\n' "$number" "$name" $((SECONDS - started))
    tail -n 60 "$work/check" | cut -c 1-400 | sed 's/^/# /'
  fi
}

# wrong MESSAGE...: fails the check, with a reason.
wrong() {
  printf '%s\n' "$@"
  return 1
}

# exits STATUS COMMAND...: whether the command ends with that status.
exits() {
  local want=$1 got=0
  shift
  "$@" || got=$?
  ((got == want)) || wrong "exit status $got instead of $want: $*"
}

# same WHAT BEFORE AFTER: whether two texts are equal; the difference is the evidence.
same() {
  [[ $2 == "$3" ]] || {
    diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") || true
    wrong "$1 changed"
  }
}

# differ WHAT BEFORE AFTER
differ() {
  [[ $2 != "$3" ]] || wrong "$1 did not change: $2"
}

# eventually SECONDS COMMAND...: polls until the command succeeds.
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >"$work/attempt" 2>&1; do
    ((SECONDS < end)) || {
      cat "$work/attempt"
      wrong "not in time: $*"
      return
    }
    sleep 0.1
  done
}
