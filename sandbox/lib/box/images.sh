# shellcheck shell=bash
# The images that kubeadm and Minikube would pull, made from the sandbox's own binaries: all in one archive, so that the
# layer with the Kubernetes binary is stored and unpacked once.

# images_node: makes them when one is missing, and when a binary is another than the one in them.
images_node() {
  local name known record=$STATE/images/node key missing=
  images_names
  key="${BUILD_KEY[kubernetes]} $(images_iptables_key)"
  known=$'\n'$(images_known)
  for name in "${!NODE_IMAGES[@]}"; do
    [[ $known == *$'\n'"$name "* ]] || missing=1
  done
  [[ -n $missing || ! -f $record || $(<"$record") != "$key" ]] || return 0
  rm -f "$record"
  images_node_make
  printf '%s\n' "$key" >"$record"
}

# images_names: sets NODE_IMAGES, per name the program that the image starts, and its layers.
images_names() {
  local program
  declare -gA NODE_IMAGES=(
    [$ETCD_IMAGE]="/usr/local/bin/etcd node"
    [$COREDNS_IMAGE]="/coredns node"
    [$PROVISIONER_IMAGE]="/storage-provisioner node"
    [registry.k8s.io/kube-proxy:$KUBERNETES_VERSION]="/usr/local/bin/kube-proxy node iptables"
  )
  for program in kube-apiserver kube-controller-manager kube-scheduler; do
    NODE_IMAGES[registry.k8s.io/$program:$KUBERNETES_VERSION]="/usr/local/bin/$program node"
  done
}

images_node_make() {
  local work name entrypoint layers layer count=0 separator=
  local -a digest
  local -A digests=()
  mkdir -p "$STATE/builds"
  work=$(mktemp -d "$STATE/builds/XXXXXX")
  images_node_root "$work/node"
  images_iptables_root "$work/iptables"
  for layer in node iptables; do
    digests[$layer]=$(image_layer "$work/$layer" "$work/$layer.tar")
  done
  printf '[' >"$work/manifest.json"
  for name in "${!NODE_IMAGES[@]}"; do
    read -r entrypoint layers <<<"${NODE_IMAGES[$name]}"
    digest=()
    for layer in $layers; do
      digest+=("${digests[$layer]}")
    done
    ((++count))
    image_config "$name" 0 "$entrypoint" "${digest[@]}" >"$work/$count.json"
    layers="\"${layers// /.tar\",\"}.tar\""
    printf '%s{"Config":"%s.json","RepoTags":["%s"],"Layers":[%s]}' "$separator" "$count" "$name" "$layers" >>"$work/manifest.json"
    separator=,
  done
  printf ']\n' >>"$work/manifest.json"
  (cd "$work" && tar -cf - manifest.json [0-9]*.json node.tar iptables.tar) | image_import -
  rm -rf "$work"
}

# images_node_root FOLDER: the Kubernetes binary under all its names.
images_node_root() {
  local name
  mkdir -p "$1/usr/local/bin"
  mkdir -m 1777 "$1/tmp"
  cp "$BIN/kubernetes" "$1/coredns"
  ln "$1/coredns" "$1/storage-provisioner"
  for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy etcd; do
    ln "$1/coredns" "$1/usr/local/bin/$name"
  done
}

# images_iptables_root FOLDER: the machine's own iptables (nft) and conntrack for kube-proxy, with their libraries.
# Those of the extensions count too: without libm a Service with one pod works, and one with two does not.
images_iptables_root() {
  local name suffix library extensions
  extensions=$(images_extensions)
  mkdir -p "$1"/{usr/sbin,run,etc,tmp} "$1$extensions"
  cp /usr/sbin/xtables-nft-multi /usr/sbin/conntrack "$1/usr/sbin/"
  for name in iptables ip6tables; do
    for suffix in "" -save -restore; do
      ln -s xtables-nft-multi "$1/usr/sbin/$name$suffix"
    done
  done
  cp "$extensions"/*.so "$1$extensions/"
  while read -r library; do
    mkdir -p "$1${library%/*}"
    cp -L "$library" "$1$library"
  done < <(ldd /usr/sbin/xtables-nft-multi /usr/sbin/conntrack "$extensions"/*.so 2>/dev/null |
    awk '$2 == "=>" { print $3 } $1 ~ /ld-linux/ { print $1 }' | sort -u)
}

# images_extensions: prints the folder of iptables' extensions.
images_extensions() {
  local folder
  for folder in /usr/lib/*/xtables /usr/lib64/xtables /usr/lib/xtables; do
    [[ ! -d $folder ]] || { printf '%s\n' "$folder" && return; }
  done
  fail "iptables has no folder of extensions" "reinstall it: apt-get install --reinstall iptables"
}

# images_iptables_key: what tells one version of these programs from another.
images_iptables_key() {
  cat /usr/sbin/xtables-nft-multi /usr/sbin/conntrack "${BASH_SOURCE[0]}" | sha256sum | cut -c 1-16
}
