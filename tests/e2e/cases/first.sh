# shellcheck shell=bash disable=SC2154
# The first deployment: from no cluster at all to an application that answers.

cases_first() {
  check "up starts the cluster and deploys everything" first_up
  ((failed == 0)) || { echo "# nothing is deployed: the rest was not run" && exit 1; }
  KUBECONFIG=$(sandbox kubeconfig)
  export KUBECONFIG
  check "both releases are deployed, healthy and marked as verified" first_state
  check "the page answers at the address on the screen" first_page
  check "a task added through the frontend is listed by every replica" first_task
}

first_up() {
  exits 0 todoctl up e2e
  screen "$(url)"
}

first_state() {
  same "the history of backend" '1 deployed' "$(history backend)"
  same "the history of frontend" '1 deployed' "$(history frontend)"
  healthy backend frontend
  verified backend frontend
  exits 0 todoctl status --profile e2e
  screen backend frontend healthy
}

first_page() {
  page_shows "$(head -n 1 "$project/sample/frontend/title.txt")"
}

first_task() {
  local title="task $RANDOM$RANDOM" address addresses tasks
  get -X POST -H 'content-type: application/json' -d "{\"title\": \"$title\"}" "$(url)/api/tasks"
  page_shows "$title"
  addresses=$(kube get pods -l app.kubernetes.io/instance=backend -o 'jsonpath={.items[*].status.podIP}')
  [[ $(wc -w <<<"$addresses") == 2 ]]
  for address in $addresses; do
    tasks=$(get "http://$address:8001/api/tasks")
    jq -e --arg title "$title" 'any(.[]; .title == $title)' <<<"$tasks"
  done
}
