# shellcheck shell=bash
# The cgroup below which the kubelet puts every pod, one per sandbox, so that stopping can tell
# our containers from everybody else's. Two layouts: cgroup v1 (one hierarchy per controller,
# also with the "unified" one beside them) and cgroup v2 (one hierarchy). The v2 branches have
# not been run on a real machine: the machines this was written on have v1.

CGROUP_MOUNT=/sys/fs/cgroup

cgroup_is_v2() {
  [[ -f $CGROUP_MOUNT/cgroup.controllers ]]
}

# cgroup_create: makes the sandbox's cgroup in every hierarchy; the kubelet wants it to exist.
cgroup_create() {
  if cgroup_is_v2; then
    cgroup_create_v2
    return
  fi
  local hierarchy
  for hierarchy in "$CGROUP_MOUNT"/*/; do
    [[ -f ${hierarchy}cgroup.procs ]] || continue
    [[ -d $hierarchy$ID ]] || mkdir "$hierarchy$ID"
    # A new cpuset has no processors and no memory; nothing could run in it.
    if [[ -f ${hierarchy}cpuset.cpus && -z $(<"$hierarchy$ID/cpuset.cpus") ]]; then
      cat "${hierarchy}cpuset.cpus" >"$hierarchy$ID/cpuset.cpus"
      cat "${hierarchy}cpuset.mems" >"$hierarchy$ID/cpuset.mems"
    fi
  done
}

# A v2 cgroup offers its children only the controllers that its parents hand down.
cgroup_create_v2() {
  mkdir -p "$CGROUP_MOUNT/$ID"
  local level controller
  for level in "$CGROUP_MOUNT" "$CGROUP_MOUNT/$ID"; do
    for controller in cpu cpuset memory pids io hugetlb; do
      grep -qw "$controller" "$level/cgroup.controllers" || continue
      printf '+%s\n' "$controller" >"$level/cgroup.subtree_control" ||
        fail "cannot enable the cgroup controller $controller in $level" \
          "the cgroup root of this machine does not hand it down (a container without its own cgroup namespace?)"
    done
  done
}

# cgroup_join: moves the calling (sub)shell into the cgroups; what it starts stays there. A v2 cgroup that hands
# controllers down holds no processes itself, hence the leaf.
cgroup_join() {
  local folder leaf
  local -a FOLDERS
  cgroup_folders
  for folder in "${FOLDERS[@]}"; do
    leaf=$folder
    if cgroup_is_v2; then
      leaf=$folder/joined
      mkdir -p "$leaf"
    fi
    printf '%s\n' "$BASHPID" >"$leaf/cgroup.procs"
  done
}

# cgroup_folders: sets FOLDERS to the sandbox's cgroups, one per hierarchy.
cgroup_folders() {
  local folder
  FOLDERS=()
  for folder in "$CGROUP_MOUNT/$ID" "$CGROUP_MOUNT"/*/"$ID"; do
    [[ ! -d $folder ]] || FOLDERS+=("$folder")
  done
}

cgroup_is_absent() {
  local -a FOLDERS
  cgroup_folders
  ((${#FOLDERS[@]} == 0))
}

# cgroup_pids: prints the processes of all pods.
cgroup_pids() {
  local -a FOLDERS
  cgroup_folders
  ((${#FOLDERS[@]} == 0)) ||
    find "${FOLDERS[@]}" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -un || true
}

cgroup_is_empty() {
  [[ -z $(cgroup_pids) ]]
}

# cgroup_kill: kills every process of every pod; forks may escape one look, hence the loop.
cgroup_kill() {
  local pid tries
  for ((tries = 0; tries < 50; tries++)); do
    cgroup_is_empty && return 0
    for pid in $(cgroup_pids); do
      kill -s KILL "$pid" 2>/dev/null || true
    done
    sleep 0.05
  done
  note "processes of pods survive SIGKILL: $(cgroup_pids | tr '\n' ' ')"
  return 1
}

# cgroup_remove: removes the empty cgroups, children first; fails when one stays.
cgroup_remove() {
  local -a FOLDERS
  cgroup_folders
  ((${#FOLDERS[@]} == 0)) || find "${FOLDERS[@]}" -depth -type d -exec rmdir {} + 2>/dev/null || true
  cgroup_is_absent
}
