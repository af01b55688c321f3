# shellcheck shell=bash disable=SC2154
# Minikube's image verbs exit with 0 when they fail. todoctl looks at what is there instead.

local_image() {
  check "a failing Dockerfile is caught, and nothing is changed" image_failing
  check "a changed title rolls the frontend alone" image_changed
}

image_failing() {
  local before
  before=$(full_objects)
  printf 'COPY nothing-of-this-name /\n' >>"$project/sample/frontend/Dockerfile"
  # The trap itself: should Minikube begin to tell, this test can go.
  exits 0 minikube image build -t trap:1 "$project/sample/frontend"
  exits 20 here up
  screen nothing-of-this-name 'image frontend'
  same "the cluster" "$before" "$(full_objects)"
  project_restore
  nothing_to_do
}

image_changed() {
  local before title="on Minikube $RANDOM"
  before=$(revision backend)
  printf '%s\n' "$title" >"$project/sample/frontend/title.txt"
  exits 0 here up
  page_shows "$title"
  same "the backend's revision" "$before" "$(revision backend)"
  project_restore
  exits 0 here up
}
