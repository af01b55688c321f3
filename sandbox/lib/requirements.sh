# shellcheck shell=bash
# What the sandbox needs of the machine. Everything that is missing is said at once, with the
# command that gives it, before anything is changed.

# "program package", or an absolute path with a pattern instead of a program.
REQUIRED_PROGRAMS=(
  "containerd containerd" "ctr containerd" "containerd-shim-runc-v2 containerd" "runc runc"
  "/usr/lib/cni/bridge containernetworking-plugins" "/usr/lib/cni/portmap containernetworking-plugins"
  "buildah buildah" "iptables iptables" "conntrack conntrack"
  "/usr/lib/postgresql/*/bin/initdb postgresql" "psql postgresql-client"
  "ip iproute2" "nsenter util-linux" "setpriv util-linux" "flock util-linux"
  "sysctl procps" "openssl openssl" "curl curl" "awk mawk" "cmp diffutils" "diff diffutils"
)
BUILD_DISK_KB=$((12 * 1024 * 1024))
GO_MINIMUM=$(awk '$1 == "go" { print $2 }' "$SANDBOX_HOME"/go/{,*/}go.mod | sort -rV | head -n 1)

# requirement_present PROGRAM|PATTERN
requirement_present() {
  case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    *) type -P "$1" >/dev/null ;;
  esac
}

# go_is_recent: whether `go` exists and is new enough for the modules.
go_is_recent() {
  local version
  version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || return 1
  version=${version#go}
  [[ $(printf '%s\n' "$GO_MINIMUM" "$version" | sort -V | head -n 1) == "$GO_MINIMUM" ]]
}

# missing_programs: appends to PROBLEMS one line for all Debian packages that are missing.
missing_programs() {
  local entry packages=
  for entry in "${REQUIRED_PROGRAMS[@]}"; do
    requirement_present "${entry%% *}" && continue
    [[ " $packages" == *" ${entry##* } "* ]] || packages+="${entry##* } "
  done
  [[ -z $packages ]] ||
    PROBLEMS+=("programs of these packages: ${packages% }; run scripts/setup, or: apt-get install ${packages% }")
}

missing_for_build() {
  local free existing=$CACHE_ROOT
  go_is_recent || PROBLEMS+=("Go $GO_MINIMUM or newer, to compile Kubernetes and Dapr: https://go.dev/dl/")
  while [[ ! -d $existing ]]; do existing=$(dirname "$existing"); done
  free=$(df -Pk "$existing" | awk 'NR == 2 { print $4 }')
  ((free >= BUILD_DISK_KB)) ||
    PROBLEMS+=("12 GB of free disk below $existing for compiling (there are $((free / 1024)) MB); TODOCTL_SANDBOX_CACHE moves it")
}

# The database's own user has to reach its folder below the state folder.
missing_paths() {
  local existing=$STATE_ROOT
  while [[ ! -d $existing ]]; do existing=$(dirname "$existing"); done
  setpriv --reuid=postgres --regid=postgres --init-groups test -x "$existing" 2>/dev/null ||
    PROBLEMS+=("a state folder that user postgres can enter; $existing is closed to it: set TODOCTL_SANDBOX_STATE")
}

report_problems() {
  ((${#PROBLEMS[@]} == 0)) || fail "this machine lacks:" "${PROBLEMS[@]/#/- }" "nothing was changed"
}

require_for_build() {
  local -a PROBLEMS=()
  missing_for_build
  report_problems
}

# require_for_start: everything `start` needs; the build's part only if there is something to build.
require_for_start() {
  local -a PROBLEMS=()
  if ((EUID != 0)); then
    PROBLEMS+=("root rights (network namespaces, containers): run it with sudo")
  fi
  missing_programs
  if ((EUID == 0 && ${#PROBLEMS[@]} == 0)); then
    missing_paths
  fi
  build_keys
  ! build_must_compile || missing_for_build
  report_problems
}
