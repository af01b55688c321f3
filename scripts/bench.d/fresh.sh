# shellcheck shell=bash disable=SC2154,SC2034
# Case 3: everything is new; the cluster runs and the images are built. While one side is measured, the other is empty.

empty_ours() {
  "$todoctl" down "$profile" --progress plain >>"$log" 2>&1 || broke "down failed"
  wait_until 120 no_pods "$ours" || broke "pods stay in $ours"
}

empty_theirs() {
  helm uninstall "${names[@]}" --namespace "$theirs" --ignore-not-found --wait >>"$log" 2>&1 || broke "uninstall failed"
  kubectl delete --namespace "$theirs" --ignore-not-found -f "$scratch/secrets.json" >>"$log" 2>&1 || broke "the secrets stay"
  wait_until 120 no_pods "$theirs" || broke "pods stay in $theirs"
}

helm_in_sequence() {
  local name
  apply_their_secrets || return
  for name in "${names[@]}"; do helm_upgrade "$name" --wait || return; done
}

# helm_by_hand: what a person with the graph in mind would type: the chain, and everything else beside it.
helm_by_hand() {
  local name job jobs=()
  apply_their_secrets || return
  { helm_upgrade backend --wait && helm_upgrade frontend --wait; } &
  jobs=($!)
  for name in "${names[@]:2}"; do
    helm_upgrade "$name" --wait &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || return; done
}

case_fresh() {
  local i
  say "case 3: everything new"
  empty_ours
  for ((i = 0; i < runs; i++)); do
    empty_theirs
    sample fresh-todoctl up
    empty_ours
    sample fresh-sequence helm_in_sequence
    empty_theirs
    sample fresh-chain helm_by_hand
  done
  row_against "3 everything new against the longest chain by hand" fresh-todoctl fresh-chain 1.15 "<= 1.15"
  if ((releases > 2)); then
    row_against "3 everything new against a script in sequence" fresh-todoctl fresh-sequence 0.5 "<= 0.5"
  else
    # Two releases of which one needs the other are one chain: there is nothing to do side by side.
    row_against "3 everything new against a script in sequence" fresh-todoctl fresh-sequence
  fi
}
