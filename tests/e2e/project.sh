# shellcheck shell=bash disable=SC2154
# The project under test: a throw-away copy of the checkout with a profile of its own, and todoctl in it.
# Tests edit the copy as a developer edits the project. The target folder of cargo is shared and times of change
# are kept, so that the sample application is compiled once.

# project_make: makes the copy anew, a checkout of its own: what git ignores is no part of an image.
project_make() {
  rm -rf "$project"
  local compiled=${CARGO_TARGET_DIR:-$root/target}
  mkdir -p "$project" "$compiled"
  git -c "safe.directory=$root" -C "$root" ls-files -coz --exclude-standard >"$work/files"
  (cd "$root" && tar -c --null --verbatim-files-from --ignore-failed-read -T "$work/files") | tar -x -C "$project"
  ln -s "$(realpath "$compiled")" "$project/target"
  project_fill
  git -C "$project" init -q
  git -C "$project" add -A
  git -C "$project" -c user.name=e2e -c user.email=e2e@localhost commit -q -m start
}

# project_fill: what the copy has and the checkout has not: the test's profiles, and what they name.
project_fill() {
  mkdir "$project/e2e"
  cat >"$project/e2e/sandbox" <<'SH'
#!/usr/bin/env bash
# The sandbox tool, with a note of each call.
[[ -z ${E2E_CALLS-} ]] || printf 'sandbox %s\n' "$*" >>"$E2E_CALLS"
[[ -z ${E2E_ENVIRONMENTS-} ]] || env >>"$E2E_ENVIRONMENTS"
exec "$(dirname "$0")/../sandbox/sandbox" "$@"
SH
  chmod +x "$project/e2e/sandbox"
  # Dapr's chart is placed by a build; a kept sandbox is not started, so nothing else would place it.
  (cd "$project" && e2e/sandbox --name "$SANDBOX_NAME" build {LOCK}>&-) >"$work/placed" 2>&1
  profile_write 40
  full_write
}

# project_restore: takes back every edit of the copy.
project_restore() {
  git -C "$project" restore .
  git -C "$project" clean -qfd
}

# profile_here: what makes a profile one of this test's sandbox.
profile_here() {
  cat <<YAML
cluster:
  sandbox: {name: $SANDBOX_NAME, net: "$net", command: e2e/sandbox}
secrets:
  values:
    database-url:
      command: [sandbox/sandbox, --name, $SANDBOX_NAME, database, --url]
YAML
}

# all_at_once: a rollout waits once instead of once per pod. One after the other, as the charts have it, is seen by
# tests/e2e-local.sh, whose profile is the shipped one.
all_at_once='{strategy: {rollingUpdate: {maxSurge: 2}}}'

# profile_write [READY-SECONDS [MORE]]: the profile e2e; MORE is YAML for its end.
# shellcheck disable=SC2120 # the cases give arguments
profile_write() {
  local ready=${1:-40}
  cat >"$project/profiles/e2e.yaml" <<YAML
# The smallest deployment that has everything but Dapr: most checks need no more, and are faster with it.
extends: sandbox.yaml
dapr: null
$(profile_here)
releases:
  dapr: null
  redpanda: null
  notification: null
  recurring: null
  audit: null
  backend: {ready-seconds: $ready, sidecar: false, set: $all_at_once}
  frontend: {ready-seconds: $ready, set: $all_at_once}
${2-}
YAML
}

# todoctl ARG...: the program under test, in the copy. Its screen is kept in $work/stderr, its result in $work/stdout;
# both are part of the check's evidence.
todoctl() {
  local status=0
  echo "\$ todoctl $*"
  (cd "$project" && exec "$binary" --color never "$@" {LOCK}>&-) >"$work/stdout" 2>"$work/stderr" || status=$?
  cat "$work/stdout" "$work/stderr"
  return "$status"
}

# screen TEXT...: whether the last todoctl said each of these, on stdout or stderr, wherever lines are broken.
screen() {
  local text said
  said=$(cat "$work/stdout" "$work/stderr" | tr '│\n' ' ' | tr -s ' ')
  for text in "$@"; do
    [[ $said == *"$text"* ]] || wrong "the screen does not say: $text"
  done
}

# result FILTER...: whether the last todoctl's JSON on stdout fulfils a jq filter.
result() {
  jq -e "$@" "$work/stdout" >/dev/null || wrong "the result does not fulfil: $*"
}

# newest_run: the folder of todoctl's last run.
newest_run() {
  local folder
  folder=$(find "$TODOCTL_STATE/e2e/runs" -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -n | tail -n 1)
  printf '%s\n' "${folder#* }"
}

# up_as_planned ARG...: runs `up`, and compares its changing commands with those that `plan` prints before it.
# Run ids and random suffixes differ by nature; what runs in parallel has no order.
up_as_planned() {
  local planned
  exits 0 todoctl plan e2e -o json "$@"
  planned=$(jq -r '.commands[]' "$work/stdout" | redacted)
  exits 0 todoctl up e2e "$@"
  same "what plan prints, against what the run does," "$planned" "$(commands_of "$(newest_run)" | redacted)"
}

redacted() {
  sed -E 's/[0-9]{8}-[0-9]{6}-[0-9a-f]{4}/RUN/g; s/(-secrets)-[0-9a-f]{8}/\1-RANDOM/g' | sort
}

# commands_of RUN: the changing commands of a run, from its events.
commands_of() {
  jq -r 'select(.event == "command-started") | .command' "$1/events.jsonl"
}

# nothing_to_do: whether `up` finds the deployment as it should be.
nothing_to_do() {
  exits 0 todoctl up e2e
  screen 'Nothing to do'
}

# few_processes PROFILE: whether an `up` with nothing to do needs at most 5, and no kubectl to look at the cluster.
few_processes() {
  local calls=$work/calls
  wrap helm "printf 'helm %s\\n' \"\$*\" >>'$calls'"
  wrap kubectl "printf 'kubectl %s\\n' \"\$*\" >>'$calls'"
  # The version of a helm that was not seen before is asked once.
  todoctl_wrapped up "$1"
  : >"$calls"
  E2E_CALLS=$calls todoctl_wrapped up "$1"
  cat "$calls"
  unwrap
  (($(wc -l <"$calls") >= 2 && $(wc -l <"$calls") <= 5)) && ! grep -q "^kubectl get" "$calls"
}

# wrap TOOL CODE: puts a script in front of helm or kubectl, which runs CODE and then the real one.
# todoctl hands its PATH to them, and little else.
wrap() {
  mkdir -p "$work/wrappers"
  {
    printf '#!/usr/bin/env bash\n%s\nexec %q "$@"\n' "$2" "$(type -P "$1")"
  } >"$work/wrappers/$1"
  chmod +x "$work/wrappers/$1"
}

# unwrap: takes all wrappers away.
unwrap() {
  rm -rf "$work/wrappers"
}

# todoctl_wrapped ARG...: todoctl with the wrappers in front.
todoctl_wrapped() {
  PATH=$work/wrappers:$PATH todoctl "$@"
}
