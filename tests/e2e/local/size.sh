# shellcheck shell=bash disable=SC2154
# A profile that asks for another machine than the one that is there.

local_size() {
  check "other CPUs than the existing cluster's are refused, with the way out" size_refused 'cpus: 2' 'cpus: 3'
  check "so is other memory" size_refused 'memory-mb: 4096' 'memory-mb: 5000'
}

# size_refused TEXT OTHER
size_refused() {
  local before
  before=$(versions)
  sed -i "s/$1/$2/" "$project/profiles/here.yaml"
  exits 10 here up
  screen "${1##* }" "${2##* }" '--delete-cluster'
  same "the cluster" "$before" "$(versions)"
  project_restore
  nothing_to_do
}
