# shellcheck shell=bash disable=SC2154
# `todoctl up oke` up to its doorstep: the shipped profile with its cloud values, on this test's sandbox behind a context
# of a kubeconfig, as a cluster of somebody else. What differs is said in a profile that extends it: the way to the
# cluster, no registry, and nobody who gives a load balancer an address. Events go through the database: no Kafka anywhere.

cases_cloud() {
  check "the other deployments go" cloud_clear
  check "another cluster than the pinned one is refused, and nothing is changed" cloud_other
  check "without a pin, and without a terminal, the first use is refused with the line to add" cloud_first_use
  check "up deploys Dapr and five services with the cloud values, and events through the database" cloud_up
  check "every service is verified and ready, with its sidecar and the component beside it" cloud_healthy
  check "no container was restarted: pods came up the first time" cloud_first_time
  check "the services are the cloud's: one replica, a load balancer that waits for its address" cloud_values
  check "a task's event reaches notification and audit" cloud_delivers
  check "the events are in the database, and there is no broker" cloud_in_database
  check "a killed component costs its pod a new sidecar, and no event" cloud_component_killed
  check "the user's kubeconfig may lead elsewhere meanwhile, and is left as it was" cloud_switched
  check "up again has nothing to do, with at most 10 processes" cloud_again
  check "a broken service rolls everything back" cloud_broken
  check "another component rolls the services in its scope, and comes back when one of them fails" cloud_component_changed
  check "a chart may leave the component's container to Dapr's injector" cloud_injected
  check "todoctl does not delete a cluster that is not its own" cloud_not_ours
  check "down --purge takes it away" cloud_gone
}

# cloud_write [UID]: the profile `cloud`.
cloud_write() {
  local pin=${1+, uid: $1}
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
  pubsub-postgresql: {repository: sandbox.local/todo/pubsub-postgresql}
secrets:
  values:
    database-url:
      command: [sandbox/sandbox, --name, $SANDBOX_NAME, database, --url]
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

cloud_uid() {
  kubectl get namespace kube-system -o 'jsonpath={.metadata.uid}'
}

cloud_clear() {
  exits 0 todoctl down e2e --purge
  exits 0 todoctl down full --purge
  cloud_context
}

cloud_other() {
  local before
  cloud_write 00000000-0000-4000-8000-000000000000
  before=$(versions)
  exits 10 todoctl up cloud
  screen 'is another cluster than the one that is meant' "$(cloud_uid)"
  same "the cluster" "$before" "$(versions)"
}

cloud_first_use() {
  local before
  cloud_write
  before=$(versions)
  exits 10 todoctl up cloud --yes
  screen 'is used for the first time' "cluster: {context: {uid: $(cloud_uid)}}"
  same "the cluster" "$before" "$(versions)"
}

cloud_up() {
  cloud_write "$(cloud_uid)"
  exits 0 todoctl up cloud
  screen 'events arrive'
}

cloud_healthy() {
  local release
  eventually 60 cloud_pods
  for release in "${services[@]}"; do
    eventually 30 full_released "$release" todo
  done
  full_released dapr dapr-system
}

# cloud_pods: whether all pods are ready, those of the four services with daprd and the component.
cloud_pods() {
  kube get pods -o json | jq -e '[.items[] | select(.metadata.deletionTimestamp == null)] | length == 5 and all(.[];
    .metadata.labels["app.kubernetes.io/instance"] as $service |
    (.status.containerStatuses + (.status.initContainerStatuses // []) | all(.[]; .ready)) and
    (.spec.containers | map(.name) | sort) == (if $service == "frontend" then ["frontend"] else ["daprd", $service] | sort end) and
    ((.spec.initContainers // []) | map(.name)) == (if $service == "frontend" then [] else ["pubsub-postgresql"] end))' >/dev/null || {
    kube get pods
    wrong "not every service has its sidecar and its component"
  }
}

# Dapr's sidecar looks for components once, at its start; one that finds none ends, and Kubernetes starts it again. So the
# component's container starts before it.
cloud_first_time() {
  local restarts
  restarts=$(kube get pods -o json | jq -r '.items[] | .metadata.name as $pod |
    (.status.containerStatuses + (.status.initContainerStatuses // []))[] | select(.restartCount > 0) | "\($pod) \(.name) \(.restartCount)"')
  same "the restarts" '' "$restarts"
}

cloud_values() {
  kube get deployments -o json | jq -e '.items | length == 5 and all(.[]; .spec.replicas == 1)' >/dev/null ||
    wrong "not five services with one replica: $(kube get deployments)"
  kube get service frontend-service -o json | jq -e '.spec.type == "LoadBalancer"
    and (.status.loadBalancer.ingress // []) == []
    and .metadata.annotations["service.beta.kubernetes.io/oci-load-balancer-shape"] == "flexible"' >/dev/null ||
    wrong "frontend-service is no waiting load balancer"
  kube get component pubsub -o json | jq -e '.spec.type == "pubsub.postgresql" and (.spec.metadata[] |
    select(.name == "connectionString") | .secretKeyRef.name | startswith("dapr-secrets-"))' >/dev/null ||
    wrong "the component is another one, or its database is not from the Secret"
}

# cloud_sql QUERY: asks the database.
cloud_sql() {
  psql -X -qAt "$(sandbox database --url)" -c "$1"
}

cloud_in_database() {
  local groups
  groups=$(cloud_sql 'select t.name, s.consumer_group from dapr_pubsub.subscriptions s join dapr_pubsub.topics t on t.id = s.topic order by 1, 2')
  same "the groups" $'task-events|audit\ntask-events|notification\ntask-events|recurring' "$groups"
  [[ $(cloud_sql 'select count(*) > 0 from dapr_pubsub.messages') == t ]] || wrong "there is no message"
  same "whatever is called Kafka or Redpanda" '' "$(kubectl get all,components.dapr.io,namespaces -A -o name | grep -iE 'kafka|redpanda' || true)"
}

# cloud_process NAME: the process ids of a container of the audit pod, as the machine sees them.
cloud_process() {
  local id
  id=$(kube get pods -l app.kubernetes.io/instance=audit -o json | jq -r --arg name "$1" '.items[0].status |
    (.containerStatuses + .initContainerStatuses)[] | select(.name == $name) | .containerID | sub("containerd://"; "")')
  ctr -a "/var/lib/todoctl-sandbox/$SANDBOX_NAME/containerd.sock" -n k8s.io tasks ls | awk -v id="$id" '$1 == id { print $2 }'
}

cloud_component_killed() {
  kill -KILL "$(cloud_process pubsub-postgresql)"
  eventually 60 cloud_restarted
  eventually 60 cloud_pods
  cloud_delivers
}

# cloud_restarted: whether Kubernetes has started component and sidecar anew, the one because it was killed, the other
# because the component asked for it.
cloud_restarted() {
  kube get pods -l app.kubernetes.io/instance=audit -o json | jq -e '.items[0].status |
    .containerStatuses + .initContainerStatuses | map({(.name): .restartCount}) | add | .["pubsub-postgresql"] == 1 and .daprd == 1 and .audit == 0' >/dev/null ||
    wrong "$(kube get pods -l app.kubernetes.io/instance=audit)"
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
  PATH=$work/wrappers:$PATH exits 0 todoctl up cloud --set audit.podAnnotations.e2e=switched
  unwrap
  differ "the kubeconfig" "$before" "$(sha256sum <"$home/cloud.yaml")"
  cloud_context
  same "the kubeconfig" "$before" "$(sha256sum <"$home/cloud.yaml")"
  exits 0 todoctl up cloud
  cloud_healthy
  same "private kubeconfigs that are left" '' "$(find "$TODOCTL_STATE/cloud" -name 'kubeconfig-*')"
}

cloud_again() {
  local calls=$work/calls
  wrap helm "printf 'helm %s\\n' \"\$*\" >>'$calls'"
  wrap kubectl "printf 'kubectl %s\\n' \"\$*\" >>'$calls'"
  PATH=$work/wrappers:$PATH exits 0 todoctl up cloud
  : >"$calls"
  E2E_CALLS=$calls PATH=$work/wrappers:$PATH exits 0 todoctl up cloud
  screen 'Nothing to do'
  unwrap
  cat "$calls"
  (($(wc -l <"$calls") >= 3 && $(wc -l <"$calls") <= 10))
}

cloud_broken() {
  local before
  before=$(cloud_images)
  exits 20 todoctl up cloud --set audit.image.tag=nowhere --set backend.podAnnotations.e2e=broken
  screen ImagePullBackOff 'release audit failed'
  same "what runs" "$before" "$(cloud_images)"
  cloud_healthy
  cloud_delivers
}

# The component's container gets more memory; audit fails, so that everything is as before.
cloud_component_changed() {
  local before
  before=$(cloud_images)
  sed -i 's/"memory": "24Mi"/"memory": "25Mi"/' "$project/dapr/components/pubsub-cloud.yaml"
  exits 3 todoctl plan cloud --exit-code
  screen 'pubsub.postgresql v1, other container'
  exits 20 todoctl up cloud --set audit.image.tag=nowhere
  same "what runs" "$before" "$(cloud_images)"
  kube get component pubsub -o json | jq -e '.metadata.annotations["dapr.io/component-container"] | fromjson |
    .resources.requests.memory == "24Mi"' >/dev/null || wrong "the component's container did not come back"
  exits 0 todoctl up cloud
  kube get pods -o json | jq -e '[.items[] | select(.metadata.deletionTimestamp == null) | .spec.initContainers // [] | .[] |
    .resources.requests.memory] | unique == ["25Mi"]' >/dev/null ||
    wrong "not every pod has the new container"
  cloud_healthy
  cloud_delivers
}

# Without the value, the chart asks the injector. Its sidecar comes first, and may have to be started again, once.
cloud_injected() {
  exits 0 todoctl up cloud --set audit.dapr.components=null
  kube get pods -l app.kubernetes.io/instance=audit -o json | jq -e '.items[] |
    select(.metadata.deletionTimestamp == null) | (.spec.containers | map(.name)) == ["audit", "daprd", "pubsub-postgresql"]
    and (.status.containerStatuses | all(.[]; .restartCount <= (if .name == "daprd" then 1 else 0 end)))' >/dev/null ||
    wrong "$(kube get pods -l app.kubernetes.io/instance=audit)"
  cloud_delivers
  exits 0 todoctl up cloud
  cloud_healthy
}

cloud_images() {
  kube get deployments -o json | jq -r '.items[] |
    "\(.metadata.name) \(.spec.template.spec.containers[0].image) \(.spec.template.metadata.annotations.e2e)"'
}

cloud_not_ours() {
  exits 10 todoctl down cloud --delete-cluster
  screen 'todoctl did not make this cluster'
}

cloud_gone() {
  exits 0 todoctl down cloud --purge
  same "the Deployments" '' "$(kube get deployments -o name)"
}
