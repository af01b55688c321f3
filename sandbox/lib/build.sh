# shellcheck shell=bash
# Compiles the binaries from pinned Go modules into a cache outside the checkout. Each binary has a key of
# its own, over version, module, sources and flags: a change of one's sources does not compile the others again. A
# binary appears in the cache only when it is complete, and the folder BIN of a checkout holds hard links.

# Without debug information, which the linker would leave out anyway: it need not be made.
BUILD_FLAGS=(-buildvcs=false -trimpath -gcflags=all=-dwarf=false)
BUILD_BINARIES=(pause kafka kubernetes kubectl helm dapr "${BUILD_MORE[@]}")
KUBERNETES_LINKS=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet etcd coredns sandbox-volumes)
# What no start and no build has used for so many days is removed when something is compiled.
CACHE_DAYS=30

# -g: this file is sourced inside a function. Per binary: its package, whose path ends in the name that the Go tool gives it.
declare -gA BUILD_PACKAGE=(
  [pause]=./pause [kafka]=./kafka [kubernetes]=./kubernetes [dapr]=./dapr [crictl]=./crictl
  [kubectl]=k8s.io/kubernetes/cmd/kubectl [kubeadm]=k8s.io/kubernetes/cmd/kubeadm
  [helm]=helm.sh/helm/v4/cmd/helm [helm3]=helm.sh/helm/v3/cmd/helm
  [minikube]=k8s.io/minikube/cmd/minikube
  [buildkitd]=github.com/moby/buildkit/cmd/buildkitd [buildctl]=github.com/moby/buildkit/cmd/buildctl
)
# kubectl is not in Kubernetes's binary because it is started often: there, every start costs 0.09 s of processor time
# instead of 0.045.
# The folder of sandbox/go with a binary's module. Most are in the one of sandbox/go itself: what they share is compiled
# once, above all one version of Kubernetes's libraries.
declare -gA BUILD_MODULE=([helm]=helm [helm3]=helm3 [minikube]=minikube [buildkitd]=buildkit [buildctl]=buildkit)
# Minikube links libvirt's headers; with this tag it looks for the library when it needs it, which is never here.
declare -gA BUILD_CGO=([minikube]=1) # of a module too
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
# Of a module, as its binaries are compiled together.
declare -gA BUILD_TAGS=([minikube]=libvirt_dlopen)
declare -gA BUILD_WHAT=(
  [pause]="the process that holds a pod's namespaces"
  [kafka]="the Kafka broker"
  [kubernetes]="Kubernetes $KUBERNETES_VERSION, etcd and CoreDNS in one binary"
  [kubectl]="kubectl $KUBERNETES_VERSION"
  [helm]="helm $HELM_VERSION"
  [helm3]="helm $HELM3_VERSION"
  [minikube]="Minikube $MINIKUBE_VERSION"
  [kubeadm]="kubeadm $KUBERNETES_VERSION"
  [crictl]="a stand-in for crictl"
  [buildctl]="BuildKit's client $BUILDKIT_VERSION"
  [buildkitd]="BuildKit's service $BUILDKIT_VERSION"
  [dapr]="Dapr $DAPR_VERSION, control plane and sidecar in one binary"
)

# build_keys: sets BUILD_KEY of each binary, and BIN, the folder of the binaries that belong to this checkout.
build_keys() {
  local binary module package sum keys=
  local -a files
  declare -gA BUILD_KEY=()
  for binary in "${!BUILD_PACKAGE[@]}"; do
    module=${BUILD_MODULE[$binary]-.}
    package=${BUILD_PACKAGE[$binary]}
    files=("$SANDBOX_HOME/go/$module"/go.{mod,sum})
    [[ $package != ./* ]] || files+=("$SANDBOX_HOME/go/$module/$package"/*.go)
    sum=$({
      printf '%s\n' "${BUILD_FLAGS[@]}" "$package" "${BUILD_LINKER_FLAGS[$binary]}" "${BUILD_TAGS[$module]-}"
      [[ -z ${BUILD_CGO[$module]-} ]] || echo cgo
      cat "${files[@]}"
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
  local binary module compiled=
  mkdir -p "$BIN" "$CACHE_ROOT/store"
  exec {LOCK}>"$CACHE_ROOT/lock"
  if ! flock -n "$LOCK"; then
    note "waiting: another build holds $CACHE_ROOT/lock"
    flock "$LOCK"
  fi
  build_links
  build_missing "$@"
  for module in . helm helm3 buildkit minikube; do
    build_select "$module"
    ((${#SELECTED[@]} > 0)) || continue
    build_together "$module" "${SELECTED[@]}"
    compiled=1
  done
  for binary in "${MISSING[@]}"; do
    ln -f "$(build_stored "$binary")" "$BIN/$binary"
  done
  chart_is_stored || chart_store
  [[ -z $compiled ]] || cache_trim
  exec {LOCK}>&-
}

# build_select MODULE: sets SELECTED to what is missing, is not stored, and has this module.
build_select() {
  local binary
  SELECTED=()
  for binary in "${MISSING[@]}"; do
    [[ ${BUILD_MODULE[$binary]-.} != "$1" || -x $(build_stored "$binary") ]] || SELECTED+=("$binary")
  done
}

build_links() {
  local name
  for name in "${KUBERNETES_LINKS[@]}"; do
    ln -sfn kubernetes "$BIN/$name"
  done
}

# build_go MODULE COMMAND...: the Go tool in one of our modules, which must be complete as they are committed.
build_go() {
  local module=$1
  shift
  cd "$SANDBOX_HOME/go/$module" && CGO_ENABLED=${BUILD_CGO[$module]-0} GOFLAGS=-mod=readonly GOWORK=off exec nice -n 5 go "$@"
}

# build_together MODULE BINARY...: compiles binaries of one module in one run, so that one is linked while another is
# compiled, and says at least every 10 s how far it is.
build_together() {
  local module=$1 binary package compiler started=$SECONDS fresh=$CACHE_ROOT/store/new.$$ log=$CACHE_ROOT/store/build-${1/./sandbox}.log
  local -a flags=() packages=()
  shift
  for binary in "$@"; do
    stage "to compile: $binary, ${BUILD_WHAT[$binary]}"
    package=${BUILD_PACKAGE[$binary]}
    flags+=(-ldflags "$package=${BUILD_LINKER_FLAGS[$binary]}")
    packages+=("$package")
  done
  rm -rf "$CACHE_ROOT"/store/new.*
  mkdir "$fresh"
  (build_go "$module" build -v "${BUILD_FLAGS[@]}" -tags "${BUILD_TAGS[$module]-}" "${flags[@]}" -o "$fresh/" "${packages[@]}") >"$log" 2>&1 &
  compiler=$!
  # The shell lets background jobs ignore an interrupt from the keyboard.
  trap 'kill "$compiler" 2>/dev/null' EXIT
  build_progress "$compiler" "$log" "$started"
  wait "$compiler" ||
    fail "compiling $* failed" "the end of $log:" "$(tail -n 15 "$log")" \
      "run the same command again: what is compiled already is kept"
  trap - EXIT
  for binary in "$@"; do
    mv "$fresh/$(basename "${BUILD_PACKAGE[$binary]}")" "$(build_stored "$binary")"
  done
  rm -rf "$log" "$fresh"
  stage "compiled $* in $((SECONDS - started)) s"
}

# build_progress PID LOG STARTED: reports while the compiler runs.
build_progress() {
  local ticks=0 downloads lines last
  while kill -0 "$1" 2>/dev/null; do
    sleep 0.1
    ((++ticks % 80 == 0)) || continue
    downloads=$(grep -c '^go: downloading' "$2" || true)
    lines=$(wc -l <"$2")
    last=$(tail -n 1 "$2")
    stage "compiling: $((SECONDS - $3)) s, $downloads modules fetched, $((lines - downloads)) packages begun, now ${last:-reading the build cache}"
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
  local -a extra=() MISSING SELECTED
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
