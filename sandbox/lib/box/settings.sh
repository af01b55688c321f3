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
  POD_RANGE= # Minikube's own range, which every box has: not reached from the host
  MACHINE=$STATE/machine
  MINIKUBE_FOLDER=$STATE/home
  # In the box's mounts; reached by way of its first process.
  BOX_SOCKET=run/containerd/containerd.sock
}
