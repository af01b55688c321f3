# shellcheck shell=bash
# `start`: the same steps for the first start, a later start and a repair. What runs already is
# left alone, so repeating it is harmless; it ends when the cluster is proved ready.

start_verb() {
  require_for_start
  build_everything
  lock_take start
  # Another start may have recorded the range while this one waited.
  settings_net
  settings_addresses
  network_reserve
  start_folders
  # Without a namespace (after a stop or a reboot) what remains of an earlier run is of no use.
  network_exists || stop_everything
  pki_create
  network_start
  cgroup_create
  configs_write
  stage "network, certificates and configuration are in place"
  start_processes
  start_wait_ready
  stage "sandbox $NAME is ready: node $NODE_IP, KUBECONFIG=$KUBECONFIG_FILE"
}

start_folders() {
  mkdir -p "$STATE"/{run,log,etcd,podlogs,kubelet-plugins,volumes}
  chmod 700 "$STATE/etcd"
}

# start_processes: everything that can come up by itself comes up at the same time.
start_processes() {
  component_start postgres
  component_start etcd
  component_start containerd
  component_start apiserver
  start_wait 60 containerd "${CTR[@]}" version
  images_ensure pause
  start_images &
  IMAGES_JOB=$!
  start_wait 60 apiserver start_api_ready
  stage "API server is ready"
  start_distrust_pods
  component_start controller-manager
  component_start scheduler
  start_wait_distrust
  component_start coredns
  component_start volumes
  component_start kubelet
  component_start proxy
}

# start_images: the images of Dapr and the Kafka broker, while the control plane comes up.
start_images() {
  images_ensure dapr kafka
  stage "images ${OWN_IMAGES[dapr]%% *} and ${OWN_IMAGES[kafka]%% *} are on the node"
}

start_api_ready() {
  [[ $(kubectl_admin get --raw /readyz) == ok ]]
}

kubectl_admin() {
  "$BIN/kubectl" --kubeconfig "$KUBECONFIG_FILE" --request-timeout 10s "$@"
}

# start_wait SECONDS COMPONENT COMMAND...: waits for a condition, but not for a dead component.
start_wait() {
  local seconds=$1 component=$2 end=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    process_alive "$component" || start_fail "$component ended" "$component"
    ((SECONDS < end)) || start_fail "$component is not ready after $seconds s" "$component"
    sleep 0.1
  done
}

# start_fail MESSAGE COMPONENT: with the end of the component's log.
start_fail() {
  fail "$1" "the end of $STATE/log/$2.log:" "$(tail -n 8 "$STATE/log/$2.log")" \
    "try again: sandbox --name $NAME start; or begin anew: sandbox --name $NAME delete"
}

# start_distrust_pods: after a stop the stored pods still say Ready, and Services and rollouts
# would believe it until the kubelet has looked at each pod again. Sets DISTRUSTED to their number.
start_distrust_pods() {
  DISTRUSTED=0
  cgroup_is_empty || return 0
  local namespace pod pods
  local patch='{"status":{"conditions":[{"type":"Ready","status":"False","reason":"SandboxRestart"},{"type":"ContainersReady","status":"False","reason":"SandboxRestart"}]}}'
  # shellcheck disable=SC2016 # a jsonpath, not a shell expression
  pods=$(kubectl_admin get pods -A -o 'jsonpath={range .items[?(@.status.phase=="Running")]}{.metadata.namespace} {.metadata.name}{"\n"}{end}')
  while read -r namespace pod; do
    [[ -n $pod ]] || continue
    kubectl_admin -n "$namespace" patch pod "$pod" --subresource=status -p "$patch" </dev/null >/dev/null
    ((++DISTRUSTED))
  done <<<"$pods"
}

# start_wait_distrust: the kubelet starts only when the controllers have seen that no pod is
# ready; a rollout's status is then never older than this start.
start_wait_distrust() {
  ((DISTRUSTED == 0)) || wait_until 20 start_nothing_claims_ready ||
    note "warning: a workload still counts ready pods from before the stop"
}

start_nothing_claims_ready() {
  local claims
  claims=$(kubectl_admin get deployments,statefulsets,daemonsets -A \
    -o 'jsonpath={.items[*].status.readyReplicas}{.items[*].status.numberReady}') || return 1
  [[ ! $claims =~ [1-9] ]]
}

start_wait_ready() {
  local component
  start_wait 30 postgres postgres_ready
  start_wait 60 volumes start_storage_class
  start_wait 60 kubelet start_node_ready
  stage "node is ready"
  start_wait 30 coredns curl -fsS --noproxy '*' "http://$NODE_IP:8181/ready"
  # Pods cannot be made in a namespace before its service account is there.
  start_wait 30 controller-manager kubectl_admin -n default get serviceaccount default
  wait "$IMAGES_JOB" || exit 1 # it has said why
  for component in "${COMPONENTS[@]}"; do
    process_alive "$component" || start_fail "$component ended" "$component"
  done
}

start_storage_class() {
  kubectl_admin get storageclass directory || kubectl_admin apply -f "$STATE/etc/storage.yaml"
}

# start_node_ready: a heartbeat from before a stop would still say Ready, so only one that is
# newer than the kubelet's process counts.
start_node_ready() {
  local line ready heartbeat
  # shellcheck disable=SC2016 # a jsonpath, not a shell expression
  line=$(kubectl_admin get node "$NODE_NAME" -o 'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime}{end}') || return 1
  read -r ready heartbeat <<<"$line"
  [[ $ready == True && $(date -d "$heartbeat" +%s) -ge $(stat -c %Y "$STATE/run/kubelet") ]]
}
