# shellcheck shell=bash
# The command of each component. PostgreSQL has a file of its own: it plays the managed database
# outside the cluster and is the only one that runs in the host's network.

# component_start COMPONENT: leaves it alone when it runs already.
component_start() {
  process_alive "$1" || "component_$1"
}

component_etcd() {
  process_spawn_inside etcd "$BIN/etcd" --data-dir "$STATE/etcd" \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync
}

component_containerd() {
  process_spawn_inside containerd containerd -c "$STATE/etc/containerd.toml"
}

component_apiserver() {
  local audit=()
  if [[ -n $AUDIT_POLICY ]]; then
    audit=(--audit-policy-file "$AUDIT_POLICY" --audit-log-path "$STATE/audit.log" --audit-log-mode blocking)
  fi
  process_spawn_inside apiserver "$BIN/kube-apiserver" --etcd-servers http://127.0.0.1:2379 \
    --bind-address "$NODE_IP" --advertise-address "$NODE_IP" --secure-port 6443 \
    --service-cluster-ip-range "$SERVICE_RANGE" --allow-privileged=true \
    --client-ca-file "$PKI/ca.crt" \
    --tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" \
    --service-account-issuer https://kubernetes.default.svc.cluster.local \
    --service-account-key-file "$PKI/service-accounts.pub" \
    --service-account-signing-key-file "$PKI/service-accounts.key" \
    --kubelet-certificate-authority "$PKI/ca.crt" \
    --kubelet-client-certificate "$PKI/apiserver-kubelet-client.crt" \
    --kubelet-client-key "$PKI/apiserver-kubelet-client.key" \
    --kubelet-preferred-address-types InternalIP,Hostname \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction "${audit[@]}"
}

component_controller-manager() {
  local kubeconfig=$PKI/controller-manager.kubeconfig
  process_spawn_inside controller-manager "$BIN/kube-controller-manager" --kubeconfig "$kubeconfig" \
    --authentication-kubeconfig "$kubeconfig" --authorization-kubeconfig "$kubeconfig" \
    --service-account-private-key-file "$PKI/service-accounts.key" --root-ca-file "$PKI/ca.crt" \
    --use-service-account-credentials --leader-elect=false --bind-address 127.0.0.1 \
    --allocate-node-cidrs=false \
    --cluster-signing-cert-file "$PKI/ca.crt" --cluster-signing-key-file "$PKI/ca.key"
}

component_scheduler() {
  local kubeconfig=$PKI/scheduler.kubeconfig
  process_spawn_inside scheduler "$BIN/kube-scheduler" --kubeconfig "$kubeconfig" \
    --authentication-kubeconfig "$kubeconfig" --authorization-kubeconfig "$kubeconfig" \
    --leader-elect=false --bind-address 127.0.0.1
}

component_coredns() {
  process_spawn_inside coredns "$BIN/coredns" -conf "$STATE/etc/Corefile"
}

component_volumes() {
  process_spawn_inside volumes "$BIN/sandbox-volumes" --kubeconfig "$KUBECONFIG_FILE" --root "$STATE/volumes"
}

component_kubelet() {
  process_spawn_inside kubelet "$BIN/kubelet" --config "$STATE/etc/kubelet.yaml" \
    --kubeconfig "$PKI/kubelet.kubeconfig" --hostname-override "$NODE_NAME" --node-ip "$NODE_IP" \
    --root-dir "$STATE/kubelet" --v=1
}

component_proxy() {
  process_spawn_inside proxy "$BIN/kube-proxy" --config "$STATE/etc/proxy.yaml"
}
