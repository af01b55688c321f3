# shellcheck shell=bash disable=SC2154,SC2034
# Owns what is measured on: the release build, the sandbox, the folder of tools.

sandbox_tool=$PWD/sandbox/sandbox
compiled=$(realpath -m "${CARGO_TARGET_DIR:-target}")/release
todoctl=$compiled/todoctl
tools=$scratch/tools

build_todoctl() {
  say "building todoctl"
  cargo build --quiet --release --locked --bin todoctl
}

use_cluster() {
  if $here; then
    sandbox=${SANDBOX_NAME:?--here needs a sandbox, whose name sandbox/sandbox env exports}
    "$sandbox_tool" --name "$sandbox" status >>"$log" || broke "sandbox $sandbox does not run"
  else
    sandbox=sbxbench
    say "starting sandbox $sandbox"
    if ! $keep; then at_exit+=(delete_sandbox); fi
    "$sandbox_tool" --name "$sandbox" --net 10.248 start >>"$log" 2>&1 || broke "sandbox $sandbox does not start"
  fi
  eval "$("$sandbox_tool" --name "$sandbox" env)"
  mkdir "$tools"
  ln -s "$(command -v helm)" "$(command -v kubectl)" "$sandbox_tool" "$tools/"
  export PATH=$tools:$PATH
  helm_version=$(helm version --template '{{.Version}}')
  kubernetes_version=$(kubectl version -o json | jq -r .serverVersion.gitVersion)
}

delete_sandbox() {
  "$sandbox_tool" --name "$sandbox" delete >>"$log" 2>&1
}
