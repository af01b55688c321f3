# shellcheck shell=bash disable=SC2154,SC2034
# Owns the two sides: the same charts, images, values and secrets, by todoctl in one namespace and by helm in another.

ours=bench-todoctl
theirs=bench-helm
profile=$scratch/bench.yaml
export TODOCTL_STATE=$scratch/state

names=(backend frontend)
for ((number = 1; number <= releases - 2; number++)); do names+=("extra$number"); done

chart_of() {
  if [[ $1 == extra* ]]; then echo charts/frontend; else echo "charts/$1"; fi
}

# The node's ports may be taken by another deployment, and images are cleaned per repository: both are our own.
write_profile() {
  cat <<PROFILE
extends: $PWD/profiles/sandbox.yaml
namespace: $ours
cluster: {sandbox: {name: $sandbox, command: $tools/sandbox}}
images:
  backend: {repository: sandbox.local/bench/backend}
  frontend: {repository: sandbox.local/bench/frontend}
releases:
  backend: {set: {service: {type: ClusterIP}}}
  frontend: {set: {service: {type: ClusterIP}}}
PROFILE
  local name
  for name in "${names[@]:2}"; do
    cat <<PROFILE
  $name:
    order: 7
    chart: charts/frontend
    values: [charts/frontend/values-local.yaml]
    set: {service: {type: ClusterIP}}
    image: frontend
    secret: frontend-secrets
PROFILE
  done
}

up() {
  "$todoctl" up "$profile" --progress plain "$@"
}

# helm_upgrade RELEASE ARG...: what a deployment script would say.
helm_upgrade() {
  local release=$1
  shift
  helm upgrade --install "$release" "$(chart_of "$release")" --namespace "$theirs" \
    --values "$(chart_of "$release")/values-local.yaml" --values "$scratch/$release.json" "$@"
}

apply_their_secrets() {
  kubectl apply --namespace "$theirs" -f "$scratch/secrets.json"
}

delete_namespaces() {
  kubectl delete namespace "$ours" "$theirs" --ignore-not-found --timeout=120s >>"$log" 2>&1
}

no_pods() {
  [[ -z $(kubectl get pods --namespace "$1" -o name) ]]
}

# prepare_sides: deploys once by todoctl, and takes over its values and Secrets for helm's side.
prepare_sides() {
  local name
  say "first deployment, with the images"
  write_profile >"$profile"
  if $here || $keep; then at_exit=(delete_namespaces "${at_exit[@]}"); fi
  timed up
  kubectl create namespace "$theirs" >>"$log" 2>&1 || kubectl get namespace "$theirs" >>"$log" || broke "no namespace $theirs"
  kubectl get secrets --namespace "$ours" -l todoctl.dev/secret -o json |
    jq '.items |= map({apiVersion, kind, type, data, metadata: {name: .metadata.name}})' >"$scratch/secrets.json"
  apply_their_secrets >>"$log" 2>&1 || broke "the secrets cannot be copied"
  for name in "${names[@]}"; do
    helm get values "$name" --namespace "$ours" -o json >"$scratch/$name.json"
    timed helm_upgrade "$name" --wait
  done
}
