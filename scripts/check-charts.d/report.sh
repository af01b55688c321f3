# shellcheck shell=bash
# Counting and showing: sourced by scripts/check-charts.
: "${scratch:?}"

passed=0
failed=0

# pass WHAT
pass() {
  passed=$((passed + 1))
  echo "ok    $1"
}

# fail WHAT [EVIDENCE-FILE]
fail() {
  failed=$((failed + 1))
  echo "FAIL  $1"
  if [[ -n ${2-} ]]; then sed 's/^/      /' "$2"; fi
}

# check WHAT COMMAND...: the command must succeed.
check() {
  local what=$1
  shift
  if "$@" >"$scratch/evidence" 2>&1; then pass "$what"; else fail "$what" "$scratch/evidence"; fi
}

report() {
  echo "$passed passed, $failed failed"
  [[ $failed -eq 0 && $passed -gt 0 ]]
}
