# shellcheck shell=bash disable=SC2154
# A chart from a repository: real helm fetches it over HTTP, and it is deployed from where it is kept.

cases_repository() {
  repository_open
  check "a chart of a repository is fetched, deployed and verified" repository_deploys
  repository_close
  check "without the repository, what was fetched is still deployed" repository_offline
  check "a chart that was never fetched is an error that says what was tried" repository_away
  repository_open
  check "another archive than the profile names is refused" repository_digest
  repository_close
  check "the same chart from its folder takes its place" exits 0 todoctl up e2e
  repository_forget
}

# repository_open: a repository with the frontend's chart, at $address.
repository_open() {
  local folder=$work/repository
  if [[ ! -d $folder ]]; then
    mkdir -p "$folder"
    helm package "$project/charts/frontend" -d "$folder" >"$work/packaged" 2>&1
    helm repo index "$folder"
    address=
  fi
  until [[ -n $address ]] && get "$address/index.yaml" >/dev/null 2>&1; do
    port=${port:-$((20000 + RANDOM % 10000))}
    address=http://127.0.0.1:$port
    # It outlives no check, and must not inherit the lock of this script.
    socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" "EXEC:$root/tests/e2e/serve $folder" {LOCK}>&- 2>"$work/socat" &
    server=$!
    if ! eventually 5 get "$address/index.yaml" >/dev/null; then
      kill "$server" 2>/dev/null || true
      port=
    fi
  done
}

repository_close() {
  kill "$server"
  wait "$server" || true
}

# repository_profile VERSION [DIGEST]: the profile e2e with the frontend's chart from the repository.
repository_profile() {
  cat >"$project/profiles/fetched.yaml" <<YAML
extends: e2e
releases:
  frontend: {chart: {repository: $address, name: frontend, version: $1${2:+, digest: $2}}}
YAML
}

repository_deploys() {
  local digest
  digest=sha256:$(sha256sum "$work"/repository/frontend-*.tgz | cut -d ' ' -f 1)
  repository_profile 1.0.0
  exits 0 todoctl plan fetched
  screen "fetching chart frontend 1.0.0 of $address" "$digest"
  exits 0 todoctl up fetched
  healthy frontend
  verified frontend
  repository_profile 1.0.0 "$digest"
  exits 0 todoctl up fetched
  screen 'Nothing to do'
}

repository_offline() {
  local before
  repository_profile 1.0.0
  exits 0 todoctl up fetched
  screen 'Nothing to do'
  before=$(revision frontend)
  exits 0 todoctl up fetched --set frontend.replicaCount=1
  (($(revision frontend) == before + 1)) || wrong "no new revision"
  healthy frontend
}

repository_away() {
  repository_profile 1.0.1
  preflight_untouched 10 "chart frontend 1.0.1 of $address cannot be fetched"
  screen 'helm pull frontend' 'connection refused'
}

repository_digest() {
  repository_profile 1.0.0 "sha256:$(printf '%064d' 0)"
  preflight_untouched 10 'is not the one that the profile names'
}

# preflight_untouched STATUS TEXT: `up fetched` ends with the status, says the text and changes nothing.
preflight_untouched() {
  local before
  before=$(versions)
  exits "$1" todoctl up fetched
  screen "$2"
  same "the namespace" "$before" "$(versions)"
}

# repository_forget: takes what this subject fetched out of the user's cache.
repository_forget() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/todoctl/charts record digest
  for record in "$cache"/frontend-*.json; do
    if [[ -f $record && $(jq -r .repository "$record") == "$address" ]]; then
      digest=$(jq -r '.digest | ltrimstr("sha256:")' "$record")
      rm -rf "${cache:?}/${digest:?}" "$record"
    fi
  done
}
