# shellcheck shell=bash
# The configuration files of the components. A file is written only when its content differs:
# kube-proxy ends when its file is touched.

# config_put FILE: the content comes on stdin.
config_put() {
  cat >"$1.new"
  if cmp -s "$1.new" "$1"; then
    rm -f "$1.new"
  else
    mv "$1.new" "$1"
  fi
}

configs_write() {
  mkdir -p "$STATE/etc/cni" "$STATE/etc/registries/sandbox.local"
  config_containerd | config_put "$STATE/etc/containerd.toml"
  config_registry | config_put "$STATE/etc/registries/sandbox.local/hosts.toml"
  config_cni | config_put "$STATE/etc/cni/10-bridge.conflist"
  config_coredns | config_put "$STATE/etc/Corefile"
  config_kubelet | config_put "$STATE/etc/kubelet.yaml"
  config_proxy | config_put "$STATE/etc/proxy.yaml"
  config_storage | config_put "$STATE/etc/storage.yaml"
}

# restrict_oom_score_adj: without CAP_SYS_RESOURCE containers could not be started otherwise.
# netns_mounts_under_state_dir and Root keep everything of ours below the state folder.
config_containerd() {
  cat <<TOML
version = 2
root = "$STATE/containerd/root"
state = "$STATE/containerd/state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]
[grpc]
  address = "$CONTAINERD_SOCKET"
[plugins."io.containerd.internal.v1.opt"]
  path = "$STATE/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/etc/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "$STATE/runc"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$STATE/etc/registries"
TOML
}

# Images named sandbox.local/… are loaded, never pulled: a missing one is refused at once instead of after the
# time-outs of a name that no resolver knows.
config_registry() {
  cat <<'TOML'
server = "http://127.0.0.1:1"
[host."http://127.0.0.1:1"]
  capabilities = ["pull", "resolve"]
TOML
}

# The network's name is part of the names of the result files that `stop` removes.
config_cni() {
  cat <<JSON
{"cniVersion": "1.0.0", "name": "$ID", "plugins": [
  {"type": "bridge", "bridge": "pods0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$STATE/ipam",
            "ranges": [[{"subnet": "$POD_RANGE"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
JSON
}

# There is no upstream server: names outside the cluster fail at once.
config_coredns() {
  cat <<COREFILE
.:53 {
    bind $NODE_IP
    errors
    ready $NODE_IP:8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig $KUBECONFIG_FILE $NAME
        pods insecure
        ttl 2
    }
    cache 2
}
COREFILE
}

# No eviction because of a full disk, and loaded images are never collected: nothing could pull
# them again.
config_kubelet() {
  cat <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_IP
tlsCertFile: $PKI/kubelet.crt
tlsPrivateKeyFile: $PKI/kubelet.key
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $PKI/ca.crt}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: /$ID
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix://$CONTAINERD_SOCKET
clusterDNS: [$NODE_IP]
clusterDomain: cluster.local
resolvConf: /dev/null
evictionHard: {memory.available: 200Mi}
# How soon a ConfigMap that changed reaches the pods that mount it. Dapr's operator waits so for the certificates that
# sentry makes: with the default of 1m an installation may take 90 s instead of 10 s.
syncFrequency: 5s
imageGCHighThresholdPercent: 100
volumePluginDir: $STATE/kubelet-plugins
podLogsDir: $STATE/podlogs
YAML
}

config_proxy() {
  cat <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clientConnection: {kubeconfig: $PKI/proxy.kubeconfig}
hostnameOverride: $NODE_NAME
conntrack: {maxPerCore: 0, min: 0}
nodePortAddresses: ["$NODE_IP/32"]
clusterCIDR: $POD_RANGE
YAML
}

config_storage() {
  cat <<YAML
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: directory
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: sandbox.local/directory
volumeBindingMode: WaitForFirstConsumer
reclaimPolicy: Delete
YAML
}
