# shellcheck shell=bash disable=SC2154
# A component that Dapr would not take is refused before any change, with the line in its file.

cases_components() {
  check "the whole application is deployed" full_baseline
  check "an unknown type is refused" \
    components_refused pubsub.yaml 's/pubsub\.kafka/pubsub.postgresql/' pubsub.postgresql
  check "a missing required field is refused" \
    components_refused pubsub.yaml '/name: authType/,+1d' authType
  check "a Secret that the profile does not have is refused" \
    components_refused statestore.yaml 's/name: dapr-secrets/name: other-secrets/' other-secrets
  check "a key that the Secret does not have is refused" \
    components_refused statestore.yaml 's/key: database-url/key: no-such-key/' no-such-key
  check "a literal connection string is refused, unseen" components_literal
  check "a database URL that Dapr cannot use is refused, unseen" components_underivable
}

# components_refused FILE EDIT TEXT: the edit is refused with file, line and text, and nothing changes.
components_refused() {
  local file=dapr/components/$1 before
  before=$(full_objects)
  sed -i -E "$2" "$project/$file"
  git -C "$project" diff --exit-code --quiet && wrong "the edit changed nothing: $2"
  exits 10 todoctl plan full
  exits 10 todoctl up full
  screen "$3"
  grep -qE "$file:[0-9]+" "$work/stderr" || wrong "no line of $file is named"
  project_restore
  same "what is deployed" "$before" "$(full_objects)"
}

components_literal() {
  local secret=literal-$RANDOM$RANDOM
  # The reference and its two lines give way to a value.
  perl -0pi -e "s#secretKeyRef:\s*\n?\s*(\{[^}]*\}|name:[^\n]*\n\s*key:[^\n]*)#value: postgresql+asyncpg://todo:$secret\@db/todo#" \
    "$project/dapr/components/statestore.yaml"
  components_refused statestore.yaml 's/never/never/' secretKeyRef
  ! grep -q "$secret" "$work/stdout" "$work/stderr" || wrong "the literal is on the screen"
}

components_underivable() {
  local before
  before=$(full_objects)
  printf '# a comment\nDATABASE_URL=postgresql:///todo?host=/run/canary-4711\n' >"$work/env"
  exits 10 todoctl up full --env-file "$work/env"
  screen DATABASE_URL
  screen "$work/env, line 2"
  ! grep -q canary-4711 "$work/stdout" "$work/stderr"
  same "what is deployed" "$before" "$(full_objects)"
}
