# shellcheck shell=bash
# The sandbox's network namespace and the one interface pair that joins it to the host. All
# components run inside, so the host's packet filter is never touched, and the rules, bridge and
# pod interfaces go when the namespace goes. Inside NET (a /16): NET.0.1 host, NET.0.2 node,
# NET.1.0/24 pods, NET.128.0/17 services.

network_exists() {
  [[ -e $NETNS_FILE ]]
}

# network_reserve: records the address range in the state folder, unless somebody else has it.
network_reserve() {
  local other owner
  if [[ -n $NET_RECORDED ]]; then
    [[ -z $NET_WANTED || $NET_WANTED == "$NET_RECORDED" ]] ||
      fail "$TOOL $NAME has the range $NET_RECORDED.0.0/16, not $NET_WANTED.0.0/16" \
        "the range is fixed at the first start; to change it, remove it and make it anew"
    return
  fi
  mkdir -p "$STATE_ROOT"
  exec {LOCK_NET}<"$STATE_ROOT"
  flock "$LOCK_NET"
  for other in "$STATE_ROOT"/*/net; do
    [[ -f $other && $(<"$other") == "$NET" ]] || continue
    owner=$(basename "$(dirname "$other")")
    fail "the range $NET.0.0/16 belongs to $owner below $STATE_ROOT" \
      "choose another with --net 10.N"
  done
  other=$(ip -4 route show table all root "$NET.0.0/16" | grep -vw "dev $ID" || true)
  [[ -z $other ]] ||
    fail "the range $NET.0.0/16 is in use on this machine" "$other" \
      "choose another with --net 10.N"
  mkdir -p "$STATE"
  printf '%s\n' "$NET" >"$STATE/net"
  NET_RECORDED=$NET
  exec {LOCK_NET}<&-
}

# network_start: makes namespace, interfaces, addresses and routes; what is there stays.
network_start() {
  # A file that is no namespace remains when only the mount was lost.
  if network_exists && ! nsenter --net="$NETNS_FILE" true 2>/dev/null; then
    rm -f "$NETNS_FILE"
  fi
  network_exists || ip netns add "$ID"
  [[ -e /sys/class/net/$ID ]] || ip link add "$ID" type veth peer name node0 netns "$ID"
  ip address replace "$HOST_IP/30" dev "$ID"
  ip link set "$ID" up
  nsenter --net="$NETNS_FILE" bash -ec "
    ip link set lo up
    ip address replace $NODE_IP/30 dev node0
    ip link set node0 up
    ip route replace default via $HOST_IP
    sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1"
  # Pods and Services answer from the host too. The routes go with the interface.
  [[ -n $POD_RANGE ]] || return 0
  ip route replace "$POD_RANGE" via "$NODE_IP" dev "$ID"
  ip route replace "$SERVICE_RANGE" via "$NODE_IP" dev "$ID"
}

# network_kill: kills what still runs inside the namespace: components whose pid was lost, and
# the containers' shims, which are children of containerd.
network_kill() {
  local pid
  network_exists || return 0
  for pid in $(ip netns pids "$ID" 2>/dev/null); do
    kill -s KILL "$pid" 2>/dev/null || true
  done
}

# network_remove: removes interface and namespace; fails when one stays.
network_remove() {
  if [[ -e /sys/class/net/$ID ]]; then
    ip link delete "$ID" || return 1
  fi
  network_exists || return 0
  ip netns delete "$ID" 2>/dev/null || rm -f "$NETNS_FILE"
}
