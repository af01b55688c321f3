# shellcheck shell=bash disable=SC2154
# A cluster that was stopped is started again, with what was in it.

local_stopped() {
  check "minikube stop; plan says that up starts it" stopped_plan
  check "up starts it, and everything is as it was" stopped_up
}

stopped_plan() {
  full_components >"$work/components"
  minikube stop
  exits 7 minikube status
  exits 0 here plan
  screen 'minikube -p minikube start'
}

stopped_up() {
  exits 0 here up
  full_healthy
  same "the components" "$(cat "$work/components")" "$(full_components)"
  full_delivers
  nothing_to_do
}
