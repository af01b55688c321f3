# shellcheck shell=bash
# `up`. Repeating it is harmless: what runs is left alone, and what a killed box left is swept before.

up_verb() {
  REQUIRED_PROGRAMS+=("sudo sudo" "socat socat" "gcc gcc" "/lib/systemd/systemd systemd")
  require_for_start
  build_everything
  lock_take up
  # Another `up` may have recorded the range while this one waited.
  settings_net
  settings_addresses
  settings_box
  network_reserve
  mkdir -p "$STATE"/{run,log,tmp} "$MACHINE"
  process_alive init || down_sweep
  ! cgroup_is_v2 || note "box: this machine has cgroup v2, on which the box has not been tried"
  pki_create_database
  network_start
  up_refuse
  cgroup_create
  up_cpuset
  up_binaries
  process_alive postgres || component_postgres
  machine_start
  stage "the machine is up"
  machine_socket
  up_images
  wait_until 30 postgres_ready || fail "the database does not answer" "$(tail -n 5 "$STATE/log/postgres.log")"
  stage "box $NAME is up: $NODE_IP; next: eval \"\$(sandbox/box env)\" && minikube start --driver=none --container-runtime=containerd --kubernetes-version=$KUBERNETES_VERSION --cni=bridge --preload=false"
}

# up_refuse: every question to the name server that is not there (lib/box/machine) is refused, not one a second.
up_refuse() {
  nsenter --net="$NETNS_FILE" sysctl -qw net.ipv4.icmp_ratelimit=0
}

# up_cpuset: cgroups that are made below the box's may use what it may use, without anybody's help (cgroup v1).
up_cpuset() {
  local file=$CGROUP_MOUNT/cpuset/$ID/cgroup.clone_children
  [[ ! -f $file ]] || echo 1 >"$file"
}

# up_binaries: what Minikube would download, where it looks first; and minikube itself, as a command of the host.
up_binaries() {
  local cache program
  cache=$MINIKUBE_FOLDER/.minikube/cache/linux/$(image_machine)/$KUBERNETES_VERSION
  mkdir -p "$cache" "$STATE/bin"
  for program in kubeadm kubelet kubectl; do
    [[ ! $cache/$program -ef $BIN/$program ]] || continue
    ln -fL "$BIN/$program" "$cache/$program" 2>/dev/null || cp -L "$BIN/$program" "$cache/$program"
  done
  {
    printf '#!/usr/bin/env bash\n# Minikube of box %s; it runs inside.\n' "$NAME"
    printf 'exec %q --name %q exec minikube "$@"\n' "$SANDBOX_HOME/box" "$NAME"
  } >"$STATE/bin/minikube.new"
  chmod +x "$STATE/bin/minikube.new"
  mv "$STATE/bin/minikube.new" "$STATE/bin/minikube"
}

up_images() {
  images_ensure pause
  images_node
  images_ensure dapr kafka
  stage "images of Kubernetes, Minikube, Dapr and the broker are there"
}
