# shellcheck shell=bash
# The parts of scripts/test, each a function; scripts/test says in which order they run.

# What a part ends with when this machine lacks something that the part may do without.
not_run=75
actionlint=github.com/rhysd/actionlint/cmd/actionlint@v1.7.7
# shellcheck source=scripts/test.d/programs.sh
source scripts/test.d/programs.sh

# shellcheck disable=SC2034 # scripts/test reads it
declare -A about=(
  [setup]="the packages that are missing"
  [format]="rustfmt"
  [shell]="shellcheck of every script"
  [workflow]="actionlint of .github/workflows"
  [charts]="lint and rendering of the Helm charts; parity of local and oke"
  [clippy]="clippy, warnings are errors"
  [unit]="unit and scenario tests"
  [project]="todoctl lint of this project"
  [build]="Kubernetes, kubectl, both helms, Minikube and BuildKit"
  [pubsub]="pubsub.postgresql with a real daprd, everything killed at random, and many messages"
  [sandbox]="the sandbox: start, kill, repair, delete"
  [box]="the box for real Minikube: up, kill, up, remove"
  [no-sandbox]="the end-to-end tests fail without a sandbox"
  [e2e]="todoctl on a sandbox: real helm, real pods"
  [e2e-local]="todoctl up local on real Minikube"
)

part_setup() {
  scripts/setup
}

part_format() {
  cargo fmt --all --check
}

# Scripts are told by their first line or their name.
part_shell() {
  local file line files=()
  while IFS= read -r -d '' file; do
    [[ -f $file && ! -L $file ]] || continue
    line=
    IFS= read -r line <"$file" 2>/dev/null || true
    if [[ $file == *.sh || $line == '#!'*sh || $line == '#!'*'env bash' ]]; then files+=("$file"); fi
  done < <(git ls-files -coz --exclude-standard)
  shellcheck -x "${files[@]}"
  echo "${#files[@]} scripts"
}

part_workflow() {
  [[ -x $cache/actionlint ]] || GOBIN=$cache go install "$actionlint"
  "$cache/actionlint"
}

part_charts() {
  local bin helm
  bin=$(sandbox_bin)
  helm=$(PATH=$PATH:$bin type -P helm) || {
    echo "no helm on the PATH, and none compiled yet: sandbox/sandbox build"
    return "$not_run"
  }
  HELM=$helm scripts/check-charts
  cargo build --locked --bin todoctl
  PATH=$(dirname "$helm"):$PATH "${CARGO_TARGET_DIR:-target}/debug/todoctl" parity local oke
}

part_clippy() {
  cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
}

# A failure of one test program does not hide what the next one finds.
part_unit() {
  cargo test --locked --workspace --no-fail-fast
}

part_project() {
  cargo build --locked --bin todoctl
  PATH=$PATH:$(sandbox_bin) "${CARGO_TARGET_DIR:-target}/debug/todoctl" lint
}

part_build() {
  sandbox/sandbox build --with-helm3
  sandbox/box build
}

# EVENTS, SEED and MESSAGES choose how many events there are, what is killed when, and how many messages.
part_pubsub() {
  pubsub_programs
  # Of the whole workspace, as in part_unit: for other features most dependencies would be compiled again.
  cargo test --locked --workspace --features pubsub-postgresql/thorough --test sidecar --test contract \
    -- sidecar:: contract::volume --nocapture
}

part_sandbox() {
  as_root tests/sandbox.sh
}

part_box() {
  as_root tests/box.sh
}

part_no-sandbox() {
  cargo build --locked --bin todoctl
  as_root env TODOCTL="$PWD/target/debug/todoctl" tests/e2e-without-sandbox.sh
}

part_e2e() {
  cargo build --locked --bin todoctl
  as_root env TODOCTL="$PWD/target/debug/todoctl" tests/e2e.sh
}

part_e2e-local() {
  cargo build --locked --bin todoctl
  as_root env TODOCTL="$PWD/target/debug/todoctl" tests/e2e-local.sh
}

# as_root COMMAND...: the cluster needs root rights, the compilers do not.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo env "PATH=$PATH" "HOME=$HOME" "$@"; fi
}
