# shellcheck shell=bash disable=SC2154
# What cargo compiled outlives a checkout: where a checkout has no target folder of its own, the tests use one in their
# cache folder. The dependencies in it stay; what is of this workspace is compiled anew for each checkout, because cargo
# tells by times of change only, and those say nothing of another checkout.

# Megabytes from which on the folder is made anew: versions that nothing needs any more gather in it.
compiled_most=12000

# compiled_share: sets CARGO_TARGET_DIR. One run at a time has the folder: a second one would change programs that the
# first is testing. It, and whoever has no such folder to write in, compiles where it would without all this.
compiled_share() {
  local folder
  exec {COMPILED}</dev/null
  [[ -z ${CARGO_TARGET_DIR-} && ! -e target && -e Cargo.lock ]] || return 0
  command -v rustc >/dev/null && command -v flock >/dev/null || return 0
  mkdir -p "$cache/compiled" 2>/dev/null && [[ -w $cache/compiled ]] || return 0
  { exec {COMPILED}>>"$cache/compiled/lock"; } 2>/dev/null && flock --nonblock "$COMPILED" || return 0
  folder=$(rustc -vV | sha256sum)
  folder=$cache/compiled/${folder:0:16}
  compiled_sweep "$folder" && compiled_forget "$folder" || return 0
  export CARGO_TARGET_DIR=$folder
}

# compiled_sweep FOLDER: removes what is not it, and it too when it has grown too large. Under another name first: cargo
# would not see that a part of a folder is missing.
compiled_sweep() {
  local old
  for old in "$cache/compiled/"*/; do
    [[ -d $old ]] || continue
    if [[ $old == "$1/" ]] && (($(du -sm "$old" | cut -f 1) < compiled_most)); then continue; fi
    compiled_remove "${old%/}" || return
  done
}

compiled_remove() {
  local away=$1
  [[ $away == *.gone ]] || { away=$1.gone && rm -rf "$away" && mv "$1" "$away"; } 2>/dev/null || return
  rm -rf "$away" 2>/dev/null
}

# compiled_forget FOLDER: removes what is of the workspace, when another checkout has left it.
compiled_forget() {
  local folder=$1 checkout
  checkout=$(stat -c '%n %i %w' "$PWD/Cargo.toml")
  if [[ -d $folder && $(cat "$folder/checkout" 2>/dev/null) != "$checkout" ]]; then
    rm -f "$folder/checkout" || return
    # Without a cargo that can do that, everything is compiled anew.
    if ! compiled_clean --target-dir "$folder" ||
      ! compiled_clean --target-dir "$folder/images" --release --target "$(compiled_host)"; then
      compiled_remove "$folder" || return
    fi
  fi
  mkdir -p "$folder" && echo "$checkout" >"$folder/checkout"
}

compiled_clean() {
  cargo clean --quiet --offline --workspace "$@"
}

compiled_host() {
  rustc -vV | sed -n 's/^host: //p'
}
