# shellcheck shell=bash disable=SC2154
# What a test that was killed leaves on the machine: a whole cluster that goes on running. It is removed before the parts
# that need one, unless a test is at work on it: that one holds a lock (tests/e2e/harness.sh).

# The clusters that tests make, each with the name of the lock: of sandboxes and of boxes.
declare -A test_sandboxes=([sbxe2e]=sbxe2e [sbxapp]=sbxapp [sbxtest]=sbxtest [sbxtest2]=sbxtest [sbxbroken]=sbxbroken)
declare -A test_boxes=([mkboxe2e]=mkboxe2e [mkboxtest]=mkboxtest)

# leftovers_remove: needs root rights only when there is something.
leftovers_remove() {
  local name
  for name in "${!test_sandboxes[@]}"; do
    if leftovers_of "sb-$name" "$name" && leftovers_free "${test_sandboxes[$name]}"; then
      echo "== removing sandbox $name, which an earlier test left"
      as_root sandbox/sandbox --name "$name" delete
    fi
  done
  for name in "${!test_boxes[@]}"; do
    if leftovers_of "bx-$name" "box-$name" && leftovers_free "${test_boxes[$name]}"; then
      echo "== removing box $name, which an earlier test left"
      as_root sandbox/box --name "$name" down --purge
    fi
  done
}

# leftovers_of ID STATE-FOLDER: whether there is a state folder, a network namespace or a cgroup of it.
leftovers_of() {
  [[ -e ${TODOCTL_SANDBOX_STATE:-/var/lib/todoctl-sandbox}/$2 || -e /run/netns/$1 ]] ||
    compgen -G "/sys/fs/cgroup/$1" >/dev/null || compgen -G "/sys/fs/cgroup/*/$1" >/dev/null
}

# leftovers_free LOCK: whether no test is at work on it.
leftovers_free() {
  local lock=/run/todoctl-test-$1.lock
  [[ ! -e $lock ]] || as_root flock -n "$lock" true
}
