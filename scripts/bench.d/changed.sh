# shellcheck shell=bash disable=SC2154,SC2034
# Case 2: one of the services has changed, one without and one with a sidecar. todoctl looks at all of them, verifies
# the whole, and sends an event through it; helm is told which one.

# changed SERVICE TITLE
changed() {
  local i
  for ((i = 0; i < runs; i++)); do
    sample "changed-$1-todoctl" up --set "$1.extraEnv.BENCH=run-$i"
    keep_timeline "2 $2"
    sample "changed-$1-helm" helm_upgrade "$1" --set "extraEnv.BENCH=run-$i" --wait
  done
  timed up
  row_against "2 $2 against its helm --wait" "changed-$1-todoctl" "changed-$1-helm" 1.3 "<= 1.3"
}

case_changed() {
  say "case 2: one service changed"
  changed frontend "one service changed"
  changed notification "one with a sidecar changed"
}
