#!/usr/bin/env bash
# End-to-end test of sandbox/: starts, uses, breaks, repairs and deletes sandboxes of its own
# (SANDBOX_TEST_NAME, SANDBOX_TEST_NET; a second one gets "2" and the next range). Needs root.
# It refuses to go on when the cluster cannot start. Exit status 0 only when every check passed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=${SANDBOX_TEST_NAME:-sbxtest}
net=${SANDBOX_TEST_NET:-10.249}
export SANDBOX_NAME=$name
unset SANDBOX_NET
second=${SANDBOX_NAME}2
second_net=10.$((${net#10.} + 1))
state_root=${TODOCTL_SANDBOX_STATE:-/var/lib/todoctl-sandbox}
state=$state_root/$SANDBOX_NAME
components=(postgres etcd containerd apiserver controller-manager scheduler coredns volumes kubelet proxy)

# shellcheck source=tests/e2e/harness.sh
source "$root/tests/e2e/harness.sh"

# The sandbox's processes outlive this script and must not inherit its lock.
sandbox() {
  "$root/sandbox/sandbox" "$@" {LOCK}>&-
}

cluster_delete() {
  sandbox --name "$second" delete
  sandbox delete
}

# says TEXT COMMAND...: whether the command succeeds and its stdout holds the text.
says() {
  local text=$1 output
  shift
  output=$("$@")
  [[ $output == *"$text"* ]] || wrong "no \"$text\" in:" "$output"
}

# soon COMMAND...: rules of Services and links follow a moment later.
soon() {
  eventually 20 "$@"
}

pid_of() {
  jq -er --arg name "$1" '.components[] | select(.name == $name) | .pid' <<<"$(sandbox status -o json || true)"
}

all_pids() {
  jq -c '[.components[].pid]' <<<"$(sandbox status -o json || true)"
}

get() {
  curl -fsS --noproxy '*' -m 5 "$@"
}

probe_url=http://$net.0.2:30080

# shellcheck source=tests/sandbox.d/dapr.sh
source "$root/tests/sandbox.d/dapr.sh"

# --- Before the first start.

test_absent() {
  exits 4 sandbox status
  says '"state":"absent"' bash -c "'$root/sandbox/sandbox' status -o json || true"
  exits 1 sandbox kubeconfig
  exits 1 sandbox image ls
  exits 0 sandbox stop
  exits 0 sandbox delete
}

test_usage() {
  exits 2 sandbox
  exits 2 sandbox fly
  exits 2 sandbox start now
  exits 2 sandbox --name 'Bad Name' status
  exits 2 sandbox --net 192.168 status
  exits 2 sandbox image build .
  exits 0 sandbox --help
}

# A PATH without the Debian programs: everything that lacks is said at once, nothing is changed.
test_missing_requirements() {
  local folder=$work/path program
  mkdir -p "$folder"
  for program in bash dirname readlink cat sha256sum sort head df awk flock; do
    ln -sf "$(type -P "$program")" "$folder/$program"
  done
  exits 1 env PATH="$folder" TODOCTL_SANDBOX_CACHE="$work/cache" "$root/sandbox/sandbox" start 2>"$work/missing"
  says containerd cat "$work/missing"
  says buildah cat "$work/missing"
  says scripts/setup cat "$work/missing"
  says https://go.dev/dl/ cat "$work/missing"
  [[ ! -e $state ]]
}

# there FILE, gone FILE: whether it exists.
there() {
  [[ -e $1 ]] || { echo "$1 is not there" && return 1; }
}

gone() {
  [[ ! -e $1 ]] || { echo "$1 is still there" && return 1; }
}

# trial_build CACHE: what it says is in $work/build, and shown when it fails.
trial_build() {
  env TODOCTL_SANDBOX_CACHE="$1" "$root/sandbox/sandbox" build 2>"$work/build" || { cat "$work/build" && return 1; }
}

# A cache of its own, reached through a link, that shares the stored binaries: what is there is linked, what lacks is
# compiled, what is old, unused and alone goes, and what was half written when a build was killed is no binary.
test_cache() {
  local real=${TODOCTL_SANDBOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/todoctl-sandbox} cache=$work/cache-link
  mkdir -p "$work/cache-trial"
  ln -s "$work/cache-trial" "$cache"
  mkdir -p "$cache/0ld/bin" "$cache/1nuse/bin"
  cp -al "$real/store" "$cache/store" 2>/dev/null || cp -aT "$real/store" "$cache/store"
  cp "$(type -P sleep)" "$cache/1nuse/bin/"
  "$cache/1nuse/bin/sleep" 300 &
  # shellcheck disable=SC2064 # the pid of now
  trap "kill $!" EXIT
  echo half >"$cache/store/pause-0.new.1"
  mkdir "$cache/store/dapr-chart-0"
  rm "$cache"/store/pause-????????????????
  touch -d '40 days ago' "$cache"/{0ld,1nuse,store/pause-0.new.1}
  # Go's own cache stays where it is.
  trial_build "$cache"
  says 'to compile: pause' cat "$work/build"
  exits 1 grep -E 'to compile: (kubernetes|kubectl|helm|dapr|kafka)' "$work/build"
  there "$(TODOCTL_SANDBOX_CACHE=$cache sandbox bin)/pause"
  there "$cache/1nuse"
  gone "$cache/0ld"
  gone "$cache/store/pause-0.new.1"
  gone "$cache/store/dapr-chart-0"
  trial_build "$cache"
  says 'nothing to do' cat "$work/build"
}

# --- A cluster that works.

test_status() {
  says '"state":"running"' sandbox status -o json
  sandbox status -o json | jq -e --arg ip "$net.0.2" \
    '.node_ip == $ip and (.components | length) == 10 and all(.components[]; .state == "running" and .pid > 0)'
}

test_second_start() {
  local before
  before=$(all_pids)
  sandbox start
  [[ $(all_pids) == "$before" ]]
}

test_environment() {
  (
    eval "$(sandbox env)"
    says "$SANDBOX_NAME" kubectl get node -o name
    says v1.34.4 kubectl version
    says v4.2.4 helm version --short
    helm list -A
  )
}

test_images() {
  (cd "$root/sandbox/probe" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$work/probe" .)
  cp "$root/sandbox/probe/Dockerfile" "$work/Dockerfile"
  says docker.io/library/probe:1 sandbox image build -t probe:1 "$work"
  says sandbox.local/probe:1 sandbox image build -t sandbox.local/probe:1 -f "$work/Dockerfile" "$work"
  sandbox image ls -o json | jq -e '[.[].name] | index("docker.io/library/probe:1") and index("sandbox.local/probe:1")'
  ctr -a "$state/containerd.sock" -n k8s.io images export "$work/probe.tar" docker.io/library/probe:1
  sandbox image rm probe:1
  exits 1 sandbox image rm probe:1
  says docker.io/library/probe:1 sandbox image load - <"$work/probe.tar"
  says docker.io/library/probe:1 sandbox image ls
  printf 'FROM scratch\nCOPY nothing /\n' >"$work/Dockerfile.bad"
  exits 1 sandbox image build -t bad:1 -f "$work/Dockerfile.bad" "$work"
  exits 1 sandbox image load "$work/Dockerfile"
}

manifest() {
  cat <<'YAML'
apiVersion: v1
kind: Service
metadata: {name: probe}
spec:
  type: NodePort
  selector: {app: probe}
  ports: [{name: http, port: 80, targetPort: 8080, nodePort: 30080}]
---
apiVersion: v1
kind: Service
metadata: {name: peers}
spec: {clusterIP: None, selector: {app: probe}, ports: [{port: 8080}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: probe}
spec:
  serviceName: peers
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: probe}}
  template:
    metadata: {labels: {app: probe}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, fsGroup: 65532}
      containers:
      - name: probe
        image: probe:1
        imagePullPolicy: Never
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}
YAML
}

test_stateful_set() {
  manifest | kubectl apply -f -
  kubectl rollout status statefulset/probe --timeout 60s
  kubectl wait pvc/data-probe-0 --for jsonpath='{.status.phase}'=Bound --timeout 5s
  soon get "$probe_url/"
  says written get http://"$(pod_ip probe-0)":8080/write?text=kept
}

pod_ip() {
  kubectl get pod "$1" -o 'jsonpath={.status.podIP}'
}

test_service_proxy() {
  says probe- kubectl get --raw /api/v1/namespaces/default/services/probe:http/proxy/
}

test_names() {
  says "$net." get "$probe_url/resolve?name=probe"
  says "$(pod_ip probe-1)" get "$probe_url/resolve?name=probe-1.peers.default.svc.cluster.local"
  says probe- get "$probe_url/fetch?url=http://probe.default.svc.cluster.local/"
}

test_logs_and_exec() {
  says listening kubectl logs probe-0
  says 'said inside' kubectl exec probe-0 -- /probe said inside
}

test_port_forward() {
  local forward
  kubectl port-forward pod/probe-0 :8080 >"$work/forward" 2>&1 &
  forward=$!
  # shellcheck disable=SC2064 # the pid of now
  trap "kill $forward" EXIT
  soon grep -q 'Forwarding from 127' "$work/forward"
  says probe-0 get "http://127.0.0.1:$(sed -n 's/.*127.0.0.1:\([0-9]*\) .*/\1/p' "$work/forward")/"
}

test_database() {
  says 'tls postgres' get "$probe_url/database?address=$net.0.1:5432"
  local DATABASE_URL
  [[ $(stat -c %a "$(sandbox database)") == 600 ]]
  # shellcheck disable=SC1090
  source "$(sandbox database)"
  psql -X "$DATABASE_URL" -qAtc 'create table if not exists kept (n int); insert into kept values (7)'
  exits 2 psql -X "${DATABASE_URL/:*@/:wrong@}" -qAtc 'select 1'
}

test_pod_security() {
  kubectl create namespace strict
  kubectl label namespace strict pod-security.kubernetes.io/enforce=restricted
  exits 1 kubectl -n strict run root --image probe:1
  kubectl delete namespace strict --wait=false
}

# --- Kill, repair, stop.

restarts() {
  kubectl get pods -l app=probe -o 'jsonpath={.items[*].metadata.uid}{.items[*].status.containerStatuses[0].restartCount}'
}

test_repair() {
  local before
  before=$(restarts)
  kill -KILL "$(pid_of "$1")"
  soon exits 5 sandbox status
  sandbox start
  exits 0 sandbox status
  [[ $(restarts) == "$before" ]]
  soon get "$probe_url/"
}

test_kept_state() {
  sandbox stop
  exits 3 sandbox status
  [[ -z $(leftovers) ]] || { leftovers && return 1; }
  sandbox start
  kubectl rollout status statefulset/probe --timeout 60s
  says kept get http://"$(pod_ip probe-0)":8080/read
  says docker.io/library/probe:1 sandbox image ls
  # shellcheck disable=SC1090
  source "$(sandbox database)"
  says 7 psql -X "$DATABASE_URL" -qAtc 'select n from kept'
}

test_side_by_side() {
  exits 1 sandbox --name "$second" --net "$net" start
  exits 4 sandbox --name "$second" status
  exits 1 sandbox --net "$second_net" start
  sandbox --name "$second" --net "$second_net" start
  exits 0 sandbox --name "$second" status
  exits 0 sandbox status
  says "$second_net.0.2" sandbox --name "$second" ip
  says "$second" kubectl --kubeconfig "$(sandbox --name "$second" kubeconfig)" get node -o name
  soon get "$probe_url/"
  sandbox --name "$second" delete
  exits 4 sandbox --name "$second" status
  soon get "$probe_url/"
}

test_lock() {
  local first
  sandbox start &
  first=$!
  sandbox stop
  wait "$first"
  local status=0
  sandbox status || status=$?
  ((status == 0 || status == 3))
  sandbox start
}

# kill_everything: every process of the sandbox that there is, all at once and without warning.
kill_everything() {
  # shellcheck disable=SC2046
  kill -KILL $(sandbox_processes)
}

# sandbox_processes: by what they are, not by the tool's own notes: in the network namespace, in
# the cgroups, or working in the state folder or named with it.
sandbox_processes() {
  local folder
  {
    ip netns pids "sb-$SANDBOX_NAME" 2>/dev/null || true
    find /sys/fs/cgroup -path "*/sb-$SANDBOX_NAME/*" -name cgroup.procs -exec cat {} + 2>/dev/null || true
    for folder in /proc/[0-9]*; do
      if [[ $(readlink "$folder/cwd" 2>/dev/null) == "$state"* ]] || grep -qzF "$state/" "$folder/cmdline" 2>/dev/null; then
        echo "${folder#/proc/}"
      fi
    done
  } | sort -un
}

# leftovers: prints everything that a stopped sandbox must not leave on the machine.
leftovers() {
  local pid
  for pid in $(sandbox_processes); do
    echo "process $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
  done
  grep -F " $state/" /proc/self/mountinfo || true
  ip netns list | grep -w "sb-$SANDBOX_NAME" || true
  ip -o link show | grep -F "sb-$SANDBOX_NAME@" || true
  find /sys/fs/cgroup -maxdepth 2 -type d -name "sb-$SANDBOX_NAME"
  find /var/lib/cni/results -name "sb-$SANDBOX_NAME-*" 2>/dev/null || true
  find /var/log/containers -lname "$state/*" 2>/dev/null || true
  [[ ! -s $work/sockets ]] || xargs -a "$work/sockets" ls -d 2>/dev/null || true
  diff <(iptables_rules) "$work/iptables" || true
}

iptables_rules() {
  iptables-save 2>/dev/null | grep -v '^#' || true
}

remember_sockets() {
  cat "$state"/containerd/state/io.containerd.runtime.v2.task/k8s.io/*/address 2>/dev/null |
    sed 's#unix://#\n#g' | grep . >"$work/sockets" || true
}

test_kill_all_and_repair() {
  local component
  kubectl rollout status statefulset/probe --timeout 60s
  soon get "$probe_url/"
  for component in "${components[@]}"; do
    kill -KILL "$(pid_of "$component")"
  done
  soon exits 5 sandbox status
  get "$probe_url/"
  sandbox start
  kubectl rollout status statefulset/probe --timeout 60s
}

test_kill_all_and_start() {
  kill_everything
  sandbox start
  kubectl rollout status statefulset/probe --timeout 60s
  soon get "$probe_url/"
}

test_kill_all_and_stop() {
  remember_sockets
  kill_everything
  sandbox stop
  [[ -z $(leftovers) ]] || { leftovers && return 1; }
  sandbox stop
  sandbox start
  kubectl rollout status statefulset/probe --timeout 60s
  says kept get http://"$(pod_ip probe-0)":8080/read
}

test_kill_all_and_delete() {
  remember_sockets
  kill_everything
  sandbox delete
  [[ -z $(leftovers) ]] || { leftovers && return 1; }
  [[ ! -e $state && ! -e /run/todoctl-sb-$SANDBOX_NAME.lock ]]
  exits 4 sandbox status
}

main() {
  alone
  cluster_delete >/dev/null 2>&1
  iptables_rules >"$work/iptables"

  check "an absent sandbox is said to be absent" test_absent
  check "wrong usage exits 2" test_usage
  check "missing requirements are said all at once" test_missing_requirements
  sandbox build
  check "the cache compiles only what lacks, and is trimmed" test_cache
  before=$failed
  check "the first start ends with a ready node" sandbox --net "$net" start
  ((failed == before)) || { echo "# the cluster cannot start: the rest was not run" && exit 1; }
  eval "$(sandbox env)"
  check "status reports every component" test_status
  check "a second start changes nothing" test_second_start
  check "env points kubectl and helm at the sandbox" test_environment
  check "images are built, loaded, listed and removed" test_images
  check "a StatefulSet's claims bind and its NodePort answers" test_stateful_set
  check "the API server's service proxy answers" test_service_proxy
  check "cluster DNS and Services work inside pods" test_names
  check "logs and exec work" test_logs_and_exec
  check "port-forward works" test_port_forward
  check "pods and the host reach the database with TLS" test_database
  check "Pod Security admission refuses a privileged pod" test_pod_security
  check_dapr
  local component
  for component in "${components[@]}"; do
    check "start repairs a killed $component without restarting pods" test_repair "$component"
  done
  check "stop leaves nothing and start brings everything back" test_kept_state
  check "two sandboxes run side by side, a shared range is refused" test_side_by_side
  check "start and stop at the same time take turns" test_lock
  check "start repairs with all components killed" test_kill_all_and_repair
  check "start repairs with all components and pods killed" test_kill_all_and_start
  check "stop cleans up after everything was killed" test_kill_all_and_stop
  check "delete cleans up after everything was killed" test_kill_all_and_delete
}

main
