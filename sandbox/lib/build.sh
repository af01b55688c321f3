# shellcheck shell=bash
# Compiles the binaries from pinned Go modules into a cache outside the checkout. The cache's key
# covers versions, modules, sources and flags; a binary appears in it only when it is complete.

BUILD_FLAGS=(-buildvcs=false -trimpath)
KUBERNETES_LINKS=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl etcd coredns sandbox-volumes)

# -g: this file is sourced inside a function. Per binary (a folder of sandbox/go has its module): the package, the linker's flags, what it is.
declare -gA BUILD_PACKAGE=(
  [pause]=. [kubernetes]=. [helm]=helm.sh/helm/v4/cmd/helm [helm3]=helm.sh/helm/v3/cmd/helm
)
# Without a version set here Kubernetes calls itself v0.0.0, which charts refuse, and helm v4.2.
declare -gA BUILD_LINKER_FLAGS=(
  [pause]="-s -w"
  [kubernetes]="-s -w -X k8s.io/component-base/version.gitVersion=$KUBERNETES_VERSION \
-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34 \
-X k8s.io/client-go/pkg/version.gitVersion=$KUBERNETES_VERSION"
  [helm]="-s -w -X helm.sh/helm/v4/internal/version.version=$HELM_VERSION"
  [helm3]="-s -w -X helm.sh/helm/v3/internal/version.version=$HELM3_VERSION"
)
declare -gA BUILD_WHAT=(
  [pause]="the process that holds a pod's namespaces"
  [kubernetes]="Kubernetes $KUBERNETES_VERSION, kubectl, etcd, CoreDNS in one binary; about 6 minutes on 2 cores"
  [helm]="helm $HELM_VERSION; about 2 minutes on 2 cores"
  [helm3]="helm $HELM3_VERSION; about 80 seconds on 2 cores"
)

# build_key: sets BIN, the folder of the binaries that belong to this checkout.
build_key() {
  local sum
  sum=$({
    printf '%s\n' "${BUILD_FLAGS[@]}" "${BUILD_PACKAGE[@]}" "${BUILD_LINKER_FLAGS[@]}"
    cat "$SANDBOX_HOME"/go/*/go.mod "$SANDBOX_HOME"/go/*/go.sum "$SANDBOX_HOME"/go/*/*.go
  } | sha256sum)
  BIN=$CACHE_ROOT/${sum:0:16}/bin
}

# build_missing [helm3]: sets MISSING to the binaries that are not in the cache.
build_missing() {
  local binary
  MISSING=()
  for binary in pause kubernetes helm "$@"; do
    [[ -x $BIN/$binary ]] || MISSING+=("$binary")
  done
}

# build_everything [helm3]: compiles what is missing.
build_everything() {
  local binary LOCK
  build_key
  build_missing "$@"
  ((${#MISSING[@]} > 0)) || return 0
  require_for_build
  mkdir -p "$BIN"
  build_links
  exec {LOCK}>"$CACHE_ROOT/lock"
  if ! flock -n "$LOCK"; then
    note "waiting: another build holds $CACHE_ROOT/lock"
    flock "$LOCK"
  fi
  build_missing "$@"
  for binary in "${MISSING[@]}"; do
    build_binary "$binary"
  done
  exec {LOCK}>&-
}

build_links() {
  local name
  for name in "${KUBERNETES_LINKS[@]}"; do
    ln -sfn kubernetes "$BIN/$name"
  done
}

# build_binary NAME: compiles it, and says at least every 10 s how far it is.
build_binary() {
  local binary=$1 log=$BIN/$1.log compiler started=$SECONDS
  stage "compiling $binary: ${BUILD_WHAT[$binary]}"
  rm -f "$BIN/$binary".new.*
  (cd "$SANDBOX_HOME/go/$binary" &&
    CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off exec nice -n 5 go build -v "${BUILD_FLAGS[@]}" \
      -ldflags "${BUILD_LINKER_FLAGS[$binary]}" -o "$BIN/$binary.new.$$" "${BUILD_PACKAGE[$binary]}") >"$log" 2>&1 &
  compiler=$!
  # The shell lets background jobs ignore an interrupt from the keyboard.
  trap 'kill "$compiler" 2>/dev/null' EXIT
  build_progress "$compiler" "$binary" "$log" "$started"
  wait "$compiler" ||
    fail "compiling $binary failed" "the end of $log:" "$(tail -n 15 "$log")" \
      "run the same command again: what is compiled already is kept"
  trap - EXIT
  mv "$BIN/$binary.new.$$" "$BIN/$binary"
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

build_verb() {
  local -a extra=() MISSING
  case ${1:-} in
    "") ;;
    --with-helm3) extra=(helm3) ;;
    *) usage_error "build takes only --with-helm3, got: $1" ;;
  esac
  build_key
  build_missing "${extra[@]}"
  if ((${#MISSING[@]} == 0)); then
    note "nothing to do: all binaries are in $BIN"
    return
  fi
  build_everything "${extra[@]}"
  stage "all binaries are in $BIN"
}
