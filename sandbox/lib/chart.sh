# shellcheck shell=bash
# Dapr's own chart, out of the Go module that Dapr is compiled from: kept in the cache beside the binary
# and copied to sandbox/charts/dapr, which git ignores. A copy, not a link: helm would remark on a link at
# each call, and cleaning the cache would take the chart away.

# chart_is_stored: whether the cache holds the chart that belongs to this checkout's Dapr.
chart_is_stored() {
  [[ -d $(build_stored dapr-chart) ]]
}

# chart_store: the module's copy says version 0.0.0 and tag edge; packaging sets both, and so does this.
chart_store() {
  local stored module version folder
  stored=$(build_stored dapr-chart)
  module=$(build_go . list -m -f '{{.Version}} {{.Dir}}' github.com/dapr/dapr)
  read -r version folder <<<"$module"
  [[ $version == "v$DAPR_VERSION" ]] ||
    fail "sandbox/go/go.mod has Dapr $version, sandbox/lib/settings.sh v$DAPR_VERSION" "make them the same"
  rm -rf "$stored".new.*
  cp -R --no-preserve=all "$folder/charts/dapr" "$stored.new.$$"
  rm "$stored.new.$$/embed.go" # Go's, not helm's
  find "$stored.new.$$" -name '*.yaml' -exec sed -i "s/'0\.0\.0'/'$DAPR_VERSION'/; s/'edge'/'$DAPR_VERSION'/" {} +
  mv -T "$stored.new.$$" "$stored"
}

# chart_place: makes sandbox/charts/dapr what it should be, file by file.
chart_place() {
  local stored place=$SANDBOX_HOME/charts/dapr LOCK
  stored=$(build_stored dapr-chart)
  diff -rq "$stored" "$place" >/dev/null 2>&1 && return 0
  exec {LOCK}<"$SANDBOX_HOME/charts"
  flock "$LOCK"
  rm -rf "$place".new "$place".old
  cp -R "$stored" "$place.new"
  # Whoever owns the checkout can remove it again, also when root started the sandbox.
  chown -R --reference "$SANDBOX_HOME/charts" "$place.new"
  [[ ! -e $place ]] || mv -T "$place" "$place.old"
  mv -T "$place.new" "$place"
  rm -rf "$place.old"
  exec {LOCK}<&-
  stage "Dapr's chart $DAPR_VERSION is in $place"
}
