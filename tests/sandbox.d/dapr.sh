# shellcheck shell=bash
# shellcheck disable=SC2154 # root, net, work, state and probe_url are those of tests/sandbox.sh
# The checks of tests/sandbox.sh that need Dapr and the Kafka broker: their images and charts, an event from pod to
# pod, what survives. Sourced by it; uses its check, says, exits, soon, get, sandbox, root and work.

own_images=(sandbox.local/dapr:1.18.1 sandbox.local/kafka:1)
# A pod name that no generator makes, for a dry run.
trial='{"apiVersion":"v1","kind":"Pod","metadata":{"name":"trial","annotations":{"dapr.io/enabled":"true","dapr.io/app-id":"trial"}},"spec":{"containers":[{"name":"trial","image":"trial:1"}]}}'

test_own_images() {
  local image
  for image in "${own_images[@]}"; do
    says "$image" sandbox image ls
  done
  sandbox image rm sandbox.local/kafka:1
  sandbox start
  says sandbox.local/kafka:1 sandbox image ls
}

# The chart is git's to ignore and the sandbox's to keep right. It is damaged in a copy of the tool: other tests use the
# checkout's at the same time.
test_dapr_chart() {
  local copy=$work/tool chart=$work/tool/charts/dapr
  cp -R "$root/sandbox" "$copy"
  says 'version: '"'1.18.1'" cat "$root/sandbox/charts/dapr/Chart.yaml"
  [[ $(find "$chart/crds" -name '*.yaml' | wc -l) == 7 ]]
  says '0 chart(s) failed' helm lint "$chart" -f "$root/dapr/values-sandbox.yaml"
  rm "$chart/crds/components.yaml"
  echo 'damaged: true' >>"$chart/values.yaml"
  "$copy/sandbox" build
  [[ -s $chart/crds/components.yaml ]]
  exits 1 grep -q damaged "$chart/values.yaml"
  rm -r "$chart"
  "$copy/sandbox" build
  [[ -s $chart/Chart.yaml ]]
  [[ -z $(git -C "$root" status --porcelain -- sandbox/charts) ]]
}

test_dapr_comes_up() {
  helm upgrade --install dapr "$root/sandbox/charts/dapr" -n dapr-system --create-namespace \
    -f "$root/dapr/values-sandbox.yaml" --wait --timeout 90s
  [[ $(kubectl wait crd --all --for condition=Established --timeout 5s -o name | grep -c dapr.io) == 7 ]]
  [[ $(kubectl -n dapr-system get deployments -o name | wc -l) == 3 ]]
  # The injector's Service answers a moment after its pod is ready; until then the webhook lets pods pass.
  soon says daprd bash -c "kubectl create --dry-run=server -o json -f - <<<'$trial' | jq -c '[.spec.containers[].name]'"
}

test_broker_comes_up() {
  helm lint "$root/sandbox/charts/redpanda"
  kubectl create namespace redpanda
  kubectl label namespace redpanda pod-security.kubernetes.io/enforce=restricted
  helm upgrade --install redpanda "$root/sandbox/charts/redpanda" -n redpanda --wait --timeout 60s
  says "$net." get "$probe_url/resolve?name=redpanda.redpanda.svc.cluster.local"
}

# events_manifest: two pods with sidecars that may do nothing, one of which gets the events of the topic.
events_manifest() {
  local name subscribe
  cat <<YAML
apiVersion: v1
kind: Namespace
metadata: {name: events, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: events}
stringData: {url: "$(sandbox database --url | sed 's/^[a-z+]*:/postgres:/; s/?.*//')?sslmode=require"}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: pubsub, namespace: events}
spec:
  type: pubsub.kafka
  version: v1
  metadata:
  - {name: brokers, value: "redpanda.redpanda.svc.cluster.local:9093"}
  - {name: authType, value: none}
  - {name: initialOffset, value: oldest}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: statestore, namespace: events}
auth: {secretStore: kubernetes}
spec:
  type: state.postgresql
  version: v2
  metadata: [{name: connectionString, secretKeyRef: {name: database, key: url}}]
YAML
  for name in publisher subscriber; do
    subscribe=
    [[ $name == publisher ]] || subscribe=task-events
    cat <<YAML
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name, namespace: events}
spec:
  selector: {matchLabels: {app: $name}}
  template:
    metadata:
      labels: {app: $name}
      annotations: {dapr.io/enabled: "true", dapr.io/app-id: $name, dapr.io/app-port: "8080"}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: probe
        image: sandbox.local/probe:1
        env: [{name: SUBSCRIBE, value: "$subscribe"}]
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        startupProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
YAML
  done
}

# pod_of APP: the address of its pod.
pod_of() {
  kubectl -n events get pods -l "app=$1" -o 'jsonpath={.items[0].status.podIP}'
}

# event_arrives TEXT: publishes until the sidecar takes it, then waits for it; Kafka's clients need some seconds
# after the broker was away.
event_arrives() {
  soon get "http://$(pod_of publisher):8080/publish?topic=task-events&text=$1"
  soon says "$1" get "http://$(pod_of subscriber):8080/received"
}

test_event() {
  says sandbox.local/probe:1 sandbox image build -t sandbox.local/probe:1 "$work"
  events_manifest | kubectl apply -f -
  kubectl -n events rollout status deployment/publisher --timeout 60s
  kubectl -n events rollout status deployment/subscriber --timeout 60s
  [[ $(kubectl -n events get pods -o 'jsonpath={.items[*].spec.containers[*].name}') == 'probe daprd probe daprd' ]]
  event_arrives first
  says saved get "http://$(pod_of publisher):8080/state?text=saved"
}

# The bad revision's pod never becomes ready; what nobody had read before must be there after.
test_broker_rolls_back() {
  kubectl -n events scale deployment/subscriber --replicas 0
  soon exits 1 pod_of subscriber
  get "http://$(pod_of publisher):8080/publish?topic=task-events&text=unread"
  helm upgrade redpanda "$root/sandbox/charts/redpanda" -n redpanda --set image.tag=absent
  soon says absent kubectl -n redpanda get pod redpanda-0 -o 'jsonpath={.spec.containers[0].image}'
  helm rollback redpanda 1 -n redpanda
  kubectl -n redpanda rollout status statefulset/redpanda --timeout 30s
  kubectl -n events scale deployment/subscriber --replicas 1
  kubectl -n events rollout status deployment/subscriber --timeout 60s
  soon says unread get "http://$(pod_of subscriber):8080/received"
  event_arrives second
}

# kill -9, without a chance to write its lists.
test_broker_killed() {
  local before=$SECONDS
  kill -KILL "$(broker_pid)"
  soon says 1 kubectl -n redpanda get pod redpanda-0 -o 'jsonpath={.status.containerStatuses[0].restartCount}'
  kubectl -n redpanda wait pod/redpanda-0 --for condition=Ready --timeout 30s
  event_arrives third
  echo "after $((SECONDS - before)) s"
}

broker_pid() {
  local id
  id=$(kubectl -n redpanda get pod redpanda-0 -o 'jsonpath={.status.containerStatuses[0].containerID}')
  ctr -a "$state/containerd.sock" -n k8s.io tasks ls | awk -v id="${id#containerd://}" '$1 == id { print $2 }'
}

check_dapr() {
  check "the images of Dapr and the broker are on the node, and come back" test_own_images
  check "Dapr's chart is placed, lints and is repaired" test_dapr_chart
  check "Dapr comes up from its own chart" test_dapr_comes_up
  check "the broker comes up with a volume" test_broker_comes_up
  check "an event goes from pod to pod through sidecars; state is saved" test_event
  check "a broker with a bad image rolls back with its records" test_broker_rolls_back
  check "a killed broker knows its topics" test_broker_killed
}
