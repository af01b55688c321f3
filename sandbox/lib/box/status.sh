# shellcheck shell=bash
# The verbs that only look.

status_verb() {
  if [[ ! -d $STATE ]]; then
    printf 'box %s: absent\n' "$NAME"
    exit 4
  elif process_alive init; then
    printf 'box %s: up, %s\n' "$NAME" "$NODE_IP"
  else
    printf 'box %s: down\n' "$NAME"
    exit 3
  fi
}

status_needs_state() {
  [[ -d $STATE ]] || fail "there is no box $NAME" "make it: box --name $NAME up"
}

# status_database [--url]: where the database's URL is written, or the URL itself, which holds a password.
status_database() {
  status_needs_state
  [[ -f $DATABASE_FILE ]] || fail "box $NAME has no database yet" "run: box --name $NAME up"
  case $* in
    "") printf '%s\n' "$DATABASE_FILE" ;;
    --url) sed -n 's/^DATABASE_URL=//p' "$DATABASE_FILE" ;;
    *) usage_error "database takes nothing but --url" ;;
  esac
}

status_ip() {
  status_needs_state
  printf '%s\n' "$NODE_IP"
}

# status_env: shell lines for eval; PATH grows only once.
status_env() {
  status_needs_state
  build_keys
  printf 'export BOX_NAME=%q\nexport KUBECONFIG=%q\n' "$NAME" "$STATE/kubeconfig"
  # shellcheck disable=SC2016 # the shell that evaluates the line expands PATH
  [[ ":$PATH:" == *":$STATE/bin:"* ]] || printf 'export PATH=%q:%q:"$PATH"\n' "$STATE/bin" "$BIN"
}
