# shellcheck shell=bash disable=SC2154,SC2034
# Cases 7 and 8: releases that have nothing but helm in common: a chart of a Deployment, a Service and a ConfigMap, several times,
# without Dapr, secrets and checks. Every side gets the same charts and values in a namespace of its own, and waits until
# all pods are ready. `--peers` adds the other tools that install several charts.

alike=7
alike_chart=$scratch/alike-chart
alike_profile=$scratch/alike.yaml

alike_namespace() {
  echo "bench-alike-$1"
}

write_alike_chart() {
  mkdir -p "$alike_chart/templates"
  cat >"$alike_chart/Chart.yaml" <<'CHART'
apiVersion: v2
name: alike
version: 1.0.0
CHART
  echo 'run: none' >"$alike_chart/values.yaml"
  local image
  image=$(kubectl get deployment frontend-deployment --namespace "$ours" -o 'jsonpath={.spec.template.spec.containers[0].image}')
  cat >"$alike_chart/templates/all.yaml" <<CHART
apiVersion: v1
kind: ConfigMap
metadata: {name: '{{ .Release.Name }}'}
data: {run: '{{ .Values.run }}'}
---
apiVersion: v1
kind: Service
metadata: {name: '{{ .Release.Name }}'}
spec: {selector: {app: '{{ .Release.Name }}'}, ports: [{port: 3000}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: '{{ .Release.Name }}'}
spec:
  selector: {matchLabels: {app: '{{ .Release.Name }}'}}
  template:
    metadata: {labels: {app: '{{ .Release.Name }}'}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: '{{ if eq .Values.run "broken" }}sandbox.local/absent:1{{ else }}$image{{ end }}'
          env:
            - {name: PORT, value: "3000"}
            - {name: BETTER_AUTH_SECRET, value: nothing-is-signed-with-it-in-a-benchmark}
            - {name: RUN, value: '{{ .Values.run }}'}
          readinessProbe: {httpGet: {path: /api/health, port: 3000}, periodSeconds: 1}
CHART
}

alike_names() {
  local number
  for ((number = 1; number <= alike; number++)); do echo "alike-$number"; done
}

write_alike_profile() {
  local name
  echo "namespace: $(alike_namespace todoctl)"
  echo "confirm: never"
  echo "cluster: {sandbox: {name: $sandbox, command: $tools/sandbox}}"
  echo releases:
  for name in $(alike_names); do echo "  $name: {chart: $alike_chart}"; done
}

# alike_todoctl RUN [FIRST]: the first release may have another value than the rest.
alike_todoctl() {
  local name set=()
  for name in $(alike_names); do set+=(--set "$name.run=$1"); done
  if (($# > 1)); then set+=(--set "alike-1.run=$2"); fi
  "$todoctl" up "$alike_profile" --progress plain "${set[@]}"
}

# alike_helm NAMESPACE NAME RUN [FLAG...]
alike_helm() {
  helm upgrade --install "$2" "$alike_chart" --namespace "$1" --create-namespace --set "run=$3" --wait "${@:4}"
}

alike_loop() {
  local name
  for name in $(alike_names); do alike_helm "$(alike_namespace loop)" "$name" "$1" || return; done
}

alike_parallel() {
  local name commands=()
  for name in $(alike_names); do commands+=("alike_helm $(alike_namespace parallel) $name $1"); done
  together "${commands[@]}"
}

alike_helmwave() {
  local name
  {
    echo "project: bench"
    echo "releases:"
    for name in $(alike_names); do
      echo "  - {name: $name, namespace: $(alike_namespace helmwave), create_namespace: true, wait: watcher, timeout: 5m, chart: {name: $alike_chart}, values: [$scratch/helmwave-values.yaml]}"
    done
  } >"$scratch/helmwave.yml"
  echo "run: $1" >"$scratch/helmwave-values.yaml"
  (cd "$scratch" && helmwave up --build --yml helmwave.yml)
}

alike_nelm_one() {
  nelm release install --namespace "$(alike_namespace nelm)" --release "$1" --set "run=$2" "$alike_chart"
}

alike_nelm() {
  local name commands=()
  for name in $(alike_names); do commands+=("alike_nelm_one $name $1"); done
  together "${commands[@]}"
}

# alike_settled: no pod is on its way out, in any of the namespaces.
alike_settled() {
  [[ -z $(kubectl get pods --all-namespaces -o json | jq '.items[] | select(.metadata.deletionTimestamp != null) | 1') ]]
}

# alike_one RUN: the first release has changed; helm is told which one. Each begins on a machine that has nothing else to do.
alike_one() {
  wait_until 60 alike_settled || broke "pods stay"
  sample alike-one-todoctl alike_todoctl "all-$1" "one-$1"
  keep_timeline "$alike one changed"
  wait_until 60 alike_settled || broke "pods stay"
  sample alike-one-helm alike_helm "$(alike_namespace loop)" alike-1 "one-$1"
}

# alike_broken ROUND: all releases change, and the image of the first is nowhere. todoctl brings all of them back; helm
# brings back the one, when its time is over.
alike_broken() {
  wait_until 60 alike_settled || broke "pods stay"
  sample alike-broken-todoctl alike_broken_todoctl "mixed-$1"
  wait_until 60 alike_settled || broke "pods stay"
  sample alike-broken-helm alike_broken_helm "mixed-$1"
}

alike_broken_todoctl() {
  local status=0
  alike_todoctl "$1" broken || status=$?
  ((status == 20))
}

alike_broken_helm() {
  local name run commands=()
  for name in $(alike_names); do
    run=$1
    if [[ $name == alike-1 ]]; then run=broken; fi
    commands+=("alike_helm $(alike_namespace parallel) $name $run --rollback-on-failure --timeout 30s")
  done
  ! together "${commands[@]}"
}

# alike_sample SIDE CASE RUN: the time, and the processor time of the command with all that it started.
alike_sample() {
  sample "alike-$2-$1" "alike_$1" "$3"
  record "alike-$2-$1-cpu" "$PROCESSOR"
}

alike_empty() {
  local side
  for side in "$@"; do
    kubectl delete namespace "$(alike_namespace "$side")" --ignore-not-found --timeout=120s >>"$log" 2>&1 ||
      broke "namespace $(alike_namespace "$side") stays"
  done
}


# alike_rows TITLE CASE SIDE...: against each other side, and the processor time against that of the bare helm processes.
alike_rows() {
  local title=$1 name=$2 side
  shift 2
  for side in "$@"; do
    case $side in
      todoctl) ;;
      *) row_against "$title: against $side" "alike-$name-todoctl" "alike-$name-$side" 1 "< 1" ;;
    esac
  done
  row_against "$title: processor time, parallel" "alike-$name-todoctl-cpu" "alike-$name-parallel-cpu" 1.25 "<= 1.25"
}

# alike_trees TITLE RUN SIDE...: how many programs each side starts, and the memory of all of them.
alike_trees() {
  local title=$1 run=$2 side
  shift 2
  for side in "$@"; do
    watch_tree "alike_$side" "$run"
    row "$title, programs and memory: $side" "$STARTED" "$MEGABYTES MB" - - -
  done
}

# alike_round ROUND SIDE...: in turn, so that what else the machine does meets all of them.
alike_round() {
  local round=$1 side
  shift
  for side in "$@"; do
    alike_empty "$side"
    alike_sample "$side" "new$alike" "new-$round"
    if [[ $side == todoctl ]]; then keep_timeline "$alike all new"; fi
    alike_sample "$side" "same$alike" "new-$round"
    alike_sample "$side" "all$alike" "all-$round"
    if [[ $side == todoctl ]]; then keep_timeline "$alike all changed"; fi
    # A node has room for one side of a crowd.
    if ((alike > 7)); then alike_empty "$side"; fi
  done
}

# alike_sides: sets SIDES, after the charts and the profile were written.
alike_sides() {
  SIDES=(todoctl loop parallel)
  if $peers; then
    use_peers
    SIDES+=("${PEERS[@]}")
  fi
  write_alike_chart
  write_alike_profile >"$alike_profile"
  at_exit=(alike_end "${at_exit[@]}")
}

alike_table() {
  alike_rows "$alike all new" "new$alike" "$@"
  alike_rows "$alike all changed" "all$alike" "$@"
  alike_rows "$alike nothing to change" "same$alike" "$@"
}

case_alike() {
  local i
  say "case 7: $alike releases alike"
  alike_sides
  for ((i = 0; i < runs; i++)); do
    alike_round "$i" "${SIDES[@]}"
    alike_one "$i"
    alike_broken "$i"
  done
  alike_table "${SIDES[@]}"
  row_against "one of $alike changed: against its helm --wait" alike-one-todoctl alike-one-helm 1.1 "<= 1.1"
  row_against "one of $alike broken, all back: against helm --rollback-on-failure --timeout 30s" alike-broken-todoctl alike-broken-helm 1 "< 1"
  alike_trees "$alike all changed" watched "${SIDES[@]}"
  alike_end
}

# The same with as many as there are in larger places. A node takes 110 pods: the sample goes first.
case_crowd() {
  local i count
  say "case 8: many releases alike, for real"
  deploy_ours
  alike_sides
  empty_their_services
  empty_ours
  for count in 50 100; do
    alike=$count
    write_alike_profile >"$alike_profile"
    for ((i = 0; i < runs; i++)); do alike_round "$i" "${SIDES[@]}"; done
    alike_trees "$alike all new" watched todoctl
    alike_table "${SIDES[@]}"
    alike_end
  done
}

alike_end() {
  alike_empty todoctl loop parallel helmwave nelm
}
