# shellcheck shell=bash disable=SC2154,SC2034
# Case 1: everything is deployed and nothing has changed. helm's loop leaves out Dapr and Redpanda, of which a cluster
# has one: two releases less than todoctl looks at.

helm_loop() {
  local name
  for name in "${services[@]}"; do helm_upgrade "$name" || return; done
}

# counting_tools: puts a line into $scratch/calls for every helm, kubectl and sandbox that todoctl starts.
counting_tools() {
  local name real
  for name in helm kubectl sandbox; do
    real=$(readlink "$tools/$name")
    rm "$tools/$name"
    printf '#!/usr/bin/env bash\necho "%s $*" >>%q\nexec %q "$@"\n' "$name" "$scratch/calls" "$real" >"$tools/$name"
    chmod +x "$tools/$name"
    reals[$name]=$real
  done
}

plain_tools() {
  local name
  for name in "${!reals[@]}"; do ln -sf "${reals[$name]}" "$tools/$name"; done
}

# count_children: sets CHILDREN. The first run only remembers the version of the changed helm.
count_children() {
  local -A reals=()
  counting_tools
  timed up
  : >"$scratch/calls"
  timed up
  plain_tools
  CHILDREN=$(wc -l <"$scratch/calls")
  timed up
}

our_revisions() {
  helm list --all-namespaces -o json |
    jq -c --arg ours "$ours" 'map(select(.namespace | IN($ours, "dapr-system", "redpanda")) | [.name, .revision]) | sort'
}

case_nothing() {
  local i revision
  say "case 1: nothing to change"
  revision=$(our_revisions)
  for ((i = 0; i < 2 * runs; i++)); do
    sample nothing-up up
    sample nothing-plan "$todoctl" plan "$profile"
    sample nothing-helm helm_loop
  done
  count_children
  [[ $revision == "$(our_revisions)" ]] ||
    broke "todoctl made a revision although nothing had changed"
  row_alone "1 nothing to change: up" "$(median nothing-up)" 600000 "<= 0.6 s"
  row_alone "1 nothing to change: plan" "$(median nothing-plan)" 600000 "<= 0.6 s"
  row_against "1 nothing to change: up against helm in a loop" nothing-up nothing-helm 0.25 "<= 0.25"
  row "1 nothing to change: child processes of up" "$CHILDREN" "${#services[@]}" - "<= 5" "$(met "$CHILDREN" 5)"
}
