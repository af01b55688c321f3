# shellcheck shell=bash disable=SC2154
# Every argument list that `plan` prints for a cluster that is not there is accepted by the real tools: minikube by its
# dry run, helm by rendering, kubectl by the API server's dry run.

local_commands() {
  check "minikube accepts the start of the plan (dry run)" commands_minikube
  check "helm accepts every release of the plan (template)" commands_helm
}

# commands_planned TOOL: the plan's commands of one tool, one per line, for a cluster that has nothing of the application.
commands_planned() {
  todoctl plan here -o json >/dev/null
  jq -r '.commands[]' "$work/stdout" | grep "^$1 "
}

commands_minikube() {
  local line
  # A fresh home: for it there is no cluster, so the plan of the shipped profile begins with its start.
  line=$(jq -r '.commands[]' "$work/first-plan" | grep '^minikube .* start ')
  echo "$line"
  # shellcheck disable=SC2086 # the words of the command
  $line --dry-run
}

commands_helm() {
  local line count=0
  while read -r line; do
    line=${line/helm upgrade --install/helm template}
    echo "$line"
    count=$((count + 1))
  done < <(jq -r '.commands[]' "$work/first-plan" | grep '^helm upgrade ')
  ((count == 7)) || wrong "$count releases instead of 7"
}
