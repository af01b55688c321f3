# shellcheck shell=bash
# What needs no cluster: sourced by scripts/check-charts.
: "${scratch:?}" "${helm:?}" "${secret_value:?}" "${variants[*]:?}"

check_rendering() {
  local chart variant file
  # Dapr's own chart is placed by a build of the sandbox. A template that claims a volume would be a scheduler.
  if [[ -f sandbox/charts/dapr/Chart.yaml ]]; then
    for file in dapr/values-*.yaml; do
      check "Dapr's chart takes $file" takes_dapr_values "$file"
    done
  fi
  for chart in $(applications); do
    check "$chart: has its files" has_files "$chart"
    check "$chart: lint" lints "$chart"
    check "$chart: lint with values-local.yaml" lints "$chart" -f "charts/$chart/values-local.yaml"
    check "$chart: lint with values-cloud.yaml" lints "$chart" -f "charts/$chart/values-cloud.yaml"
    for variant in "${variants[@]}"; do
      check "$chart: renders $variant" renders "$chart" "$variant"
    done
    check "$chart: names and labels" has_names "$chart"
    check "$chart: a change of the configuration rolls the pods" rolls "$chart"
    check "$chart: an unknown value is refused" refuses "$chart" replicaCuont -f "$scratch/secrets.yaml" --set replicaCuont=1
    check "$chart: a variable that the chart sets is refused" refuses "$chart" 'extraEnv.PORT' -f "$scratch/secrets.yaml" --set extraEnv.PORT=1
    has_secrets "$chart" || continue
    check "$chart: a missing secret is refused" refuses "$chart" 'secrets.betterAuthSecret is required'
    check "$chart: a short secret is refused" refuses "$chart" 'secrets.betterAuthSecret must have at least 32 characters, it has 7' \
      --set secrets.databaseUrl=postgresql://h/d --set secrets.betterAuthSecret=hunter2
  done
}

# takes_dapr_values FILE: nothing but operator, sentry and injector, none with a volume, all within limits.
takes_dapr_values() {
  "$helm" lint sandbox/charts/dapr -f "$1" --quiet &&
    "$helm" template dapr sandbox/charts/dapr -n dapr-system -f "$1" >"$scratch/manifest" || return 1
  lacks '^kind: StatefulSet' && lacks 'volumeClaimTemplates' || return 1
  [[ $(grep -c '^kind: Deployment' "$scratch/manifest") -eq 3 ]] || { echo "not three Deployments"; return 1; }
  [[ $(grep -c '^            memory: 256Mi$' "$scratch/manifest") -eq 3 ]] || { echo "not every container has a limit"; return 1; }
  contains 'SIDECAR_DROP_ALL_CAPABILITIES'
}

# The files of the contract, the link to the library, and nothing that `helm dependency build` leaves.
has_files() {
  local chart=charts/$1 file
  for file in Chart.yaml README.md .helmignore values.yaml values-local.yaml values-cloud.yaml values.schema.json \
    templates/{deployment,service,configmap,secret}.yaml templates/_helpers.tpl templates/NOTES.txt; do
    [[ -s $chart/$file ]] || { echo "$chart/$file is missing"; return 1; }
  done
  [[ $(readlink "$chart/charts/service") == ../../service ]] || { echo "$chart/charts/service is not a link to ../../service"; return 1; }
  cmp "$chart/values.schema.json" charts/backend/values.schema.json || { echo "the schema is the same in every chart"; return 1; }
  for file in "$chart"/charts/*.tgz; do
    [[ ! -e $file ]] || { echo "$file: remove it, helm would use it instead of the link"; return 1; }
  done
  for file in name fullname chart labels selectorLabels; do
    grep -qF "define \"$1.$file\"" "$chart/templates/_helpers.tpl" || { echo "helper $1.$file is missing"; return 1; }
  done
}

# helm's output is part of the contract, so it is compared whole.
lints() {
  local chart=charts/$1
  shift
  "$helm" lint "$chart" "$@" >"$scratch/lint" 2>"$scratch/remarks" || { cat "$scratch/lint" "$scratch/remarks"; return 1; }
  diff - "$scratch/lint" <<TEXT
==> Linting $chart
[INFO] Chart.yaml: icon is recommended

1 chart(s) linted, 0 chart(s) failed
TEXT
}

renders() {
  local chart=$1 variant=$2 arguments kinds expected='ConfigMap Deployment Service'
  set_arguments "$chart" "$variant"
  render "$chart" "${arguments[@]}" >"$scratch/manifest" || return 1
  if has_secrets "$chart" && [[ $variant != existing-secret ]]; then expected='ConfigMap Deployment Secret Service'; fi
  case $variant in
    local) with_node_port "$chart" || return 1 ;;
    existing-secret)
      if has_secrets "$chart"; then contains 'name: given-1a2b3c$' || return 1; fi
      lacks 'checksum/secret' || return 1
      ;;
    dapr) with_sidecar "$chart" || return 1 ;;
    no-dapr) lacks 'dapr' || return 1 ;;
    component) with_component || return 1 ;;
    old-component) contains 'dapr.io/inject-pluggable-components: "true"$' && lacks 'pubsub-example' || return 1 ;;
    everything)
      expected+=' ServiceAccount'
      contains 'LARGE_NUMBER: "10000000"$' && contains 'value: "1"$' && contains 'prometheus.io/scrape: "true"$' &&
        contains 'dapr.io/app-port: "9000"$' && contains 'dapr.io/enable-api-logging: "true"$' &&
        contains 'dapr.io/volume-mounts: "dapr-kube-api:/[a-z./]*,tmp:/more"$' || return 1
      ;;
  esac
  kinds=$(sed -n 's/^kind: //p' "$scratch/manifest" | sort | paste -sd' ')
  [[ $kinds == "$expected" ]] || { echo "kinds are $kinds, not $expected"; return 1; }
}

# with_node_port CHART: of the services, those for a browser have a port on the node.
with_node_port() {
  case $1 in
    backend) contains '  nodePort: 30001$' && contains 'type: NodePort$' ;;
    frontend) contains '  nodePort: 30000$' && contains 'type: NodePort$' ;;
    *) contains 'type: ClusterIP$' ;;
  esac
}

# with_sidecar CHART: the annotations, and what the application and the sidecar get.
with_sidecar() {
  contains 'dapr.io/enabled: "true"$' && contains "dapr.io/app-id: \"$1\"\$" && contains 'dapr.io/app-port: "[0-9]*"$' &&
    contains '- name: DAPR_ENABLED$' && contains '^        - name: dapr-kube-api$' &&
    contains 'dapr.io/volume-mounts: "dapr-kube-api:/var/run/secrets/kubernetes.io/serviceaccount"$' &&
    contains '^      automountServiceAccountToken: false$'
}

# with_component: the container starts before all others and goes on running, the sidecar finds its socket, and the injector
# is not asked for a second one.
with_component() {
  lacks 'inject-pluggable-components' &&
    contains 'dapr.io/volume-mounts-rw: "dapr-components:/tmp/dapr-components-sockets,tmp:/more"$' || return 1
  [[ $(grep -c '^        - name: dapr-components$' "$scratch/manifest") -eq 1 &&
    $(grep -c '^        - name: spool$' "$scratch/manifest") -eq 1 ]] || { echo "not one volume each"; return 1; }
  diff - <(sed -n '/^      initContainers:/,/^      containers:/p' "$scratch/manifest") <<'TEXT'
      initContainers:
        - env:
          - name: LEVEL
            value: info
          - name: DAPR_COMPONENT_SOCKETS_FOLDER
            value: /tmp/dapr-components-sockets
          image: example.com/pubsub:1
          name: pubsub-example
          restartPolicy: Always
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop:
              - ALL
          volumeMounts:
          - mountPath: /tmp
            name: tmp
          - mountPath: /spool
            name: spool
          - mountPath: /tmp/dapr-components-sockets
            name: dapr-components
      containers:
TEXT
}

has_names() {
  local chart=$1 suffix label suffixes=(deployment service config)
  if has_secrets "$chart"; then suffixes+=(secret); fi
  render "$chart" -f "$scratch/secrets.yaml" >"$scratch/manifest" || return 1
  for suffix in "${suffixes[@]}"; do
    contains "^  name: $chart-$suffix\$" || return 1
  done
  for label in 'helm.sh/chart' app.kubernetes.io/{name,instance,version,managed-by}; do
    [[ $(count_label "$label") -eq ${#suffixes[@]} ]] || { echo "not every object has the label $label"; return 1; }
  done
  "$helm" template canary "charts/$chart" -f "$scratch/secrets.yaml" >"$scratch/manifest" 2>"$scratch/remarks" || return 1
  contains "^  name: canary-$chart-deployment\$"
}

# count_label NAME: how many objects of the last manifest have it.
count_label() {
  awk -v label="    $1: " '/^  labels:$/ { inside = 1; next } !/^    / { inside = 0 } inside && index($0, label) == 1 { count++ } END { print count + 0 }' "$scratch/manifest"
}

rolls() {
  local before after sums=1
  if has_secrets "$1"; then sums=2; fi
  before=$(render "$1" -f "$scratch/secrets.yaml" | grep checksum/) || return 1
  after=$(render "$1" -f "$scratch/secrets.yaml" --set config.added=1 --set secrets.betterAuthSecret="$secret_value-2" | grep checksum/) || return 1
  [[ $(comm -12 <(sort <<<"$before") <(sort <<<"$after") | wc -l) -eq 0 && $(wc -l <<<"$before") -eq $sums ]] ||
    { printf 'before:\n%s\nafter:\n%s\n' "$before" "$after"; return 1; }
}

# refuses CHART TEXT ARGUMENT...: fails with this text, and without the value of a secret.
refuses() {
  local chart=$1 text=$2
  shift 2
  if render "$chart" "$@" >"$scratch/manifest" 2>"$scratch/refusal"; then
    echo "it was rendered"
    return 1
  fi
  cat "$scratch/refusal"
  grep -qF "$text" "$scratch/refusal" && ! grep -q 'hunter2' "$scratch/refusal"
}

# contains PATTERN, lacks PATTERN: look at the last manifest.
contains() {
  grep -q -- "$1" "$scratch/manifest" || { echo "there is no $1 in:"; cat "$scratch/manifest"; return 1; }
}

lacks() {
  ! grep -- "$1" "$scratch/manifest"
}
