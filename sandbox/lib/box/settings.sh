# shellcheck shell=bash
# shellcheck disable=SC2034 # the files sourced after this one use these
# What a box has that a sandbox has not. Its names, folders and addresses come from the sandbox's settings, with
# prefixes of their own: a box and a sandbox of the same name do not meet.

ID_PREFIX=bx
STATE_PREFIX=box-
NAME=${BOX_NAME:-mkbox}
NET_WANTED=${BOX_NET:-}
NET_DEFAULT=10.246
BUILD_MORE=(kubeadm crictl buildctl buildkitd minikube)

# Images by which kubeadm v1.34 and Minikube v1.38 know them; box/images.sh makes them.
ETCD_IMAGE=registry.k8s.io/etcd:3.6.5-0
COREDNS_IMAGE=registry.k8s.io/coredns/coredns:v1.12.1
PROVISIONER_IMAGE=gcr.io/k8s-minikube/storage-provisioner:v5
PAUSE_IMAGE=registry.k8s.io/pause:3.10.1
OWN_IMAGES+=([pause]="$PAUSE_IMAGE 65535 pause")

# settings_box: after settings_load.
settings_box() {
  # With one of kubeadm's own ranges for pods and services the box would lose the way to the host.
  case $NET_WANTED in
    10.244 | 10.9[6-9] | 10.10[0-9] | 10.11[01])
      usage_error "bad net '$NET_WANTED': Minikube gives 10.244 to pods and 10.96 to 10.111 to services; take another, for example 10.246"
      ;;
  esac
  POD_RANGE= # Minikube's own range, which every box has: not reached from the host
  MACHINE=$STATE/machine
  MINIKUBE_FOLDER=$STATE/home
  # In the box's mounts; reached by way of its first process.
  BOX_SOCKET=run/containerd/containerd.sock
}
