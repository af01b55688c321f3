# shellcheck shell=bash
# Building images without an engine or a registry, and the images of the node's containerd. Each
# build has a storage of its own that is thrown away: the host's images are never touched, builds
# may run side by side, and a base image has to be made in the same Dockerfile (FROM scratch).

# image_full_name TAG: sets FULL_NAME, the name the kubelet looks for, by Docker's rules.
image_full_name() {
  local first=${1%%/*} last=${1##*/}
  [[ -n $1 && $1 != *@* && $1 != -* && $1 != *[[:space:]]* ]] || usage_error "bad image name '$1'"
  FULL_NAME=$1
  if [[ $1 != */* ]]; then
    FULL_NAME=docker.io/library/$1
  elif [[ $first != *[.:]* && $first != localhost ]]; then
    FULL_NAME=docker.io/$1
  fi
  [[ $last == *:* ]] || FULL_NAME+=:latest
}

images_need_containerd() {
  # shellcheck disable=SC2153 # NAME is the sandbox's, of settings.sh
  process_alive containerd || fail "sandbox $NAME does not run" "start it: sandbox --name $NAME start"
}

# images_known: prints "name digest size" of what the kubelet finds; ids are listed as names too.
images_known() {
  "${CTR[@]}" images ls 'labels."io.cri-containerd.image"==managed' |
    awk 'NR > 1 { print $1, $3, $4 " " $5 }'
}

# image_is_known NAME: the whole list is read, so that no pipe breaks early.
image_is_known() {
  [[ -n $(images_known | awk -v name="$1" '$1 == name') ]]
}

# image_import FILE: imports an archive and checks that the kubelet finds what was in it.
image_import() {
  local output name
  output=$("${CTR[@]}" images import "$1" 2>&1) ||
    fail "the archive $1 cannot be imported" "$output"
  IMPORTED=()
  while read -r name; do
    # The kubelet's view follows containerd's by events, a moment later.
    wait_until 10 image_is_known "$name" || fail "image $name was imported, but pods would not find it"
    IMPORTED+=("$name")
  done < <(awk '$1 == "unpacking" { print $2 }' <<<"$output")
  ((${#IMPORTED[@]} > 0)) || fail "the archive $1 holds no image with a name" "$output"
}

image_load() {
  (($# == 1)) || usage_error "image load takes one archive, or - for stdin"
  images_need_containerd
  [[ $1 == - || -r $1 ]] || fail "cannot read $1"
  image_import "$1"
  printf '%s\n' "${IMPORTED[@]}"
}

image_build() {
  local tag='' file='' context='' FULL_NAME
  while (($# > 0)); do
    case $1 in
      -t | --tag) tag=${2:-} && shift ;;
      -f | --file) file=${2:-} && shift ;;
      -*) usage_error "image build does not know $1" ;;
      *) [[ -z $context ]] || usage_error "image build takes one context, got also: $1" && context=$1 ;;
    esac
    shift
  done
  [[ -n $tag && -n $context ]] || usage_error "image build needs -t TAG and a context folder"
  [[ -d $context ]] || fail "the context $context is not a folder"
  image_full_name "$tag"
  images_need_containerd
  image_find_dockerfile "$context" "$file"
  image_build_and_import "$FULL_NAME" "$DOCKERFILE" "$context"
  printf '%s\n' "$FULL_NAME"
}

# image_find_dockerfile CONTEXT [FILE]: sets DOCKERFILE.
image_find_dockerfile() {
  local candidate
  for candidate in ${2:+"$2"} ${2:-"$1/Dockerfile" "$1/Containerfile"}; do
    DOCKERFILE=$candidate
    [[ ! -f $candidate ]] || return 0
  done
  fail "there is no ${2:-Dockerfile in $1}"
}

# image_build_and_import FULL_NAME DOCKERFILE CONTEXT: what the builder says goes to stderr while it says it.
image_build_and_import() {
  local work status=0
  mkdir -p "$STATE/builds"
  work=$(mktemp -d "$STATE/builds/XXXXXX")
  (
    trap 'image_remove_work "$work"' EXIT
    local -a buildah=(buildah --storage-driver vfs --root "$work/root" --runroot "$work/run")
    {
      "${buildah[@]}" build --isolation chroot -t "$1" -f "$2" "$3" &&
        echo "storing $1" &&
        "${buildah[@]}" push -q "$1" "docker-archive:$work/image.tar:$1"
    } >&2 || fail "building $1 failed"
    image_import "$work/image.tar"
  ) || status=$?
  ((status == 0)) || exit "$status"
}

# image_remove_work FOLDER: a build that was killed may leave mounts, which must not be followed.
image_remove_work() {
  local mount
  while read -r mount; do
    umount -l "$mount" || true
  done < <(awk -v prefix="$1/" 'index($5, prefix) == 1 { print $5 }' /proc/self/mountinfo | tac)
  rm -rf --one-file-system "$1"
}

image_ls() {
  case ${1:-},${2:-} in
    ,)
      images_need_containerd
      images_known | awk '$1 !~ /^sha256:/ { printf "%-60s %s %s\n", $1, $3, $4 }'
      ;;
    -o,json)
      images_need_containerd
      images_known | awk '$1 !~ /^sha256:/ {
        printf "%s\n  {\"name\": \"%s\", \"digest\": \"%s\", \"size\": \"%s %s\"}", (n++ ? "," : "["), $1, $2, $3, $4
      } END { print (n ? "\n]" : "[]") }'
      ;;
    *) usage_error "image ls takes only -o json" ;;
  esac
}

image_rm() {
  local tag FULL_NAME known digest
  (($# > 0)) || usage_error "image rm needs at least one tag"
  images_need_containerd
  for tag in "$@"; do
    image_full_name "$tag"
    known=$(images_known)
    digest=$(awk -v name="$FULL_NAME" '$1 == name { print $2 }' <<<"$known")
    [[ -n $digest ]] || fail "there is no image $FULL_NAME"
    image_remove "$FULL_NAME" "$digest" "$known"
    printf '%s\n' "$FULL_NAME"
  done
}

# image_remove NAME DIGEST KNOWN: the entry under the image's id goes with its last name, else the
# content would stay.
image_remove() {
  local others
  local -a names=("$1")
  others=$(awk -v name="$1" -v digest="$2" '$2 == digest && $1 != name { print $1 }' <<<"$3")
  if [[ -n $others ]] && ! grep -qv '^sha256:' <<<"$others"; then
    mapfile -t -O 1 names <<<"$others"
  fi
  "${CTR[@]}" images rm "${names[@]}" >/dev/null 2>&1 || fail "image $1 cannot be removed"
}

# images_ensure BINARY...: the images of the sandbox's own binaries, which a node with a registry would pull.
# They are made when they are missing and when the binary is another than the one in them.
images_ensure() {
  local binary name known record
  mkdir -p "$STATE/images"
  known=$'\n'$(images_known)
  for binary in "$@"; do
    name=${OWN_IMAGES[$binary]%% *}
    record=$STATE/images/$binary
    [[ $known == *$'\n'"$name "* && -f $record && $(<"$record") == "${BUILD_KEY[$binary]}" ]] && continue
    image_make "$binary"
    printf '%s\n' "${BUILD_KEY[$binary]}" >"$record"
  done
}

# image_make BINARY: an image with nothing but the binary under its names (hard links: it is stored once) and a /tmp.
# Written as the archive that it is, in a third of the time that building takes: the first start waits for it.
image_make() {
  local name user names link digest work
  read -r name user names <<<"${OWN_IMAGES[$1]}"
  mkdir -p "$STATE/builds"
  work=$(mktemp -d "$STATE/builds/XXXXXX")
  mkdir -p "$work/root"
  mkdir -m 1777 "$work/root/tmp"
  cp "$BIN/$1" "$work/binary"
  for link in $names; do
    ln "$work/binary" "$work/root/$link"
  done
  digest=$(image_layer "$work/root" "$work/layer.tar")
  image_config "$name" "$user" "/${names%% *}" "$digest" >"$work/config.json"
  printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]\n' "$name" >"$work/manifest.json"
  tar -C "$work" -cf - manifest.json config.json layer.tar | image_import -
  rm -rf "$work"
}

# image_layer FOLDER FILE: writes a layer that depends on nothing but the folder's content; prints its digest.
image_layer() {
  local digest
  tar -C "$1" --sort name --mtime @0 --owner 0 --group 0 --numeric-owner -cf "$2" .
  digest=$(sha256sum "$2")
  printf 'sha256:%s\n' "${digest%% *}"
}

# image_machine: prints this machine as images name it.
image_machine() {
  local machine
  machine=$(uname -m)
  case $machine in x86_64) machine=amd64 ;; aarch64) machine=arm64 ;; esac
  printf '%s\n' "$machine"
}

# image_config NAME USER ENTRYPOINT DIGEST...: prints an image's configuration. The name is in it, since images with
# the same configuration are one image: removing one name would remove them all.
image_config() {
  local name=$1 user=$2 entrypoint=$3 digests
  shift 3
  digests=$(printf ',"%s"' "$@")
  printf '{"architecture":"%s","os":"linux","config":{"User":"%s","Entrypoint":["%s"],"Env":["PATH=%s"],"Labels":{"name":"%s"}},' \
    "$(image_machine)" "$user" "$entrypoint" /usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin "$name"
  printf '"rootfs":{"type":"layers","diff_ids":[%s]}}\n' "${digests#,}"
}
