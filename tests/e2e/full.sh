# shellcheck shell=bash disable=SC2154
# The whole application of the profile `full`: Dapr, the broker, five services. What is asked, is asked with kubectl,
# helm and requests to the application. Nothing here asks todoctl.

# shellcheck disable=SC2034 # the cases use it
services=(backend notification recurring audit frontend)
# Release and namespace of all seven.
everywhere=(
  "dapr dapr-system" "redpanda redpanda"
  "backend todo" "notification todo" "recurring todo" "audit todo" "frontend todo"
)
our_namespaces=(todo redpanda dapr-system)

# full_write: the profile `full` is the shipped one on this test's sandbox.
full_write() {
  cat >"$project/profiles/full.yaml" <<YAML
extends: sandbox.yaml
$(profile_here)
releases:
  backend: {set: $all_at_once}
  frontend: {set: $all_at_once}
YAML
}

# full_objects: everything that the seven releases, the components and the secrets are, without what Kubernetes and
# helm count. Dapr's own certificates and caBundle are renewed by Dapr.
full_objects() {
  local place
  for place in "${our_namespaces[@]}"; do
    kubectl --request-timeout 20s -n "$place" get deployments,statefulsets,services,configmaps,persistentvolumeclaims -o json |
      jq -S --arg run todoctl-run- '.items[] |
        select(.metadata.name != "kube-root-ca.crt" and .metadata.name != "dapr-trust-bundle"
               and (.metadata.name | startswith($run) | not)) |
        {kind, namespace: .metadata.namespace, name: .metadata.name, labels: .metadata.labels, data,
         spec: (.spec | if . then del(.clusterIP, .clusterIPs) else . end)}'
  done
  full_components
  kube get secrets --field-selector type=Opaque -o json | jq -S '.items[] |
    select(.metadata.name | startswith("todoctl-run-") | not) | {name: .metadata.name, data}' | sha256sum
}

# full_components: what Dapr's objects say.
full_components() {
  kube get components.dapr.io,configurations.dapr.io -o json |
    jq -S '.items[] | {kind, name: .metadata.name, labels: .metadata.labels, spec, auth, scopes}'
}

# full_healthy: whether helm calls all seven deployed, todoctl's mark is on them, every pod is ready and has its sidecar.
full_healthy() {
  local entry
  for entry in "${everywhere[@]}"; do
    # shellcheck disable=SC2086 # two words
    eventually 30 full_released $entry
  done
  eventually 60 full_pods
}

# full_released RELEASE NAMESPACE
full_released() {
  local number
  number=$(helm history "$1" -n "$2" --max 1 -o json | jq -er '.[-1] | select(.status == "deployed") | .revision') ||
    wrong "$1 is not deployed: $(helm history "$1" -n "$2")"
  kubectl get secret -n "$2" "sh.helm.release.v1.$1.v$number" -o json | jq -e --arg number "$number" '
    .metadata.labels | .["todoctl.dev/verified"] == $number and .["todoctl.dev/revision"] == $number' >/dev/null ||
    wrong "revision $number of $1 is not marked as verified"
}

# full_pods: whether all pods of the three namespaces are ready, those of the four services with daprd.
full_pods() {
  local place
  for place in "${our_namespaces[@]}"; do
    kubectl -n "$place" get pods -o json | jq -e '.items | length > 0 and all(.[];
      .metadata.deletionTimestamp == null and (.status.containerStatuses | length > 0 and all(.[]; .ready)))' >/dev/null || {
      kubectl -n "$place" get pods
      wrong "not every pod of $place is ready"
      return
    }
  done
  kube get pods -o json | jq -e '[.items[] | {release: .metadata.labels["app.kubernetes.io/instance"],
      containers: (.spec.containers + ((.spec.initContainers // []) | map(select(.restartPolicy == "Always"))) | map(.name))}] |
    all(.[]; (.containers | length) == (if .release == "frontend" then 1 else 2 end)
             and ((.containers | index("daprd")) != null) == (.release != "frontend"))' >/dev/null || {
    kube get pods
    wrong "not every service has its sidecar"
  }
}

# full_delivers: whether a task that is added on the page's path reaches notification and audit, and a completed
# recurring one makes the next.
full_delivers() {
  local key=e2e-$RANDOM$RANDOM started
  eventually 20 get -X POST -H 'content-type: application/json' -d "{\"title\": \"task $key\", \"key\": \"$key\"}" "$(url)/api/tasks"
  started=$(date +%s%3N)
  eventually 30 full_seen notification 8002 "/events?contains=$key" "$key"
  eventually 30 full_seen audit 8004 "/log?contains=$key" "$key"
  echo "the event of $key arrived everywhere after at most $(($(date +%s%3N) - started)) ms"
}

# full_seen SERVICE PORT PATH TEXT: asks through the API server's proxy.
full_seen() {
  local answer
  answer=$(kubectl get --raw "/api/v1/namespaces/$namespace/services/$1-service:$2/proxy$3")
  [[ $answer == *"$4"* ]] || wrong "$1 does not know $4: $answer"
}

# full_baseline: what the subjects of the whole application start from.
full_baseline() {
  project_restore
  exits 0 todoctl up full
  full_healthy
}
