# shellcheck shell=bash disable=SC2154
# What cargo compiled outlives a checkout: where a checkout has no target folder of its own, the tests use one in their
# cache folder. The dependencies in it stay; what is of this workspace is compiled anew for each checkout, because cargo
# tells by times of change only, and those say nothing of another checkout.

# Megabytes from which on the folder is made anew: versions that nothing needs any more gather in it.
compiled_most=12000

# compiled_share: sets CARGO_TARGET_DIR. One run at a time has the folder: a second one would change programs that the
# first is testing, and gets the folder that it would have without all this.
compiled_share() {
  local folder key old
  exec {COMPILED}</dev/null
  [[ -z ${CARGO_TARGET_DIR-} && ! -e target && -e Cargo.lock ]] || return 0
  command -v rustc >/dev/null && command -v flock >/dev/null || return 0
  mkdir -p "$cache/compiled"
  exec {COMPILED}>>"$cache/compiled/lock"
  flock --nonblock "$COMPILED" || return 0
  key=$(rustc -vV | sha256sum)
  folder=$cache/compiled/${key:0:16}
  for old in "$cache/compiled/"*/; do
    if [[ $old != "$folder/" ]] || (($(du -sm "$old" | cut -f 1) > compiled_most)); then rm -rf "$old"; fi
  done
  compiled_forget "$folder"
  export CARGO_TARGET_DIR=$folder
}

# compiled_forget FOLDER: removes what is of the workspace, when another checkout has left it.
compiled_forget() {
  local folder=$1 checkout
  checkout=$(stat -c '%n %i %W' "$PWD/Cargo.toml")
  if [[ -d $folder && $(cat "$folder/checkout" 2>/dev/null) != "$checkout" ]]; then
    # Without a cargo that can do that, everything is compiled anew.
    if ! compiled_clean --target-dir "$folder" ||
      ! compiled_clean --target-dir "$folder/images" --release --target "$(compiled_host)"; then
      rm -rf "$folder"
    fi
  fi
  mkdir -p "$folder"
  echo "$checkout" >"$folder/checkout"
}

compiled_clean() {
  cargo clean --quiet --offline --workspace "$@"
}

compiled_host() {
  rustc -vV | sed -n 's/^host: //p'
}
