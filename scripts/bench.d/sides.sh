# shellcheck shell=bash disable=SC2154,SC2034
# Owns the two sides: the same charts, images, values, secrets and components, by todoctl in one namespace and by helm
# in another. A cluster has one Dapr and one broker: they are todoctl's, except while everything is new on helm's side.

ours=bench-todoctl
theirs=bench-helm
profile=$scratch/bench.yaml
export TODOCTL_STATE=$scratch/state

services=(backend notification recurring audit frontend)
releases=7
declare -A chart_of=([dapr]=sandbox/charts/dapr [redpanda]=sandbox/charts/redpanda)
declare -A namespace_of=([dapr]=dapr-system [redpanda]=redpanda)
declare -A values_of=([dapr]=dapr/values-sandbox.yaml [redpanda]=sandbox/charts/redpanda/values.yaml)
for name in "${services[@]}"; do
  chart_of[$name]=charts/$name namespace_of[$name]=$theirs values_of[$name]=$scratch/$name.json
done

# The node's ports may be taken by another deployment, and images are cleaned per repository: both are our own.
write_profile() {
  local name
  echo "extends: $PWD/profiles/sandbox.yaml"
  echo "namespace: $ours"
  echo "cluster: {sandbox: {name: $sandbox, command: $tools/sandbox}}"
  echo images:
  for name in "${services[@]}"; do echo "  $name: {repository: sandbox.local/bench/$name}"; done
  echo releases:
  for name in backend frontend; do echo "  $name: {set: {service: {type: ClusterIP}}}"; done
}

up() {
  "$todoctl" up "$profile" --progress plain "$@"
}

# helm_upgrade RELEASE ARG...: what a deployment script would say.
helm_upgrade() {
  local release=$1
  shift
  # todoctl's side has left the CRDs, and Dapr's operator and todoctl own fields of them: helm 4 would refuse.
  [[ $release != dapr ]] || set -- "$@" --skip-crds
  helm upgrade --install "$release" "${chart_of[$release]}" --namespace "${namespace_of[$release]}" \
    --create-namespace --reset-values --values "${values_of[$release]}" "$@"
}

apply_their_secrets() {
  kubectl apply --namespace "$theirs" -f "$scratch/secrets.json"
}

apply_their_components() {
  kubectl apply --namespace "$theirs" -f "$scratch/components.json"
}

# Their consumers must not take our events: to the broker, all of theirs are one group of its own.
copy_components() {
  kubectl get components.dapr.io,configurations.dapr.io --namespace "$ours" -o json | jq '
    .items |= map({apiVersion, kind, metadata: {name: .metadata.name}, spec, auth, scopes} | del(.[] | nulls))
    | (.items[] | select(.spec.type == "pubsub.kafka").spec.metadata) += [{name: "consumerGroup", value: "bench-helm"}]
  ' >"$scratch/components.json"
}

delete_namespaces() {
  local name
  for name in dapr redpanda; do
    helm uninstall "$name" --namespace "${namespace_of[$name]}" --ignore-not-found >>"$log" 2>&1
  done
  kubectl delete namespace "$ours" "$theirs" dapr-system redpanda --ignore-not-found --timeout=120s >>"$log" 2>&1
}

no_pods() {
  local namespace
  for namespace in "$@"; do
    [[ -z $(kubectl get pods --namespace "$namespace" -o name) ]] || return 1
  done
}

# deploy_ours: also again, when a case has ended with ours removed.
deploy_ours() {
  timed up
}

# prepare_sides: deploys once by todoctl, and takes over its values, Secrets and components for helm's side.
prepare_sides() {
  local name
  say "first deployment, with the images"
  write_profile >"$profile"
  if $here || $keep; then at_exit=(delete_namespaces "${at_exit[@]}"); fi
  deploy_ours
  kubectl create namespace "$theirs" >>"$log" 2>&1 || kubectl get namespace "$theirs" >>"$log" || broke "no namespace $theirs"
  kubectl get secrets --namespace "$ours" -l todoctl.dev/secret -o json |
    jq '.items |= map({apiVersion, kind, type, data, metadata: {name: .metadata.name}})' >"$scratch/secrets.json"
  apply_their_secrets >>"$log" 2>&1 || broke "the secrets cannot be copied"
  copy_components
  apply_their_components >>"$log" 2>&1 || broke "the components cannot be copied"
  for name in "${services[@]}"; do
    helm get values "$name" --namespace "$ours" -o json >"$scratch/$name.json"
    timed helm_upgrade "$name" --wait
  done
}
