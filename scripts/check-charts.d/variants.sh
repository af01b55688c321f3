# shellcheck shell=bash
# The charts, and the ways in which each is rendered: sourced by scripts/check-charts.
: "${scratch:?}" "${helm:?}"

# Made-up secrets for all charts: each takes those that it knows.
secret_value=0123456789abcdef0123456789abcdef
cat >"$scratch/secrets.yaml" <<YAML
secrets:
  databaseUrl: postgresql://user:password@database.example/todo
  betterAuthSecret: $secret_value
YAML

# Every value that is empty by default, with something in it.
cat >"$scratch/everything.yaml" <<'YAML'
service:
  type: LoadBalancer
  annotations: {example.com/pool: "1"}
config: {largeNumber: 10000000, switch: true}
extraEnv: {FAULT_NEVER_READY: 1, RATIO: 0.5}
podAnnotations: {prometheus.io/scrape: true, prometheus.io/port: 8001}
volumes: [{name: tmp, emptyDir: {}}]
volumeMounts: [{name: tmp, mountPath: /tmp}]
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: a, operator: Exists}]
affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: []}}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {}}]
serviceAccount: {create: true, automount: true, annotations: {example.com/role: reader}}
imagePullSecrets: [{name: registry}]
nameOverride: other
dapr: {enabled: true, appId: other, appPort: 9000, config: tracing, annotations: {sidecar-cpu-request: 50m, enable-api-logging: true, volume-mounts: "tmp:/more"}}
YAML

# A container that serves a component of Dapr, as todoctl gives it.
cat >"$scratch/component.yaml" <<'YAML'
dapr:
  enabled: true
  annotations: {inject-pluggable-components: true, volume-mounts-rw: "tmp:/more"}
  components:
    - name: pubsub-example
      image: example.com/pubsub:1
      env: [{name: LEVEL, value: info}]
      volumeMounts: [{name: tmp, mountPath: /tmp}, {name: spool, mountPath: /spool}]
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
volumes: [{name: tmp, emptyDir: {}}]
YAML

# applications: the charts that can be installed.
applications() {
  local chart
  for chart in charts/*/Chart.yaml; do
    if grep -qx 'type: application' "$chart"; then basename "$(dirname "$chart")"; fi
  done
}

# has_secrets CHART: the service reads secrets.
has_secrets() {
  ! grep -qx 'secretEnv: \[\]' "charts/$1/values.yaml"
}

# shellcheck disable=SC2034 # the checks go through them
variants=(defaults local cloud existing-secret dapr no-dapr component old-component everything)

# set_arguments CHART VARIANT: sets `arguments` to what helm gets.
# shellcheck disable=SC2034 # the caller reads it
set_arguments() {
  local chart=charts/$1 given=("-f" "$scratch/secrets.yaml")
  case $2 in
    defaults) arguments=("${given[@]}") ;;
    local | cloud) arguments=("-f" "$chart/values-$2.yaml" "${given[@]}") ;;
    existing-secret) arguments=("--set" "existingSecret=given-1a2b3c") ;;
    dapr) arguments=("${given[@]}" "--set" "dapr.enabled=true") ;;
    no-dapr) arguments=("${given[@]}" "--set" "dapr.enabled=false") ;;
    component) arguments=("${given[@]}" "-f" "$scratch/component.yaml") ;;
    old-component) arguments=("${given[@]}" "-f" "$scratch/component.yaml" "--kube-version" "1.28.15") ;;
    everything) arguments=("${given[@]}" "-f" "$scratch/everything.yaml") ;;
  esac
}

# render CHART ARGUMENT...: helm's own remarks go to a file, so that only the manifest is on standard output.
render() {
  local chart=$1
  shift
  "$helm" template "$chart" "charts/$chart" "$@" 2>"$scratch/remarks" || {
    cat "$scratch/remarks" >&2
    return 1
  }
}
