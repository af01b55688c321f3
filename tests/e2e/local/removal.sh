# shellcheck shell=bash disable=SC2154
# The cluster goes, and can be made again.

local_removal() {
  check "down keeps the cluster and removes the application" removal_down
  check "down --delete-cluster removes the cluster" removal_cluster
  check "and again: nothing to delete" exits 0 here down --delete-cluster --yes
}

removal_down() {
  exits 0 here down --yes
  same "the services" '' "$(kube get deployments -o name)"
  minikube status
}

removal_cluster() {
  exits 0 here down --delete-cluster --yes
  exits 85 minikube status
  same "the profiles" 0 "$(minikube profile list -o json | jq '.valid | length')"
}
