# shellcheck shell=bash disable=SC2154
# How long each part took, now and the last time it passed. The record is in the tests' cache folder; a line that is no
# record is passed over, so that nothing depends on how an earlier run ended.

times=$cache/times
declare -A took_last=()

# times_read: sets took_last.
times_read() {
  local part seconds rest
  [[ -r $times ]] || return 0
  while read -r part seconds rest; do
    [[ -n $part && -n ${about[$part]-} && $seconds =~ ^[0-9]{1,6}$ && -z $rest ]] || continue
    took_last[$part]=$seconds
  done <"$times"
}

# times_write: the parts that passed now, and what was known of the others.
times_write() {
  local part fresh
  local -A known=()
  for part in "${!took_last[@]}"; do
    known[$part]=${took_last[$part]}
  done
  for part in "${order[@]}"; do
    [[ ${outcome[$part]} != passed ]] || known[$part]=${took[$part]}
  done
  ((${#known[@]} > 0)) && mkdir -p "$cache" && fresh=$(mktemp "$times.XXXXXX") || return 0
  for part in "${!known[@]}"; do
    printf '%s %d\n' "$part" "${known[$part]}"
  done | sort >"$fresh"
  mv "$fresh" "$times"
}

# times_remark PART: says that it grew by more than half. Some seconds come from what else the machine does.
times_remark() {
  local last=${took_last[$1]-} now=${took[$1]}
  [[ -n $last && ${outcome[$1]} == passed ]] || return 0
  ((now * 2 <= last * 3 || now < last + 10)) || printf '  took %d s longer than the last time' $((now - last))
}

# times_table: every part with its outcome, and how many passed; fails when one did.
times_table() {
  local part passed=0 failed=0
  printf '\n%-16s %-8s %8s %10s\n' part outcome seconds 'last time'
  for part in "${order[@]}"; do
    printf '%-16s %-8s %8d %10s%s\n' "$part" "${outcome[$part]}" "${took[$part]}" "${took_last[$part]--}" "$(times_remark "$part")"
    case ${outcome[$part]} in
      passed) passed=$((passed + 1)) ;;
      'not run') ;;
      *) failed=$((failed + 1)) ;;
    esac
  done
  printf 'in all %d s\n\n%d passed, %d failed\n' "$SECONDS" "$passed" "$failed"
  ((failed == 0 && passed > 0))
}
