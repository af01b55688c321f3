# shellcheck shell=bash disable=SC2154,SC2034
# Case 4: a release whose image does not exist. Measured from the moment at which the API server tells a watcher of
# its own that the pod is doomed, to todoctl seeing it, to everything being restored and verified.

# Pods of the run before, which are on their way out, have another tag.
# shellcheck disable=SC2016 # these are variables of jq
doomed_at='inputs | select(any(.object.spec.containers[]; .image | endswith(":" + $tag)))
  | select(any(.object.status.containerStatuses[]?; .state.waiting.reason // "" | test("BackOff$|ErrImageNeverPull"))) | now * 1e6 | floor'

# Time stamps of events as microseconds.
# shellcheck disable=SC2016 # these are variables of jq
clock='def us: (sub("Z$"; "") | split(".")) as [$s, $f] | (($s + "Z" | fromdateiso8601) * 1e6) + ("0." + ($f // "0") | tonumber * 1e6) | floor;'

# fail_once TAG: a deployment of an image that does not exist.
fail_once() {
  local tag=$1 events=$scratch/events status=0 stream watcher reader known seen over
  exec {stream}< <(exec kubectl get pods --namespace "$ours" --watch --output-watch-events -o json 2>>"$log")
  watcher=$!
  jq -n --unbuffered --arg tag "$tag" "$doomed_at" <&"$stream" >"$scratch/doomed" &
  reader=$!
  "$todoctl" up "$profile" -o json --set "backend.image.tag=$tag" >"$events" 2>>"$log" || status=$?
  ((status == 20)) || broke "a failing up ended with status $status instead of 20"
  kill "$watcher" || broke "the watcher died"
  exec {stream}<&-
  wait "$reader" || true
  known=$(head -n 1 "$scratch/doomed")
  seen=$(jq -r "$clock"' select(.event == "step-finished" and .result.kind == "failed") | .at | us' "$events" | head -n 1)
  over=$(jq -r "$clock"' select(.event == "run-finished") | .at | us' "$events")
  [[ -n $known && -n $seen && -n $over ]] || broke "the times of the failure are not complete"
  record failure-seen $((seen > known ? seen - known : 0))
  record failure-restored $((over - seen))
  kubectl rollout status --namespace "$ours" deployment/backend-deployment --timeout=1s >>"$log" 2>&1 ||
    broke "todoctl said rolled back, and kubectl does not agree"
}

case_failure() {
  local i
  say "case 4: a failed run"
  timed up
  for ((i = 0; i < runs; i++)); do fail_once "missing-$i"; done
  row_alone "4 failed run: from a doomed pod to seen" "$(median failure-seen)" 2000000 "<= 2 s"
  row_alone "4 failed run: from seen to restored and verified" "$(median failure-restored)" 10000000 "<= 10 s"
}
