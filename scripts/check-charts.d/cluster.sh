# shellcheck shell=bash
# What only an API server can say: sourced by scripts/check-charts. Nothing is installed; a namespace comes and goes.
: "${scratch:?}" "${variants[*]:?}"

check_cluster() {
  local chart variant
  namespace=charts-check-$$-$RANDOM
  if ! kubectl create namespace "$namespace" >"$scratch/evidence" 2>&1; then
    fail "the cluster takes a namespace" "$scratch/evidence"
    return
  fi
  at_exit+=(remove_namespace)
  kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=restricted >/dev/null
  for chart in $(applications); do
    for variant in "${variants[@]}"; do
      check "$chart: the API server takes $variant" accepted "$chart" "$variant"
      check "$chart: Pod Security restricted takes $variant" pod_accepted "$chart" "$variant"
    done
    check "$chart: Pod Security restricted is enforced" pod_refused "$chart"
  done
}

remove_namespace() {
  kubectl delete namespace "$namespace" --timeout=60s >/dev/null || echo "check-charts: remove the namespace $namespace" >&2
}

# A node port may be in use by the application itself, and a dry run asks for it too: let the server choose.
server_arguments() {
  set_arguments "$1" "$2"
  arguments+=("-n" "$namespace" "--set" "service.nodePort=null")
}

# A warning counts as a refusal: for a Deployment, Pod Security only warns. What the server makes of the objects stays in
# $scratch/objects, for the next check.
accepted() {
  local arguments
  rm -f "$scratch/objects"
  server_arguments "$1" "$2"
  render "$1" "${arguments[@]}" >"$scratch/manifest" || return 1
  kubectl apply -n "$namespace" --dry-run=server --validate=strict -f "$scratch/manifest" -o json \
    >"$scratch/answer" 2>"$scratch/remarks" || { cat "$scratch/remarks"; return 1; }
  ! grep '^Warning' "$scratch/remarks" || return 1
  mv "$scratch/answer" "$scratch/objects"
}

pod_accepted() {
  create_pod .
}

# The counter-check: without it, a namespace that enforces nothing would pass for a chart that obeys.
pod_refused() {
  if create_pod '.spec.containers[0].securityContext.allowPrivilegeEscalation = true' >"$scratch/answer" 2>&1; then
    echo "a pod that may raise its privileges was accepted"
    return 1
  fi
  cat "$scratch/answer"
  grep -q 'violates PodSecurity "restricted' "$scratch/answer"
}

# create_pod EDIT: asks the server for a bare Pod with the specification of the Deployment's pods. The service account is
# not there in a dry run; it does not matter to Pod Security.
create_pod() {
  jq -e '.items[] | select(.kind == "Deployment") | {apiVersion: "v1", kind: "Pod", metadata: {name: "check"},
      spec: (.spec.template.spec | .serviceAccountName = "default" | del(.serviceAccount))} | '"$1" "$scratch/objects" |
    kubectl create -n "$namespace" --dry-run=server --validate=strict -f -
}
