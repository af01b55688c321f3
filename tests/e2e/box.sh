# shellcheck shell=bash disable=SC2154
# What tests/e2e-local.sh has in place of a sandbox: a box with real Minikube. Sourced after project.sh, cluster.sh and
# full.sh, whose functions of the same names it replaces.

# The box's processes outlive this script and must not inherit its lock.
box() {
  "$root/sandbox/box" "$@" {LOCK}>&-
}

# project_fill: Dapr's chart is placed by `box up`, in the checkout; the copy gets it too.
project_fill() {
  cp -R "$root/sandbox/charts/dapr" "$project/sandbox/charts/"
  local_write
}

# local_write: the profile `here` is the shipped one of Minikube on this machine, nothing edited: driver and size,
# charts that need no internet access, images that are never pulled, the box's database.
local_write() {
  cat >"$project/profiles/here.yaml" <<YAML
extends: local
cluster:
  minikube: {driver: none, cpus: 2, memory-mb: 4096, args: [--cni=bridge, --preload=false]}
secrets:
  values:
    database-url:
      command: [$root/sandbox/box, --name, $BOX_NAME, database, --url]
releases:
  dapr: {chart: sandbox/charts/dapr, values: [dapr/values-sandbox.yaml]}
  redpanda: {chart: sandbox/charts/redpanda, values: [], ready-seconds: null}
YAML
}

# images: the application's images that pods can use.
images() {
  minikube image ls | grep '^docker.io/todo/' | sort
}

# here ARG...: one todoctl command on the profile `here`.
here() {
  local command=$1
  shift
  todoctl "$command" here "$@"
}

# nothing_to_do: whether `up` finds the deployment as it should be.
nothing_to_do() {
  exits 0 here up
  screen 'Nothing to do'
}
