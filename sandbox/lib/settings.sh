# shellcheck shell=bash
# shellcheck disable=SC2034 # the files sourced after this one use these
# Names, addresses, paths and versions of one sandbox. Everything that could meet another sandbox
# on the machine is derived from its name or its address range here, and nowhere else.

KUBERNETES_VERSION=v1.34.4
HELM_VERSION=v4.2.4
HELM3_VERSION=v3.21.4
DAPR_VERSION=1.18.1 # go/go.mod and dapr/values-sandbox.yaml name it too
MINIKUBE_VERSION=v1.38.1
BUILDKIT_VERSION=v0.12.5
PAUSE_IMAGE=sandbox.local/pause:1
# The images of the sandbox's own binaries: name, user, the names by which the binary is called in it.
declare -gA OWN_IMAGES=(
  [pause]="$PAUSE_IMAGE 65535 pause"
  [dapr]="sandbox.local/dapr:$DAPR_VERSION 65532 daprd injector operator placement sentry"
  [kafka]="sandbox.local/kafka:1 101 kafka"
)
DATABASE_USER=todo

# What sets a sandbox apart from a box of the same name (box/settings.sh).
ID_PREFIX=sb
STATE_PREFIX=
NET_DEFAULT=10.245
BUILD_MORE=() # binaries beside those of a sandbox

NAME=${SANDBOX_NAME:-sandbox}
NET_WANTED=${SANDBOX_NET:-}
STATE_ROOT=${TODOCTL_SANDBOX_STATE:-/var/lib/todoctl-sandbox}
AUDIT_POLICY=${TODOCTL_SANDBOX_AUDIT_POLICY:-}
CACHE_ROOT=${TODOCTL_SANDBOX_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/todoctl-sandbox}

# In the order in which they are started.
COMPONENTS=(postgres etcd containerd apiserver controller-manager scheduler coredns volumes kubelet proxy)

settings_load() {
  # With its prefix the name has to fit into the 15 characters of an interface's name.
  [[ $NAME =~ ^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$ ]] ||
    usage_error "bad name '$NAME': 1 to 12 lower-case letters, digits and '-', a letter first"
  [[ $STATE_ROOT == /* && $CACHE_ROOT == /* ]] ||
    usage_error "TODOCTL_SANDBOX_STATE and TODOCTL_SANDBOX_CACHE must be absolute paths"
  [[ -z $AUDIT_POLICY || $AUDIT_POLICY == /* ]] ||
    usage_error "TODOCTL_SANDBOX_AUDIT_POLICY must be an absolute path"
  local part=${NET_WANTED#10.}
  [[ -z $NET_WANTED || ($NET_WANTED == 10.* && $part =~ ^(0|[1-9][0-9]{0,2})$ && $part -le 255) ]] ||
    usage_error "bad net '$NET_WANTED': give the first half of a private range, for example 10.246"

  STATE=$STATE_ROOT/$STATE_PREFIX$NAME
  settings_net
  settings_addresses
  settings_paths
}

# The range is fixed at the first start; later verbs read it from the state folder.
settings_net() {
  NET_RECORDED=
  [[ ! -f $STATE/net ]] || read -r NET_RECORDED <"$STATE/net"
  NET=${NET_RECORDED:-${NET_WANTED:-$NET_DEFAULT}}
}

settings_addresses() {
  HOST_IP=$NET.0.1
  NODE_IP=$NET.0.2
  POD_RANGE=$NET.1.0/24
  SERVICE_RANGE=$NET.128.0/17
  KUBERNETES_SERVICE_IP=$NET.128.1
}

settings_paths() {
  ID=$ID_PREFIX-$NAME # network namespace, host interface, cgroup and CNI network
  NETNS_FILE=/run/netns/$ID
  LOCK_FILE=/run/todoctl-$ID.lock
  NODE_NAME=$NAME
  PKI=$STATE/pki
  KUBECONFIG_FILE=$PKI/admin.kubeconfig
  DATABASE_DIR=$STATE/postgres
  DATABASE_FILE=$STATE/database.env
  CONTAINERD_SOCKET=$STATE/containerd.sock
  CTR=(ctr -a "$CONTAINERD_SOCKET" -n k8s.io)
}
