# shellcheck shell=bash disable=SC2154
# `todoctl up oke` up to its doorstep: the shipped profile with its cloud values, on this test's sandbox behind a context
# of a kubeconfig, as a cluster of somebody else. What differs is said in a profile that extends it: the way to the
# cluster, no registry, a broker without a login, and nobody who gives a load balancer an address.

cases_cloud() {
  check "the other deployments go" cloud_clear
  check "another cluster than the pinned one is refused, and nothing is changed" cloud_other
  check "without a pin, and without a terminal, the first use is refused with the line to add" cloud_first_use
  check "up deploys Dapr and five services with the cloud values, through an external Kafka" cloud_up
  check "every service is verified and ready, with its sidecar" cloud_healthy
  check "the services are the cloud's: one replica, a load balancer that waits for its address" cloud_values
  check "a task's event reaches notification and audit" cloud_delivers
  check "the user's kubeconfig may lead elsewhere meanwhile, and is left as it was" cloud_switched
  check "up again has nothing to do, with at most 10 processes" cloud_again
  check "a broken service rolls everything back" cloud_broken
  check "todoctl does not delete a cluster that is not its own" cloud_not_ours
  check "down --purge takes it away" cloud_gone
}

# cloud_write [UID]: the profile `cloud`. The broker stands outside of the profile, as Kafka of a cloud does.
cloud_write() {
  local pin=${1+, uid: $1}
  mkdir -p "$project/e2e/dapr"
  sed -e '/authType/,/key: password/d' -e 's/^    # A login by SASL.*/    - {name: authType, value: none}/' \
    "$project/dapr/components/pubsub-cloud.yaml" >"$project/e2e/dapr/pubsub-cloud.yaml"
  cat >"$project/profiles/cloud.yaml" <<YAML
extends: oke
confirm: never
cluster:
  context: {context: cloud, kubeconfig: $home/cloud.yaml$pin}
builder:
  sandbox: {name: $SANDBOX_NAME, net: "$net", command: e2e/sandbox}
delivery: load
registry: null
images:
  backend: {repository: sandbox.local/todo/backend}
  notification: {repository: sandbox.local/todo/notification}
  recurring: {repository: sandbox.local/todo/recurring}
  audit: {repository: sandbox.local/todo/audit}
  frontend: {repository: sandbox.local/todo/frontend}
secrets:
  values:
    database-url:
      command: [sandbox/sandbox, --name, $SANDBOX_NAME, database, --url]
    kafka-username: {optional: true}
    kafka-password: {optional: true}
dapr:
  components:
    - dapr/components/config.yaml
    - e2e/dapr/pubsub-cloud.yaml
    - dapr/components/statestore.yaml
    - dapr/components/secrets.yaml
releases:
  dapr:
    chart: sandbox/charts/dapr
    values: [dapr/values-sandbox.yaml]
YAML
}

# cloud_context: the user's kubeconfig, with the sandbox under another name and a second context that leads nowhere.
cloud_context() {
  (
    umask 077
    kubectl config view --raw --flatten --minify -o json | jq '
      (.contexts[0].context) as $context | .contexts = [{name: "cloud", context: $context}] | ."current-context" = "cloud"
      | .clusters += [{name: "nowhere", cluster: {server: "https://127.0.0.1:1"}}]
      | .contexts += [{name: "nowhere", context: {cluster: "nowhere", user: $context.user}}]' >"$home/cloud.yaml"
  )
}

# cloud_todoctl ARG...: todoctl with what the pipeline gives it. What the profile left out needs no variable.
cloud_todoctl() {
  KAFKA_BROKERS=redpanda.redpanda.svc.cluster.local:9093 todoctl "$@"
}

cloud_uid() {
  kubectl get namespace kube-system -o 'jsonpath={.metadata.uid}'
}

# cloud_clear: nothing is deployed, and the broker is there, installed by somebody else.
cloud_clear() {
  exits 0 todoctl down e2e --purge
  exits 0 todoctl down full --purge
  cloud_context
  helm upgrade --install redpanda "$project/sandbox/charts/redpanda" -n redpanda --create-namespace --wait --timeout 3m
}

cloud_other() {
  local before
  cloud_write 00000000-0000-4000-8000-000000000000
  before=$(versions)
  exits 10 cloud_todoctl up cloud
  screen 'is another cluster than the one that is meant' "$(cloud_uid)"
  same "the cluster" "$before" "$(versions)"
}

cloud_first_use() {
  local before
  cloud_write
  before=$(versions)
  exits 10 cloud_todoctl up cloud --yes
  screen 'is used for the first time' "cluster: {context: {uid: $(cloud_uid)}}"
  same "the cluster" "$before" "$(versions)"
}

cloud_up() {
  cloud_write "$(cloud_uid)"
  exits 0 cloud_todoctl up cloud
  screen 'events arrive'
}

cloud_healthy() {
  local release
  eventually 60 full_pods
  for release in "${services[@]}"; do
    eventually 30 full_released "$release" todo
  done
  full_released dapr dapr-system
}

cloud_values() {
  kube get deployments -o json | jq -e '.items | length == 5 and all(.[]; .spec.replicas == 1)' >/dev/null ||
    wrong "not five services with one replica: $(kube get deployments)"
  kube get service frontend-service -o json | jq -e '.spec.type == "LoadBalancer"
    and (.status.loadBalancer.ingress // []) == []
    and .metadata.annotations["service.beta.kubernetes.io/oci-load-balancer-shape"] == "flexible"' >/dev/null ||
    wrong "frontend-service is no waiting load balancer"
  kube get component pubsub -o json | jq -e '.spec.metadata[] | select(.name == "brokers") |
    .secretKeyRef.name | startswith("kafka-secrets-")' >/dev/null || wrong "the broker's address is not from the Secret"
}

cloud_delivers() {
  local key=cloud-$RANDOM$RANDOM place=/api/v1/namespaces/todo/services/frontend-service:http/proxy/api/tasks
  printf '{"title": "task %s", "key": "%s"}' "$key" "$key" | kubectl create --raw "$place" -f - >/dev/null
  eventually 30 full_seen notification 8002 "/events?contains=$key" "$key"
  eventually 30 full_seen audit 8004 "/log?contains=$key" "$key"
}

# While helm is at work, somebody makes the context lead nowhere. The run goes on where it began.
cloud_switched() {
  local before
  before=$(sha256sum <"$home/cloud.yaml")
  wrap helm "[[ \$1 != upgrade ]] || sed -i 's/\"cluster\": \"[a-z0-9]*\"/\"cluster\": \"nowhere\"/' '$home/cloud.yaml'"
  PATH=$work/wrappers:$PATH exits 0 cloud_todoctl up cloud --set audit.podAnnotations.e2e=switched
  unwrap
  differ "the kubeconfig" "$before" "$(sha256sum <"$home/cloud.yaml")"
  cloud_context
  same "the kubeconfig" "$before" "$(sha256sum <"$home/cloud.yaml")"
  exits 0 cloud_todoctl up cloud
  cloud_healthy
  same "private kubeconfigs that are left" '' "$(find "$TODOCTL_STATE/cloud" -name 'kubeconfig-*')"
}

cloud_again() {
  local calls=$work/calls
  wrap helm "printf 'helm %s\\n' \"\$*\" >>'$calls'"
  wrap kubectl "printf 'kubectl %s\\n' \"\$*\" >>'$calls'"
  PATH=$work/wrappers:$PATH exits 0 cloud_todoctl up cloud
  : >"$calls"
  E2E_CALLS=$calls PATH=$work/wrappers:$PATH exits 0 cloud_todoctl up cloud
  screen 'Nothing to do'
  unwrap
  cat "$calls"
  (($(wc -l <"$calls") >= 3 && $(wc -l <"$calls") <= 10))
}

cloud_broken() {
  local before
  before=$(cloud_images)
  exits 20 cloud_todoctl up cloud --set audit.image.tag=nowhere --set backend.podAnnotations.e2e=broken
  screen ImagePullBackOff 'release audit failed'
  same "what runs" "$before" "$(cloud_images)"
  cloud_healthy
  cloud_delivers
}

cloud_images() {
  kube get deployments -o json | jq -r '.items[] |
    "\(.metadata.name) \(.spec.template.spec.containers[0].image) \(.spec.template.metadata.annotations.e2e)"'
}

cloud_not_ours() {
  exits 10 cloud_todoctl down cloud --delete-cluster
  screen 'todoctl did not make this cluster'
}

cloud_gone() {
  exits 0 cloud_todoctl down cloud --purge
  same "the Deployments" '' "$(kube get deployments -o name)"
  helm uninstall redpanda -n redpanda --wait
}
