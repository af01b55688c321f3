# shellcheck shell=bash disable=SC2154,SC2034
# Case 2: one of the services has changed. todoctl looks at all of them and verifies; helm is told which one.

case_changed() {
  local i
  say "case 2: one service changed"
  for ((i = 0; i < runs; i++)); do
    sample changed-todoctl up --set "frontend.extraEnv.BENCH=run-$i"
    sample changed-helm helm_upgrade frontend --set "extraEnv.BENCH=run-$i" --wait
  done
  timed up
  row_against "2 one service changed against its helm upgrade --wait" changed-todoctl changed-helm 1.3 "<= 1.3"
}
