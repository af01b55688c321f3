# shellcheck shell=bash disable=SC2154,SC2034
# Owns the table: one row per figure, with its budget and whether it was met.

rows=()

# row TITLE TODOCTL OTHER RATIO BUDGET MET; `-` for an empty cell.
row() {
  rows+=("$1|$2|$3|$4|$5|$6")
}

# seconds MICROSECONDS: for people. 0 is less than the kernel's clock can tell.
seconds() {
  awk -v us="$1" 'BEGIN { if (us == 0) print "< 10 ms"; else if (us < 100000) printf "%.1f ms", us / 1000; else printf "%.2f s", us / 1000000 }'
}

# met VALUE LIMIT
met() {
  awk -v value="$1" -v limit="$2" 'BEGIN { print value <= limit ? "yes" : "no" }'
}

# row_alone TITLE MICROSECONDS LIMIT BUDGET
row_alone() {
  row "$1" "$(seconds "$2")" - - "$4" "$(met "$2" "$3")"
}

# row_against TITLE SERIES OTHER [LIMIT BUDGET]: medians of two series and their ratio.
row_against() {
  local ours theirs ratio
  ours=$(median "$2")
  theirs=$(median "$3")
  ratio=$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.2f", a / b }')
  if (($# > 3)); then
    row "$1" "$(seconds "$ours")" "$(seconds "$theirs")" "$ratio" "$5" "$(met "$ratio" "$4")"
  else
    row "$1" "$(seconds "$ours")" "$(seconds "$theirs")" "$ratio" - -
  fi
}

print_table() {
  printf 'todoctl %s, helm %s, Kubernetes %s; %s releases, medians of %s runs\n' \
    "$(git describe --always --dirty 2>/dev/null || echo unknown)" "$helm_version" "$kubernetes_version" "$releases" "$runs"
  printf '%s processors, load at start %s, at the end %s\n' "$(nproc)" "$load_at_start" "$(cut -d ' ' -f 1 /proc/loadavg)"
  printf '\n%-58s %10s %10s %6s  %-9s %s\n' CASE TODOCTL OTHER RATIO BUDGET MET
  local line cells
  for line in "${rows[@]}"; do
    IFS='|' read -ra cells <<<"$line"
    printf '%-58s %10s %10s %6s  %-9s %s\n' "${cells[@]}"
  done
}
