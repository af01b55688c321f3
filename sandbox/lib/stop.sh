# shellcheck shell=bash
# `stop` and `delete`. Every step bears that its object is not there: both work after any process
# was killed, and twice. Only what carries this sandbox's name, lies below its state folder or was
# noted from it is touched, since other clusters may run on the machine.

stop_verb() {
  if [[ ! -d $STATE ]]; then
    note "there is no sandbox $NAME"
    return
  fi
  stop_requirements
  lock_take stop
  stop_everything
  stage "sandbox $NAME is stopped; its state is kept in $STATE"
}

delete_verb() {
  stop_requirements
  lock_take delete
  stop_everything
  stop_no_mounts || fail "mounts below $STATE stay; the folder was not removed" "$(stop_mounts)"
  rm -rf --one-file-system "${STATE:?}"
  rmdir "$STATE_ROOT" 2>/dev/null || true
  rm -f "$LOCK_FILE"
  stage "sandbox $NAME is deleted"
}

stop_requirements() {
  ((EUID == 0)) || fail "stopping a sandbox needs root rights: run it with sudo"
}

stop_everything() {
  stop_note_leftovers
  # These hold no state, and nothing may restart containers any more.
  local component
  for component in kubelet proxy coredns volumes scheduler controller-manager apiserver; do
    process_stop "$component" 1 &
  done
  wait
  postgres_stop &
  process_stop etcd 5 &
  stop_containers
  process_stop containerd 3 &
  wait
  stop_sweep
}

# stop_note_leftovers: names that are known only as long as containerd's state is there.
stop_note_leftovers() {
  local tasks=$STATE/containerd/state/io.containerd.runtime.v2.task/k8s.io folder file address
  SHIM_SOCKETS=()
  CONTAINER_IDS=()
  for folder in "$tasks"/*/; do
    [[ -d $folder ]] || continue
    CONTAINER_IDS+=("$(basename "$folder")")
    [[ -f ${folder}address ]] || continue
    address=$(<"${folder}address")
    SHIM_SOCKETS+=("${address#unix://}")
  done
  for file in "/var/lib/cni/results/$ID-"*-eth0; do
    [[ ! -f $file ]] || CONTAINER_IDS+=("$(basename "$file" | cut -c "$((${#ID} + 2))-" | sed 's/-eth0$//')")
  done
}

# stop_containers: containers may end by themselves for 2 s; deleting a task ends its shim.
stop_containers() {
  local tasks
  process_alive containerd || return 0
  tasks=$("${CTR[@]}" tasks ls -q 2>/dev/null) && [[ -n $tasks ]] || return 0
  xargs -P 4 -n 1 "${CTR[@]}" tasks kill -s SIGTERM <<<"$tasks" >/dev/null 2>&1 || true
  wait_until 2 stop_no_task_runs || true
  xargs -P 4 -n 1 "${CTR[@]}" tasks delete -f <<<"$tasks" >/dev/null 2>&1 || true
}

stop_no_task_runs() {
  [[ $("${CTR[@]}" tasks ls) != *RUNNING* ]]
}

# stop_sweep: what is left when nothing could be stopped in order, down to the last file.
stop_sweep() {
  local complaint=
  cgroup_kill || complaint+="processes of pods, "
  network_kill
  postgres_sweep
  stop_unmount || complaint+="mounts, "
  wait_until 3 cgroup_remove || complaint+="cgroups, "
  network_remove || complaint+="the network, "
  stop_remove_files
  [[ -z $complaint ]] || fail "could not remove: ${complaint%, }" "run it again: sandbox --name $NAME stop"
}

stop_mounts() {
  awk -v prefix="$STATE/" 'index($5, prefix) == 1 { print $5 }' /proc/self/mountinfo
}

stop_no_mounts() {
  [[ -z $(stop_mounts) ]]
}

# stop_unmount: deepest first; a mount may have several layers, hence the repetition.
stop_unmount() {
  local tries
  for tries in 1 2 3; do
    stop_no_mounts && return 0
    stop_mounts | tac | tr '\n' '\0' | xargs -0 -r umount -l 2>/dev/null || true
  done
  stop_no_mounts || { note "still mounted after $tries tries: $(stop_mounts)" && return 1; }
}

# stop_remove_files: links, results and sockets outside the state folder, and what containerd and
# the network plugins keep about containers that no longer exist.
stop_remove_files() {
  local id
  for id in "${CONTAINER_IDS[@]}"; do
    rm -f "/var/lib/cni/results/$ID-$id-"* "/var/lib/cni/results/cni-loopback-$id-"*
  done
  ((${#SHIM_SOCKETS[@]} == 0)) || rm -f "${SHIM_SOCKETS[@]}"
  [[ ! -d /var/log/containers ]] ||
    find /var/log/containers -maxdepth 1 -type l -lname "$STATE/*" -delete
  rm -rf --one-file-system "$STATE"/{builds,containerd/state,runc,ipam} "$CONTAINERD_SOCKET"*
  rm -f "$STATE"/run/*
}
