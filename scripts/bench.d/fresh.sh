# shellcheck shell=bash disable=SC2154,SC2034
# Case 3: everything is new; the cluster runs and the images are built. While one side is measured, the other is empty.

empty_ours() {
  "$todoctl" down "$profile" --purge --progress plain >>"$log" 2>&1 || broke "down failed"
  wait_until 120 no_pods "$ours" dapr-system redpanda || broke "pods stay in $ours"
}

# empty_their_services: what helm's side has while Dapr and the broker are todoctl's.
empty_their_services() {
  helm uninstall "${services[@]}" --namespace "$theirs" --ignore-not-found --wait >>"$log" 2>&1 || broke "uninstall failed"
  kubectl delete --namespace "$theirs" --ignore-not-found -f "$scratch/secrets.json" >>"$log" 2>&1 || broke "the secrets stay"
  kubectl delete --namespace "$theirs" --ignore-not-found -f "$scratch/components.json" >>"$log" 2>&1 || broke "the components stay"
  wait_until 120 no_pods "$theirs" || broke "pods stay in $theirs"
}

# The namespaces go too, as they do with todoctl's --purge: with them the broker's volume.
empty_theirs() {
  local name
  empty_their_services
  for name in dapr redpanda; do
    helm uninstall "$name" --namespace "${namespace_of[$name]}" --ignore-not-found --wait >>"$log" 2>&1 || broke "uninstall failed"
  done
  kubectl delete namespace dapr-system redpanda --ignore-not-found --timeout=120s >>"$log" 2>&1 || broke "a namespace stays"
}

helm_in_sequence() {
  local name
  apply_their_secrets || return
  for name in dapr redpanda; do helm_upgrade "$name" --wait || return; done
  apply_their_components || return
  for name in "${services[@]}"; do helm_upgrade "$name" --wait || return; done
}

# together COMMAND...: runs them side by side; each is one word, or several in quotes.
together() {
  local command job jobs=()
  for command in "$@"; do
    $command &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || return; done
}

# helm_by_hand: what a person with the graph in mind would type.
helm_by_hand() {
  apply_their_secrets || return
  together "helm_upgrade dapr --wait" "helm_upgrade redpanda --wait" || return
  apply_their_components || return
  helm_upgrade backend --wait || return
  together "helm_upgrade notification --wait" "helm_upgrade recurring --wait" "helm_upgrade audit --wait" "helm_upgrade frontend --wait"
}

case_fresh() {
  local i
  say "case 3: everything new"
  empty_their_services
  empty_ours
  for ((i = 0; i < runs; i++)); do
    sample fresh-todoctl up
    keep_timeline "3 everything new"
    empty_ours
    sample fresh-sequence helm_in_sequence
    empty_theirs
    sample fresh-chain helm_by_hand
    empty_theirs
  done
  row_against "3 everything new against the longest chain by hand" fresh-todoctl fresh-chain 1.15 "<= 1.15"
  row_against "3 everything new against a script in sequence" fresh-todoctl fresh-sequence 0.5 "<= 0.5"
}
