# shellcheck shell=bash
# What is there and where: the verbs that only look. No API server is asked and hardly a process
# started, since todoctl asks at each of its runs.

# status_read: sets SANDBOX_STATE and, per component, COMPONENT_PID (empty when it does not run).
# shellcheck disable=SC2153 # STATE is the state folder, of settings.sh
status_read() {
  local component PID alive=0
  declare -gA COMPONENT_PID=()
  for component in "${COMPONENTS[@]}"; do
    PID=
    if process_find "$component"; then
      ((++alive))
    fi
    COMPONENT_PID[$component]=$PID
  done
  if [[ ! -d $STATE ]]; then
    SANDBOX_STATE=absent
  elif ((alive == ${#COMPONENTS[@]})) && [[ -e $NETNS_FILE ]]; then
    SANDBOX_STATE=running
  elif ((alive == 0)) && [[ ! -e $NETNS_FILE ]]; then
    SANDBOX_STATE=stopped
  else
    SANDBOX_STATE=degraded
  fi
}

status_verb() {
  local SANDBOX_STATE
  local -A exit_status=([running]=0 [stopped]=3 [absent]=4 [degraded]=5)
  status_read
  case ${1:-},${2:-} in
    ,) status_text ;;
    -o,json | -ojson,) status_json ;;
    *) usage_error "status takes only -o json" ;;
  esac
  exit "${exit_status[$SANDBOX_STATE]}"
}

status_text() {
  local component pid
  printf 'sandbox %s: %s\n' "$NAME" "$SANDBOX_STATE"
  [[ $SANDBOX_STATE != absent ]] || return 0
  printf '  node %s, host %s, Kubernetes %s\n' "$NODE_IP" "$HOST_IP" "$KUBERNETES_VERSION"
  for component in "${COMPONENTS[@]}"; do
    pid=${COMPONENT_PID[$component]}
    if [[ -n $pid ]]; then
      printf '  %-19s running, pid %s\n' "$component" "$pid"
    else
      printf '  %-19s dead\n' "$component"
    fi
  done
}

# Names and paths hold no character that JSON would want escaped: settings_load checks the name.
status_json() {
  local component pid state separator=
  printf '{"name":"%s","state":"%s","node_ip":"%s","host_ip":"%s","kubeconfig":"%s","kubernetes_version":"%s","components":[' \
    "$NAME" "$SANDBOX_STATE" "$NODE_IP" "$HOST_IP" "$KUBECONFIG_FILE" "$KUBERNETES_VERSION"
  for component in "${COMPONENTS[@]}"; do
    pid=${COMPONENT_PID[$component]}
    state=dead
    [[ -z $pid ]] || state=running
    printf '%s{"name":"%s","state":"%s","pid":%s}' "$separator" "$component" "$state" "${pid:-null}"
    separator=,
  done
  printf ']}\n'
}

status_needs_state() {
  [[ -d $STATE ]] || fail "there is no sandbox $NAME" "make it: sandbox --name $NAME start"
}

# status_file PATH: prints the path of a file that the first start makes.
status_file() {
  status_needs_state
  [[ -f $1 ]] || fail "sandbox $NAME is incomplete: $1 is missing" "run: sandbox --name $NAME start"
  printf '%s\n' "$1"
}

# status_database [--url]: where the database's URL is written, or the URL itself, which holds a password.
status_database() {
  case $* in
    "") status_file "$DATABASE_FILE" ;;
    --url) sed -n 's/^DATABASE_URL=//p' "$(status_file "$DATABASE_FILE")" ;;
    *) usage_error "database takes nothing but --url" ;;
  esac
}

status_ip() {
  status_needs_state
  printf '%s\n' "$NODE_IP"
}

# status_bin: for whoever needs the programs and no cluster.
status_bin() {
  build_keys
  printf '%s\n' "$BIN"
}

# status_env: shell lines for eval; PATH grows only once.
status_env() {
  build_keys
  printf 'export SANDBOX_NAME=%q\n' "$NAME"
  printf 'export KUBECONFIG=%q\n' "$(status_file "$KUBECONFIG_FILE")"
  # shellcheck disable=SC2016 # the shell that evaluates the line expands PATH
  [[ ":$PATH:" == *":$BIN:"* ]] || printf 'export PATH=%q:"$PATH"\n' "$BIN"
}

status_logs() {
  local component=${1:-} log
  status_needs_state
  [[ " ${COMPONENTS[*]} " == *" $component "* && -n $component ]] ||
    usage_error "logs needs one of: ${COMPONENTS[*]}"
  log=$STATE/log/$component.log
  [[ -f $log ]] || fail "$component has not written a log yet: $log"
  case ${2:-} in
    "") exec cat "$log" ;;
    -f) exec tail -n 50 -F "$log" ;;
    *) usage_error "logs takes only -f" ;;
  esac
}
