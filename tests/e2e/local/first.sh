# shellcheck shell=bash disable=SC2154
# From no cluster at all to the whole application, with one command.

local_first() {
  check "there is no cluster" exits 85 minikube status
  check "plan prints every command of a cluster that is not there, and changes nothing" first_plan
  check "up makes the cluster and deploys everything; the event check passes" first_up
  ((failed == 0)) || { echo "# nothing is deployed: the rest was not run" && exit 1; }
  check "the user's current context stays as it was" same "the current context" none "$(kubectl config current-context 2>/dev/null || echo none)"
  kubectl config use-context minikube >/dev/null
  check "every release is verified, every pod ready, every sidecar there" full_healthy
  check "a task's event reaches notification and audit" full_delivers
  check "status, verify and history know it" first_known
}

first_plan() {
  exits 0 here plan
  cp "$work/stdout" "$work/first-plan"
  screen 'minikube -p minikube start' --driver=none
  exits 85 minikube status
}

first_up() {
  local before=$SECONDS
  exits 0 here up
  screen "$(url)" 'events arrive'
  echo "from nothing in $((SECONDS - before)) s"
}

first_known() {
  exits 0 todoctl status --profile here
  screen backend frontend healthy
  exits 0 todoctl verify --profile here
  exits 0 todoctl history --profile here
}
