# shellcheck shell=bash disable=SC2154,SC2034
# Owns the other tools that install several charts: those in PATH, else built from their Go modules, once, and kept beside
# what else is cached. Building needs a Go compiler (`scripts/setup` installs one).

peer_modules=(github.com/helmwave/helmwave/cmd/helmwave@v0.44.4 github.com/werf/nelm/cmd/nelm@v1.30.0)

# use_peer MODULE: whether it can be used. A build that was cut off leaves nothing that looks whole.
use_peer() {
  local module=$1 place=${XDG_CACHE_HOME:-$HOME/.cache}/todoctl-bench/${1//\//_} name
  name=${1%@*}
  name=${name##*/}
  if command -v "$name" >>"$log"; then return; fi
  if [[ ! -x $place/$name ]]; then
    say "building ${module##*/}"
    mkdir -p "$place"
    if ! CGO_ENABLED=0 GOBIN=$scratch/peers go install "$module" >>"$log" 2>&1; then
      say "${module##*/} is left out: it cannot be built here"
      return 1
    fi
    mv "$scratch/peers/$name" "$place/$name.part"
    mv "$place/$name.part" "$place/$name"
  fi
  ln -sf "$place/$name" "$tools/$name"
}

# use_peers: sets PEERS, the names of those that are there.
use_peers() {
  local module name
  PEERS=()
  for module in "${peer_modules[@]}"; do
    name=${module%@*}
    if use_peer "$module"; then PEERS+=("${name##*/}"); fi
  done
}
