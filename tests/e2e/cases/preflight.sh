# shellcheck shell=bash disable=SC2154
# What is wrong before anything starts: a clear error, the right exit status, nothing changed.

cases_preflight() {
  check "a wrong field of the profile is named with file and line" preflight_profile
  check "an unknown release in --only is refused" preflight_refuses 2 'backend, frontend' up e2e --only backend,nothing
  check "a profile that does not exist is refused" preflight_refuses 10 nowhere up nowhere
  check "a secret in --set is refused" preflight_refuses 2 'secrets' up e2e --set backend.secrets.databaseUrl=x
  check "every missing secret is listed" preflight_secrets
  check "a malformed secret is refused without being shown" preflight_malformed
  check "helm missing from the PATH is said" preflight_without helm
  check "kubectl missing from the PATH is said" preflight_without kubectl
  check "a cluster that does not answer is said" preflight_silent
  check "a cluster with a dead API server is said, and repaired by up" preflight_dead
  check "a stopped cluster is said, and started by up" preflight_stopped
}

# preflight_refuses STATUS TEXT ARG...: todoctl ends with the status, says the text and changes nothing.
preflight_refuses() {
  local status=$1 text=$2 before
  shift 2
  before=$(versions)
  exits "$status" todoctl "$@"
  screen "$text"
  same "the namespace" "$before" "$(versions)"
}

preflight_profile() {
  profile_write 40 'colour: blue'
  preflight_refuses 10 colour up e2e
  screen "profiles/e2e.yaml:$(grep -n '^colour' "$project/profiles/e2e.yaml" | cut -d : -f 1)"
  profile_write 40
}

# A value that is in the cluster is kept, so these are new ones.
preflight_secrets() {
  sed -i 's/^secrets:$/&\n  sets:\n    backend-secrets: {mail-key: mail-key, push-key: push-key}/; s/^  values:$/&\n    mail-key: {env: MAIL_KEY}\n    push-key: {env: PUSH_KEY}/' \
    "$project/profiles/e2e.yaml"
  preflight_refuses 10 MAIL_KEY up e2e
  screen PUSH_KEY --env-file
  preflight_refuses 10 MAIL_KEY plan e2e
  profile_write 40
}

preflight_malformed() {
  echo 'DATABASE_URL=mysql://canary-4711@nowhere/x' >"$work/env"
  preflight_refuses 10 DATABASE_URL up e2e --env-file "$work/env"
  ! grep -q canary-4711 "$work/stdout" "$work/stderr"
}

# preflight_without TOOL: with a PATH that has everything but the tool.
preflight_without() {
  local folder=$work/path before place tool
  rm -rf "$folder"
  mkdir -p "$folder"
  for place in /usr/sbin /usr/bin /sbin /bin; do
    ln -sf "$place"/* "$folder/"
  done
  for tool in helm kubectl; do
    ln -sf "$(type -P "$tool")" "$folder/$tool"
  done
  rm "$folder/$1"
  before=$(versions)
  PATH=$folder exits 10 todoctl up e2e
  screen "$1 is not on the PATH"
  same "the namespace" "$before" "$(versions)"
}

component_pid() {
  sandbox status -o json | jq -er --arg name "$1" '.components[] | select(.name == $name) | .pid'
}

# The process lives and is silent: what a hanging API server looks like.
preflight_silent() {
  local pid before started=$SECONDS
  pid=$(component_pid apiserver)
  before=$(versions)
  kill -STOP "$pid"
  # shellcheck disable=SC2064 # the pid of now
  trap "kill -CONT $pid" EXIT
  exits 10 todoctl up e2e --set backend.config.agentName=Silent
  kill -CONT "$pid"
  screen 'nothing was changed'
  ((SECONDS - started < 60)) || wrong "it took $((SECONDS - started)) s"
  eventually 20 kube get pods
  same "the namespace" "$before" "$(versions)"
}

preflight_dead() {
  local before
  before=$(content)
  kill -KILL "$(component_pid apiserver)"
  eventually 10 exits 5 sandbox status
  exits 10 todoctl status --profile e2e
  screen 'todoctl up e2e'
  exits 0 todoctl plan e2e
  screen 'known after start'
  exits 0 todoctl up e2e
  exits 0 sandbox status
  healthy backend frontend
  same "what is deployed" "$before" "$(content)"
}

preflight_stopped() {
  local before
  before=$(content)
  sandbox stop
  exits 10 todoctl status --profile e2e
  screen stopped
  exits 10 todoctl verify --profile e2e
  exits 3 todoctl plan e2e --exit-code
  screen 'known after start'
  exits 0 todoctl up e2e
  healthy backend frontend
  verified backend frontend
  same "what is deployed" "$before" "$(content)"
}
