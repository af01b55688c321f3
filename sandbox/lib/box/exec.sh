# shellcheck shell=bash
# `exec`: a command inside the box, with the caller's environment, working folder and exit status. Files of the host are
# where they are, except below /var, /run and, once the box has changed them, /etc, /opt and /usr.

exec_verb() {
  local PID
  (($# > 0)) || usage_error "exec needs a command"
  if ! process_find init; then
    note "box: box $NAME is down; bring it up: box --name $NAME up"
    exit 125
  fi
  build_keys
  cgroup_join
  export PATH=$BIN:$PATH
  # Minikube's files and temporary files are the box's, and so is the kubeconfig unless the caller has one.
  export MINIKUBE_HOME=$MINIKUBE_FOLDER TMPDIR=$STATE/tmp KUBECONFIG=${KUBECONFIG:-$STATE/kubeconfig}
  exec nsenter --target "$PID" --all --wdns="$PWD" "$@"
}
