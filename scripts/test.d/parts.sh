# shellcheck shell=bash
# The parts of scripts/test, each a function; scripts/test says which belong to a run, lanes.sh runs them.

# What a part ends with when this machine lacks something that the part may do without.
not_run=75
compiled=$(realpath -m "${CARGO_TARGET_DIR:-target}")
todoctl=$compiled/debug/todoctl
actionlint_version=v1.7.7
actionlint=github.com/rhysd/actionlint/cmd/actionlint@$actionlint_version
# shellcheck source=scripts/test.d/programs.sh
source scripts/test.d/programs.sh

# shellcheck disable=SC2034 # scripts/test reads these
declare -A about=(
  [setup]="the packages that are missing"
  [format]="rustfmt"
  [shell]="shellcheck of every script"
  [lanes]="scripts/test itself"
  [workflow]="actionlint of .github/workflows"
  [program]="todoctl, as its tests have it"
  [images]="what is in the application's images, static"
  [build]="Kubernetes, kubectl, both helms, Minikube and BuildKit"
  [charts]="lint and rendering of the Helm charts; parity of local and oke"
  [clippy]="clippy, warnings are errors"
  [tests]="the tests, compiled"
  [unit]="unit and scenario tests"
  [contract]="what Dapr asks of pubsub.postgresql, with a real database"
  [project]="todoctl lint of this project"
  [doc]="cargo doc, warnings are errors"
  [pubsub]="pubsub.postgresql with a real daprd, everything killed at random, and many messages"
  [sandbox]="the sandbox: start, kill, repair, delete"
  [box]="the box for real Minikube: up, kill, up, remove"
  [no-sandbox]="the end-to-end tests fail without a sandbox"
  [e2e]="todoctl on a sandbox, two releases: real helm, real pods"
  [application]="todoctl on a sandbox, the whole application with Dapr and a broker"
  [e2e-local]="todoctl up local on real Minikube"
  [pubsub-long]="the same as pubsub, with 100,000 events and a million messages"
  [e2e-long]="the same as e2e, killed at random instants more often"
  [application-long]="the same as application, each service broken in turn"
)

# What a part needs of others, beside setup; and what it comes after where that is part of the same run, because cargo
# would wait for it, or because it does without.
# shellcheck disable=SC2034 # lanes.sh reads these
declare -A needs=(
  [charts]="program" [project]="program" [unit]="tests" [contract]="tests"
  [pubsub]="build" [pubsub-long]="build" [sandbox]="build" [box]="build"
  [no-sandbox]="program build" [e2e]="program build" [application]="program build" [e2e-local]="program build"
  [e2e-long]="program build" [application-long]="program build"
)
# shellcheck disable=SC2034 # lanes.sh reads these
declare -A after=([charts]="build" [pubsub]="contract clippy doc" [pubsub-long]="contract clippy doc")

# Parts of a lane take turns (lanes.sh).
# shellcheck disable=SC2034 # lanes.sh reads these
declare -A lane=(
  [setup]=quick [format]=quick [shell]=quick [lanes]=quick [workflow]=quick [charts]=quick
  [unit]=run [contract]=run
  [program]=cargo [tests]=cargo [clippy]=cargo [project]=cargo [doc]=cargo [images]=cargo
  [build]=go
  [pubsub]=cluster [sandbox]=cluster [box]=cluster [no-sandbox]=cluster [e2e]=cluster [application]=cluster
  [e2e-local]=cluster [pubsub-long]=cluster [e2e-long]=cluster [application-long]=cluster
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

part_lanes() {
  tests/lanes.sh
}

part_workflow() {
  local program=$cache/actionlint-$actionlint_version fresh
  if [[ ! -x $program ]]; then
    # It gets its name when it is complete.
    mkdir -p "$cache"
    fresh=$(mktemp -d "$cache/actionlint.XXXXXX")
    GOBIN=$fresh go install "$actionlint"
    mv "$fresh/actionlint" "$program"
    rmdir "$fresh"
  fi
  "$program"
}

part_charts() {
  local bin helm
  bin=$(sandbox/sandbox bin)
  helm=$(PATH=$PATH:$bin type -P helm) || {
    echo "no helm on the PATH, and none compiled yet: sandbox/sandbox build"
    return "$not_run"
  }
  HELM=$helm scripts/check-charts
  PATH=$(dirname "$helm"):$PATH "$todoctl" parity local oke
}

part_clippy() {
  cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
}

# Always the whole workspace: of a part of it, cargo compiles dependencies anew, with fewer features.
part_tests() {
  cargo test --locked --workspace --no-run
}

# A failure of one test program does not hide what the next one finds.
part_unit() {
  cargo test --locked --workspace --no-fail-fast -- --skip contract::
}

part_contract() {
  cargo test --locked --workspace --test contract
}

# The program comes with any test that calls it: `cargo build` would compile it and what it uses once more, since the
# tests ask more features of the same crates.
part_program() {
  cargo test --locked --workspace --no-run --test docs
}

# The clusters' tests would compile it too, while their pods and this machine's other processor wait for it.
part_images() {
  scripts/build-program todo-sample sample/backend
  scripts/build-program pubsub-postgresql dapr/pubsub-postgresql/image
}

part_project() {
  PATH=$PATH:$(sandbox/sandbox bin) "$todoctl" lint
}

part_doc() {
  RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
}

part_build() {
  sandbox/sandbox build --with-helm3
  sandbox/box build
}

# EVENTS, SEED and MESSAGES choose how many events there are, what is killed when, and how many messages. With fewer than
# these the tables do not rise and fall in both halves of the run.
part_pubsub() {
  pubsub_programs
  EVENTS=${EVENTS-5000} MESSAGES=${MESSAGES-300000} \
    cargo test --locked --workspace --test sidecar --test contract -- --ignored --nocapture
}

part_pubsub-long() {
  EVENTS=${EVENTS-100000} MESSAGES=${MESSAGES-1000000} part_pubsub
}

part_sandbox() {
  as_root tests/sandbox.sh
}

part_box() {
  as_root tests/box.sh
}

part_no-sandbox() {
  as_root env TODOCTL="$todoctl" tests/e2e-without-sandbox.sh
}

# part_e2e [VARIABLE=VALUE]
part_e2e() {
  as_root env "$@" TODOCTL="$todoctl" SANDBOX_TEST_NAME=sbxe2e SANDBOX_TEST_NET=10.247 tests/e2e.sh --releases
}

part_application() {
  as_root env "$@" TODOCTL="$todoctl" SANDBOX_TEST_NAME=sbxapp SANDBOX_TEST_NET=10.241 tests/e2e.sh --application
}

part_e2e-local() {
  as_root env TODOCTL="$todoctl" tests/e2e-local.sh
}

part_e2e-long() {
  part_e2e E2E_LONG=1
}

part_application-long() {
  part_application E2E_LONG=1
}

# as_root COMMAND...: the cluster needs root rights, the compilers do not.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo env "PATH=$PATH" "HOME=$HOME" "CARGO_TARGET_DIR=$compiled" "$@"; fi
}
