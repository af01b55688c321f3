#!/usr/bin/env bash
# Test of sandbox/box: up, real Minikube in it, killed, up again, nothing left after `down --purge`. Needs root.
# BOX_TEST_NAME and BOX_TEST_NET name another box. Exit status 0 only when every check passed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=${BOX_TEST_NAME:-mkboxtest}
export BOX_NAME=$name BOX_NET=${BOX_TEST_NET:-10.243}
state=${TODOCTL_SANDBOX_STATE:-/var/lib/todoctl-sandbox}/box-$BOX_NAME

# shellcheck source=tests/e2e/harness.sh
source "$root/tests/e2e/harness.sh"

# The box's processes outlive this script and must not inherit its lock.
box() {
  "$root/sandbox/box" "$@" {LOCK}>&-
}

cluster_delete() {
  box down --purge
}

# start_minikube: as the shipped profile does on a laptop, with the driver that the box has.
start_minikube() {
  minikube start --driver=none --container-runtime=containerd --kubernetes-version=v1.34.4 --cni=bridge --preload=false
}

# init: the pid of the box's first process, as the machine sees it.
init() {
  local init
  read -r init _ <"$state/run/init"
  printf '%s\n' "$init"
}

# leftovers: prints everything that a box must not leave on the machine.
leftovers() {
  local pid
  for pid in $(box_processes); do
    echo "process $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
  done
  grep -F " $state" /proc/self/mountinfo || true
  ip netns list | grep -w "bx-$BOX_NAME" || true
  ip -o link show | grep -F "bx-$BOX_NAME@" || true
  find /sys/fs/cgroup -maxdepth 2 -type d -name "bx-$BOX_NAME"
  find /tmp -maxdepth 2 -path "/tmp/hostpath-provisioner/$BOX_NAME"
  diff <(machine) "$work/machine" || true
}

# box_processes: by what they are, not by the tool's own notes.
box_processes() {
  local folder
  {
    ip netns pids "bx-$BOX_NAME" 2>/dev/null || true
    find /sys/fs/cgroup -path "*/bx-$BOX_NAME/*" -name cgroup.procs -exec cat {} + 2>/dev/null || true
    for folder in /proc/[0-9]*; do
      [[ $(readlink "$folder/cwd" 2>/dev/null) != "$state"* ]] || echo "${folder#/proc/}"
    done
  } | sort -un
}

# machine: what Minikube and kubeadm would change if they ran on the machine itself.
machine() {
  iptables-save 2>/dev/null | grep -v '^#' || true
  ls -d /etc/kubernetes /var/lib/minikube /var/lib/kubelet/config.yaml /etc/systemd/system/kubelet.service.d \
    /lib/systemd/system/kubelet.service /opt/cni /root/.minikube /root/.kube /usr/local/bin/minikube 2>/dev/null || true
  hostname
  sha256sum /etc/hosts /etc/resolv.conf /etc/machine-id 2>/dev/null || true
}

test_absent() {
  exits 4 box status
  exits 125 box exec true
  exits 1 box env
  exits 0 box down
  exits 2 box
  exits 2 box fly
  exits 2 box down everything
  exits 2 box --net 10.244 up
  exits 2 box --net 10.100 up
  exits 0 box --help
}

test_exec() {
  exits 7 box exec bash -c 'exit 7'
  [[ $(cd "$root" && box exec pwd) == "$root" ]] || wrong "another working folder"
  [[ $(box exec hostname) == "$BOX_NAME" ]] || wrong "another host name"
  [[ $(echo given | box exec cat) == given ]] || wrong "stdin does not arrive"
  box exec systemctl is-active containerd buildkit
}

test_minikube() {
  start_minikube
  minikube status
  exits 0 pods_ready
}

# pods_ready: whether Minikube's own pods are there and ready, storage-provisioner included.
pods_ready() {
  eventually 60 pods_ready_now
}

pods_ready_now() {
  kubectl -n kube-system get pods -o json | jq -e '
    (.items | map(.metadata.name) | any(startswith("storage-provisioner")) and any(startswith("coredns")))
    and all(.items[].status.containerStatuses[]?; .ready)' >/dev/null || {
    kubectl -n kube-system get pods
    return 1
  }
}

# test_image: the image comes out of BuildKit and runs; its volume is bound by Minikube's StorageClass.
test_image() {
  (cd "$root/sandbox/probe" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$work/probe" .)
  cp "$root/sandbox/probe/Dockerfile" "$work/Dockerfile"
  minikube image build -t probe:1 "$work"
  minikube image ls | grep -Fx docker.io/library/probe:1
  kubectl create -f - <<'YAML'
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: probe, labels: {app: probe}}
spec:
  securityContext: {runAsNonRoot: true, fsGroup: 65532}
  containers:
  - name: probe
    image: probe:1
    imagePullPolicy: Never
    readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: Service
metadata: {name: probe}
spec: {type: NodePort, selector: {app: probe}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
YAML
  kubectl wait pod/probe --for condition=Ready --timeout 60s
  eventually 20 get "/"
  get "/write?text=kept"
  get "/database?address=$BOX_NET.0.1:5432" | grep 'tls postgres'
  get "/resolve?name=probe" | grep '^10\.'
}

get() {
  curl -fsS --noproxy '*' -m 5 "http://$BOX_NET.0.2:30080$1"
}

# A box whose first process is killed is a machine without power: Minikube starts again on what was on its disk.
test_killed() {
  kill -KILL "$(init)"
  eventually 10 exits 3 box status
  exits 125 box exec true
  box up
  start_minikube
  pods_ready
  kubectl wait pod/probe --for condition=Ready --timeout 90s
  eventually 20 get "/read"
  get "/read" | grep kept
}

test_down() {
  box down
  exits 3 box status
  [[ -z $(leftovers) ]] || { leftovers && return 1; }
  exits 0 box down
}

test_purge() {
  box up
  kill -KILL "$(init)"
  box down --purge
  [[ -z $(leftovers) && ! -e $state ]] || { leftovers && return 1; }
  exits 4 box status
}

main() {
  alone
  cluster_delete >/dev/null 2>&1
  machine >"$work/machine"
  check "an absent box is said to be absent, wrong usage exits 2" test_absent
  check "the box comes up" box up
  ((failed == 0)) || { echo "# the box cannot come up: the rest was not run" && exit 1; }
  eval "$(box env)"
  check "exec keeps folder, stdin and exit status" test_exec
  check "minikube starts; its pods are ready" test_minikube
  check "an image is built, runs, has its volume, and reaches the database" test_image
  check "a killed box comes up again with what was on its disk" test_killed
  check "down leaves nothing but the state" test_down
  check "down --purge leaves nothing at all" test_purge
}

main
