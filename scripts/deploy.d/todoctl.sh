# shellcheck shell=bash
# What both deployment scripts begin with: a todoctl of this checkout, and a look at the machine.

# find_todoctl: sets `todoctl`, compiled from this checkout when it is missing or older than its sources.
find_todoctl() {
  todoctl=target/release/todoctl
  command -v cargo >/dev/null || {
    echo "cargo is missing: it compiles todoctl. See https://rustup.rs" >&2
    exit 10
  }
  # Does nothing when nothing changed.
  cargo build --release --locked --quiet --bin todoctl
}

# check_machine PROFILE: what is missing, each line with its fix. Nothing has been changed when it fails.
check_machine() {
  local status=0
  "$todoctl" doctor "$1" >&2 || status=$?
  if ((status != 0)); then
    echo "mend what is named above, then run this again" >&2
    exit 10
  fi
}
