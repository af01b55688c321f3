# shellcheck shell=bash
# Compiles the binaries from pinned Go modules into a cache outside the checkout. Each binary has a key of
# its own, over version, module, sources and flags: a change to one does not compile the others again. A
# binary appears in the cache only when it is complete, and the folder BIN of a checkout holds hard links.

BUILD_FLAGS=(-buildvcs=false -trimpath)
BUILD_BINARIES=(pause kafka kubernetes kubectl helm dapr "${BUILD_MORE[@]}")
KUBERNETES_LINKS=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet etcd coredns sandbox-volumes)
# What no start and no build has used for so many days is removed when something is compiled.
CACHE_DAYS=30

# -g: this file is sourced inside a function. Per binary (a folder of sandbox/go has its module): the package, the linker's flags, what it is.
declare -gA BUILD_PACKAGE=(
  [pause]=. [kafka]=. [kubernetes]=. [dapr]=. [kubectl]=k8s.io/kubernetes/cmd/kubectl
  [helm]=helm.sh/helm/v4/cmd/helm [helm3]=helm.sh/helm/v3/cmd/helm
  [minikube]=k8s.io/minikube/cmd/minikube [kubeadm]=k8s.io/kubernetes/cmd/kubeadm [crictl]=./crictl
  [buildkitd]=github.com/moby/buildkit/cmd/buildkitd [buildctl]=github.com/moby/buildkit/cmd/buildctl
)
# kubectl is not in Kubernetes's binary because it is started often: there, every start costs 0.09 s of processor time
# instead of 0.045.
# The folder of sandbox/go with a binary's module, when it is not called like the binary.
declare -gA BUILD_MODULE=(
  [kubectl]=kubernetes [kubeadm]=kubernetes [crictl]=kubernetes [buildkitd]=buildkit [buildctl]=buildkit
)
# Minikube links libvirt's headers; with this tag it looks for the library when it needs it, which is never here.
declare -gA BUILD_CGO=([minikube]=1)
MINIKUBE_PACKAGE=k8s.io/minikube/pkg/version
BUILDKIT_LINKER_FLAGS="-s -w -X github.com/moby/buildkit/version.Version=$BUILDKIT_VERSION"
KUBERNETES_LINKER_FLAGS="-s -w -X k8s.io/component-base/version.gitVersion=$KUBERNETES_VERSION \
-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34 \
-X k8s.io/client-go/pkg/version.gitVersion=$KUBERNETES_VERSION"
# Without a version set here Kubernetes calls itself v0.0.0, which charts refuse, helm v4.2, and Dapr edge.
declare -gA BUILD_LINKER_FLAGS=(
  [pause]="-s -w"
  [kafka]="-s -w"
  [kubernetes]=$KUBERNETES_LINKER_FLAGS
  [kubectl]=$KUBERNETES_LINKER_FLAGS
  [helm]="-s -w -X helm.sh/helm/v4/internal/version.version=$HELM_VERSION"
  [helm3]="-s -w -X helm.sh/helm/v3/internal/version.version=$HELM3_VERSION"
  [dapr]="-s -w -X github.com/dapr/dapr/pkg/buildinfo.version=$DAPR_VERSION \
-X github.com/dapr/kit/logger.DaprVersion=$DAPR_VERSION"
  [kubeadm]=$KUBERNETES_LINKER_FLAGS
  [crictl]="-s -w"
  [buildkitd]=$BUILDKIT_LINKER_FLAGS
  [buildctl]=$BUILDKIT_LINKER_FLAGS
  # Without the last one the image of the addon storage-provisioner has an empty tag.
  [minikube]="-s -w -X $MINIKUBE_PACKAGE.version=$MINIKUBE_VERSION -X $MINIKUBE_PACKAGE.isoVersion=v1.38.0 \
-X $MINIKUBE_PACKAGE.gitCommitID=c93a4cb9311efc66b90d33ea03f75f2c4120e9b0 -X $MINIKUBE_PACKAGE.storageProvisionerVersion=v5"
)
# daprd ends at once when it was built without one of Dapr's two tags that choose its components.
declare -gA BUILD_TAGS=([dapr]=stablecomponents [minikube]=libvirt_dlopen)
declare -gA BUILD_WHAT=(
  [pause]="the process that holds a pod's namespaces"
  [kafka]="the Kafka broker; about 15 seconds on 2 cores"
  [kubernetes]="Kubernetes $KUBERNETES_VERSION, etcd, CoreDNS in one binary; about 6 minutes on 2 cores"
  [kubectl]="kubectl $KUBERNETES_VERSION; about 15 seconds after Kubernetes"
  [helm]="helm $HELM_VERSION; about 2 minutes on 2 cores"
  [helm3]="helm $HELM3_VERSION; about 80 seconds on 2 cores"
  [minikube]="Minikube $MINIKUBE_VERSION; about 4 minutes on 2 cores"
  [kubeadm]="kubeadm $KUBERNETES_VERSION; about 30 seconds after Kubernetes"
  [crictl]="a stand-in for crictl; some seconds after Kubernetes"
  [buildctl]="BuildKit's client $BUILDKIT_VERSION; about 70 seconds on 2 cores"
  [buildkitd]="BuildKit's service $BUILDKIT_VERSION; about 30 seconds after its client"
  [dapr]="Dapr $DAPR_VERSION, control plane and sidecar in one binary; about 4 minutes on 2 cores"
)

# build_keys: sets BUILD_KEY of each binary, and BIN, the folder of the binaries that belong to this checkout.
build_keys() {
  local binary folder sum keys=
  local -a files
  declare -gA BUILD_KEY=()
  for binary in "${!BUILD_PACKAGE[@]}"; do
    folder=$SANDBOX_HOME/go/${BUILD_MODULE[$binary]-$binary}
    files=("$folder"/*.go "$folder"/go.sum)
    [[ ${BUILD_PACKAGE[$binary]} != ./* ]] || files=("$folder/${BUILD_PACKAGE[$binary]#./}"/*.go "$folder"/go.sum)
    [[ -e ${files[0]} ]] || unset 'files[0]' # helm's modules have no source of their own
    [[ -e ${files[-1]} ]] || unset 'files[-1]' # pause needs no module
    sum=$({
      printf '%s\n' "${BUILD_FLAGS[@]}" "${BUILD_PACKAGE[$binary]}" "${BUILD_LINKER_FLAGS[$binary]}" "${BUILD_TAGS[$binary]-}"
      [[ -z ${BUILD_CGO[$binary]-} ]] || echo cgo
      cat "$folder/go.mod" "${files[@]}"
    } | sha256sum)
    BUILD_KEY[$binary]=${sum:0:16}
  done
  for binary in "${BUILD_BINARIES[@]}" helm3; do
    keys+="$binary ${BUILD_KEY[$binary]} "
  done
  sum=$(sha256sum <<<"$keys")
  BIN=$CACHE_ROOT/${sum:0:16}/bin
}

# build_stored NAME: prints where the cache keeps a binary, or the chart that comes with Dapr.
build_stored() {
  printf '%s\n' "$CACHE_ROOT/store/$1-${BUILD_KEY[${1%-chart}]}"
}

# build_missing [helm3]: sets MISSING to the binaries that are not in the cache.
build_missing() {
  local binary
  MISSING=()
  for binary in "${BUILD_BINARIES[@]}" "$@"; do
    [[ -x $BIN/$binary ]] || MISSING+=("$binary")
  done
}

# build_must_compile [helm3]: whether the Go tool is needed at all.
build_must_compile() {
  local binary
  for binary in "${BUILD_BINARIES[@]}" "$@"; do
    [[ -x $BIN/$binary || -x $(build_stored "$binary") ]] || return 0
  done
  ! chart_is_stored
}

# build_everything [helm3]: compiles what is missing and puts Dapr's chart in its place.
build_everything() {
  local LOCK
  build_keys
  build_missing "$@"
  if ((${#MISSING[@]} > 0)) || ! chart_is_stored; then
    ! build_must_compile "$@" || require_for_build
    build_locked "$@"
  fi
  touch -c "$(dirname "$BIN")"
  chart_place
}

# build_locked [helm3]: two builds at the same time take turns.
build_locked() {
  local binary compiled=
  mkdir -p "$BIN" "$CACHE_ROOT/store"
  exec {LOCK}>"$CACHE_ROOT/lock"
  if ! flock -n "$LOCK"; then
    note "waiting: another build holds $CACHE_ROOT/lock"
    flock "$LOCK"
  fi
  build_links
  build_missing "$@"
  for binary in "${MISSING[@]}"; do
    if [[ ! -x $(build_stored "$binary") ]]; then
      build_binary "$binary"
      compiled=1
    fi
    ln -f "$(build_stored "$binary")" "$BIN/$binary"
  done
  chart_is_stored || chart_store
  [[ -z $compiled ]] || cache_trim
  exec {LOCK}>&-
}

build_links() {
  local name
  for name in "${KUBERNETES_LINKS[@]}"; do
    ln -sfn kubernetes "$BIN/$name"
  done
}

# build_go FOLDER COMMAND...: the Go tool in one of our modules, which must be complete as they are committed.
build_go() {
  local folder=$1
  shift
  cd "$SANDBOX_HOME/go/$folder" && CGO_ENABLED=${CGO:-0} GOFLAGS=-mod=readonly GOWORK=off exec nice -n 5 go "$@"
}

# build_binary NAME: compiles it, and says at least every 10 s how far it is.
build_binary() {
  local binary=$1 stored log compiler started=$SECONDS
  stored=$(build_stored "$1")
  log=$stored.log
  stage "compiling $binary: ${BUILD_WHAT[$binary]}"
  rm -f "$stored".new.*
  (CGO=${BUILD_CGO[$binary]-} build_go "${BUILD_MODULE[$binary]-$binary}" build -v "${BUILD_FLAGS[@]}" -tags "${BUILD_TAGS[$binary]-}" \
    -ldflags "${BUILD_LINKER_FLAGS[$binary]}" -o "$stored.new.$$" "${BUILD_PACKAGE[$binary]}") >"$log" 2>&1 &
  compiler=$!
  # The shell lets background jobs ignore an interrupt from the keyboard.
  trap 'kill "$compiler" 2>/dev/null' EXIT
  build_progress "$compiler" "$binary" "$log" "$started"
  wait "$compiler" ||
    fail "compiling $binary failed" "the end of $log:" "$(tail -n 15 "$log")" \
      "run the same command again: what is compiled already is kept"
  trap - EXIT
  mv "$stored.new.$$" "$stored"
  rm -f "$log"
  stage "compiled $binary in $((SECONDS - started)) s"
}

# build_progress PID BINARY LOG STARTED: reports while the compiler runs.
build_progress() {
  local ticks=0 downloads lines last
  while kill -0 "$1" 2>/dev/null; do
    sleep 0.1
    ((++ticks % 80 == 0)) || continue
    downloads=$(grep -c '^go: downloading' "$3" || true)
    lines=$(wc -l <"$3")
    last=$(tail -n 1 "$3")
    stage "compiling $2: $((SECONDS - $4)) s, $downloads modules fetched, $((lines - downloads)) packages compiled, now ${last:-reading the build cache}"
  done
}

# cache_trim: keeps the cache from growing for ever. A folder of binaries carries the time of its last use;
# one that a process runs from stays, however old. What is stored goes when no folder links to it.
cache_trim() {
  local entry
  while read -r entry; do
    cache_is_in_use "$entry" || rm -rf --one-file-system "$entry"
  done < <(find -H "$CACHE_ROOT" -mindepth 1 -maxdepth 1 -type d -name '[0-9a-f]*' -mtime "+$CACHE_DAYS")
  find -H "$CACHE_ROOT/store" -maxdepth 1 -type f -links 1 -mtime "+$CACHE_DAYS" -delete
  for entry in "$CACHE_ROOT"/store/dapr-chart-*; do
    [[ -e ${entry/dapr-chart-/dapr-} ]] || rm -rf "$entry"
  done
}

# cache_is_in_use FOLDER: whether a process runs a binary that it holds. Files are compared, not paths: a path may lead
# through a link. Folders share files, so that one may stay because of another; it costs nothing then.
cache_is_in_use() {
  local program binary
  for program in /proc/[0-9]*/exe; do
    for binary in "$1"/bin/*; do
      [[ ! $program -ef $binary ]] || return 0
    done
  done
  return 1
}

build_verb() {
  local -a extra=() MISSING
  case ${1:-} in
    "") ;;
    --with-helm3) extra=(helm3) ;;
    *) usage_error "build takes only --with-helm3, got: $1" ;;
  esac
  build_keys
  build_missing "${extra[@]}"
  if ((${#MISSING[@]} == 0)) && chart_is_stored; then
    build_everything "${extra[@]}"
    note "nothing to do: all binaries are in $BIN"
    return
  fi
  build_everything "${extra[@]}"
  stage "all binaries are in $BIN"
}
