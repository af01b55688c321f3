# shellcheck shell=bash
# What both deployment scripts begin with: a todoctl of this checkout, and a look at the machine.

# find_todoctl: sets `todoctl`, compiled from this checkout when it is missing or older than its sources.
find_todoctl() {
  todoctl=${CARGO_TARGET_DIR:-target}/release/todoctl
  command -v cargo >/dev/null || {
    echo "cargo is missing: it compiles todoctl. See https://rustup.rs" >&2
    exit 10
  }
  # Does nothing when nothing changed.
  cargo build --release --locked --quiet --bin todoctl
}

# check_machine PROFILE OPTION...: what is missing, each line with its fix; of the options of `up` those that give secrets.
# Nothing has been changed when it fails. `todoctl up` alone asks for missing secrets on a terminal. Standard input can be
# read once, and `up` needs it: then only the checks of `up` itself are made.
check_machine() {
  local profile=$1 secrets=() status=0
  shift
  while (($# > 0)); do
    case $1 in
      --env-file | --secrets-from)
        [[ ${2-} != - ]] || return 0
        secrets+=("$1" "${2-}")
        shift
        ;;
      --secrets-from=-) return 0 ;;
      --env-file=* | --secrets-from=*) secrets+=("$1") ;;
    esac
    shift || break
  done
  "$todoctl" doctor "$profile" "${secrets[@]}" >&2 || status=$?
  if ((status != 0)); then
    echo "mend what is named above, then run this again" >&2
    exit 10
  fi
}
