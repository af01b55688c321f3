# shellcheck shell=bash disable=SC2154
# One service changes: nothing else does, and what nothing uses any more goes.

cases_change() {
  check "a new title changes the frontend's image and release only" change_title
  check "an image that no kept revision uses is removed" change_collects
  check "a change of both releases does what plan prints" change_both
  check "--only leaves the other release alone" change_only
}

change_title() {
  local pods history image backend
  pods=$(pods backend)
  history=$(history backend)
  image=$(image frontend)
  backend=$(image backend)
  echo 'A new title' >"$project/sample/frontend/title.txt"
  exits 3 todoctl plan e2e --exit-code
  screen 'image frontend' 'release frontend'
  up_as_planned
  page_shows 'A new title'
  differ "the frontend's image" "$image" "$(image frontend)"
  same "the backend's image" "$backend" "$(image backend)"
  same "the history of backend" "$history" "$(history backend)"
  same "the backend's pods" "$pods" "$(pods backend)"
  healthy frontend
  verified frontend
  images | grep -qxF "$image"
}

change_collects() {
  local stray=sandbox.local/todo/frontend:stray kept
  nothing_to_do
  kept=$(images)
  sandbox image build -t "$stray" "$project/sample/frontend"
  images | grep -xF "$stray"
  exits 0 todoctl up e2e
  same "the kept images" "$kept" "$(images)"
}

change_both() {
  up_as_planned --set backend.config.agentName=Both --set frontend.extraEnv.COLOUR=blue
  healthy backend frontend
  verified backend frontend
  kube get configmap backend-config -o json | jq -e '.data.AGENT_NAME == "Both"'
}

change_only() {
  local history
  history=$(history backend)
  exits 0 todoctl up e2e --only frontend -o json
  result -s '.[0].event == "run-started" and .[-1].event == "run-finished" and .[-1].outcome.kind == "deployed"'
  same "the history of backend" "$history" "$(history backend)"
  exits 0 todoctl up e2e
  nothing_to_do
}
