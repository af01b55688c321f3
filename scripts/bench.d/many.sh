# shellcheck shell=bash disable=SC2154,SC2034
# Case 6: what todoctl itself costs with many releases and nothing to change: its own processor time must grow in
# step with their number. A cluster on one machine has no room for that many, so the tests' fake tools answer.

many_project=$scratch/many
many_steps=(50 100 200)
# env and todoctl: the one replaces itself by the other, so that the sampled process is todoctl.
many_todoctl=(
  env -i PATH="$many_project/bin" HOME="$many_project" TODOCTL_STATE="$many_project/state"
  "$todoctl" --project "$many_project"
)

# many_profile COUNT
many_profile() {
  local number
  sed '/^releases:/,$d' "$many_project/profiles/sandbox.yaml"
  echo releases:
  for ((number = 1; number <= $1; number++)); do
    cat <<PROFILE
  service-$number:
    order: 7
    chart: charts/frontend
    values: [charts/frontend/values-local.yaml]
    image: frontend
    secret: frontend-secrets
PROFILE
  done
}

prepare_many() {
  local name
  cargo build --quiet --release --locked --package fake-tool
  cp -R tests/scenarios/project "$many_project"
  mkdir -p "$many_project"/{bin,sandbox}
  for name in bin/helm bin/kubectl sandbox/sandbox; do
    ln -s "$compiled/fake-tool" "$many_project/$name"
    echo "$many_project/world.json" >"$many_project/${name%/*}/state-path"
  done
}

case_many() {
  local count i
  say "case 6: many releases, with fake tools"
  prepare_many
  for count in "${many_steps[@]}"; do
    echo '{}' >"$many_project/world.json"
    many_profile "$count" >"$many_project/profiles/many$count.yaml"
    timed "${many_todoctl[@]}" up "many$count" --jobs 16
    for ((i = 0; i < runs; i++)); do
      watch_itself "${many_todoctl[@]}" plan "many$count"
      record "many-$count" "$((HUNDREDTHS * 10000))"
    done
    row "6 own processor time of plan, $count releases, fake tools" "$(seconds "$(median "many-$count")")" - - - -
  done
}
