# shellcheck shell=bash disable=SC2154
# Every argument list that `plan` prints is accepted by the real tools: minikube's by its dry run, helm's and kubectl's
# by the API server's dry run. What is deployed goes first, so that the plan has everything.

local_commands() {
  check "minikube accepts the start that the plan of an absent cluster prints" commands_minikube
  check "everything goes but the definitions of Dapr's objects" exits 0 here down --purge --yes
  check "plan prints every command of the documented order" commands_plan
  # A dry run does not make the namespaces that the plan makes first.
  kubectl create namespace todo >/dev/null 2>&1 || true
  check "helm accepts all seven releases" commands_accepted helm 7 --dry-run=server
  check "kubectl accepts every object that is no secret" commands_accepted kubectl 4 --dry-run=server
}

# commands_minikube: a home without a profile is a machine without a cluster.
commands_minikube() {
  local line
  line=$(sed -n 's/^ *\$ \(minikube .* start .*\)/\1/p' "$work/first-plan")
  echo "$line"
  [[ -n $line ]] || wrong "the plan has no start"
  (cd "$project" && bash -c "$line --dry-run")
}

commands_plan() {
  # The images of before are still there.
  echo 'another title' >"$project/sample/frontend/title.txt"
  exits 0 here plan
  project_restore
  cp "$work/stdout" "$work/plan"
  screen 2/9 3/9 4/9 5/9 6/9 7/9 8/9
}

# commands_accepted TOOL MINIMUM OPTION: runs each command of the plan, with the input that the plan shows for it.
commands_accepted() {
  local tool=$1 minimum=$2 option=$3 count=0 line input
  while IFS=$'\t' read -r line input; do
    echo "$line"
    (cd "$project" && bash -c "$line $option" <<<"$input") >"$work/answer" || {
      cat "$work/answer"
      return 1
    }
    count=$((count + 1))
  done < <(awk -v tool="$tool" '$1 == "$" { sub(/^ *\$ /, ""); line = $0 }
    $1 == "<" && $2 !~ /^\(/ && index(line, tool " ") == 1 { sub(/^ *< /, ""); print line "\t" $0 }' "$work/plan")
  ((count >= minimum)) || wrong "$count commands instead of $minimum"
}
