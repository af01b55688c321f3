# shellcheck shell=bash disable=SC2154,SC2034
# Owns where the time of a run goes: its steps and commands, from the events that it wrote, between the start and the
# end of its process as this script saw them.

timelines=()

# Seconds since 1970 of an event.
# shellcheck disable=SC2016 # these are variables of jq
timeline='def at: (.at | sub("Z$"; "") | split(".")) as [$s, $f] | ($s + "Z" | fromdateiso8601) + ("0." + ($f // "0") | tonumber);
  def tenths: . * 100 | round / 100;
  ($begun | tonumber / 1e6) as $begun | ($ended | tonumber / 1e6) as $ended
  | (map(select(.event == "run-started")) | last | at) as $start
  | (map(select(.event == "run-finished")) | last | at) as $finish
  | [{from: 0, to: ($start - $begun), what: "reading the cluster, rendering charts, taking the lease"}]
  + [map(select(.event == "step-finished" and .seconds >= 0.05))[] as $step
     | ($step | at) as $to
     | {from: ($to - $step.seconds - $begun), to: ($to - $begun), what: $step.step},
       (.[] | select(.event == "command-finished" and .step == $step.step and .seconds >= 0.05 and at <= $to)
        | {from: (at - .seconds - $begun), to: (at - $begun), what: ("  " + (.command | split(" ") | map(select(startswith("-") | not)) | .[0:2] | join(" ")))}),
       (.[] | select(.event == "check-held" and .step == $step.step)
        | {from: (at - .seconds - $begun), to: (at - $begun), what: ("  check: " + .check + ", " + (.requests | tostring) + " requests")})]
  + [.[] | select(.event == "command-finished" and .step == "verify" and .seconds >= 0.05)
     | {from: (at - .seconds - $begun), to: (at - $begun), what: ("after the verification: " + (.command | split(" ") | .[0:2] | join(" ")))}]
  + [{from: ($finish - $begun), to: ($ended - $begun), what: "ending"}]
  | .[] | [(.from | tenths), (.to | tenths), ((.to - .from) | tenths), .what] | @tsv'

# keep_timeline TITLE: of the newest run, which `timed` has just measured; an earlier one with the same title goes.
keep_timeline() {
  local events
  events=$(find "$TODOCTL_STATE" -name events.jsonl -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-)
  jq -rs --arg begun "$BEGUN" --arg ended "$((BEGUN + MICROSECONDS))" "$timeline" "$events" >"$scratch/timeline-${1// /-}"
  [[ " ${timelines[*]-} " == *" ${1// /-} "* ]] || timelines+=("${1// /-}")
}

print_timelines() {
  local name
  for name in "${timelines[@]}"; do
    printf '\nWHERE THE TIME GOES: %s, the last run; seconds\n' "${name//-/ }"
    awk -F '\t' '{ printf "%8.2f - %6.2f  %6.2f  %s\n", $1, $2, $3, $4 }' "$scratch/timeline-$name"
  done
}
