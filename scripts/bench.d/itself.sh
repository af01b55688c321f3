# shellcheck shell=bash disable=SC2154,SC2034
# Case 5: todoctl itself, without the programs that it starts. Sampled from /proc while it runs; the kernel counts
# processor time of a process apart from that of its children, in hundredths of a second.

# watch_itself COMMAND...: sets KIBIBYTES (largest resident set) and HUNDREDTHS (own processor time) of a command.
watch_itself() {
  local pid line fields value
  KIBIBYTES=0 HUNDREDTHS=0
  "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    while read -r line value _; do
      if [[ $line == VmHWM: ]] && ((value > KIBIBYTES)); then KIBIBYTES=$value; fi
    done <"/proc/$pid/status" || true
    # The name of the program, the second field, may hold spaces.
    if read -r line <"/proc/$pid/stat"; then
      read -ra fields <<<"${line##*) }"
      HUNDREDTHS=$((fields[11] + fields[12]))
    fi
    read -rt 0.002 <>"$scratch/never" || true
  done 2>/dev/null
  wait "$pid" || broke "failed: $*"
}

case_itself() {
  local i
  say "case 5: todoctl itself"
  timed up
  for ((i = 0; i < 4 * runs; i++)); do sample version "$todoctl" --version; done
  mkfifo "$scratch/never"
  for ((i = 0; i < runs; i++)); do
    watch_itself "$todoctl" up "$profile"
    record memory "$KIBIBYTES"
    record processor "$((HUNDREDTHS * 10000))"
  done
  row_alone "5 todoctl --version, with fork and exec" "$(median version)" 5000 "<= 5 ms"
  row "5 resident memory, nothing to change" "$(($(median memory) / 1024)) MiB" - - "<= 40 MB" "$(met "$(median memory)" 39062)"
  row_alone "5 own processor time, nothing to change" "$(median processor)" 100000 "<= 0.1 s"
}
