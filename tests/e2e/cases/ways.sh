# shellcheck shell=bash disable=SC2154
# Every way to a cluster that kubectl knows: todoctl's own connection, helm and kubectl take it alike. A release of one
# ConfigMap is deployed each way, by a user who may do everything in one namespace and nothing outside.

cases_ways() {
  ways_prepare
  check "a client certificate in files beside the kubeconfig, which is two files" ways_files
  check "a token in a file" ways_token_file
  check "a token from a program with arguments and variables of its own" ways_program
  check "in another user's name" ways_impersonated
  check "a server that has another name in its certificate" ways_server_name
  check "through an HTTP proxy that wants a password" ways_http_proxy
  check "through a SOCKS5 proxy" ways_socks_proxy
  check "behind a path of another server" ways_path
  check "from a pod, as its service account" ways_pod
  check "outside of a pod that is refused" ways_no_pod
  check "what kubectl and helm refuse is refused before anything begins" ways_refused
  check "a token that is renewed during a run" ways_renewed
  kubectl delete namespace ways --wait=false
}

ways_prepare() {
  kubectl create namespace ways
  kubectl create serviceaccount deployer -n ways
  kubectl create role everything --verb='*' --resource='*.*' -n ways
  kubectl create rolebinding deployer --role=everything --serviceaccount=ways:deployer -n ways
  ways_server=$(kubectl config view --raw --minify -o 'jsonpath={.clusters[0].cluster.server}')
  mkdir -p "$home/ways" "$project/ways/templates"
  kubectl config view --raw --minify --flatten -o json >"$work/admin.json"
  jq -r '.clusters[0].cluster."certificate-authority-data" | @base64d' "$work/admin.json" >"$home/ways/ca.crt"
  (
    umask 077
    jq -r '.users[0].user."client-certificate-data" | @base64d' "$work/admin.json" >"$home/ways/user.crt"
    jq -r '.users[0].user."client-key-data" | @base64d' "$work/admin.json" >"$home/ways/user.key"
    ways_token >"$home/ways/token"
  )
  printf 'apiVersion: v2\nname: ways\nversion: 1.0.0\n' >"$project/ways/Chart.yaml"
  cat >"$project/ways/templates/way.yaml" <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: way}
data: {way: '{{ .Values.way }}'}
YAML
  ways_context="context: {context: ways, uid: $(kubectl get namespace kube-system -o 'jsonpath={.metadata.uid}')}"
}

# ways_profile CLUSTER
ways_profile() {
  cat >"$project/profiles/ways.yaml" <<YAML
namespace: ways
confirm: never
cluster: {$1}
releases: {ways: {chart: ways}}
YAML
}

ways_token() {
  kubectl create token deployer -n ways --duration=1h
}

# ways_kubeconfig USER [CLUSTER]: one with the context `ways`; both are fields in the form of JSON.
ways_kubeconfig() {
  (
    umask 077
    jq -n --argjson user "$1" --argjson cluster "${2-"{}"}" --arg server "$ways_server" '{apiVersion: "v1", kind: "Config",
      clusters: [{name: "c", cluster: ({server: $server, "certificate-authority": "ca.crt"} + $cluster)}],
      users: [{name: "u", user: $user}], contexts: [{name: "ways", context: {cluster: "c", user: "u"}}]}' \
      >"$home/ways/config"
  )
}

# ways_deploys NAME [KUBECONFIG]: whether a run and a look go this way, and nothing of it is left.
ways_deploys() {
  local before files=${2:-$home/ways/config}
  ways_profile "$ways_context"
  before=$(cat "$home"/ways/*)
  KUBECONFIG=$files exits 0 todoctl up ways --set "ways.way=$1"
  same "the way" "$1" "$(kubectl get configmap way -n ways -o 'jsonpath={.data.way}')"
  KUBECONFIG=$files exits 0 todoctl status --profile ways
  screen 'healthy'
  same "the user's files" "$before" "$(cat "$home"/ways/*)"
  same "private kubeconfigs that are left" '' "$(find "$TODOCTL_STATE/ways" -name 'kubeconfig-*')"
}

ways_files() {
  ways_kubeconfig '{}'
  jq 'del(.users, .contexts)' "$home/ways/config" >"$home/ways/clusters"
  jq 'del(.clusters) | .users[0].user = {"client-certificate": "user.crt", "client-key": "user.key"}' \
    "$home/ways/config" >"$home/ways/users"
  ways_deploys files "$home/ways/clusters:$home/ways/users"
}

ways_token_file() {
  ways_kubeconfig '{"tokenFile": "token"}'
  ways_deploys token-file
}

# The program is beside the kubeconfig, and sees the variable that this gives it.
ways_program() {
  cat >"$home/ways/login" <<'SH'
#!/usr/bin/env bash
[[ $1 == --for && $2 == ways && $WAYS_LOGIN == yes ]] || { echo "called in another way" >&2; exit 1; }
jq -n --rawfile token "$(dirname "$0")/token" \
  '{apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: {token: $token | rtrimstr("\n")}}'
SH
  chmod +x "$home/ways/login"
  ways_kubeconfig '{"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./login", "args": ["--for", "ways"],
    "env": [{"name": "WAYS_LOGIN", "value": "yes"}], "interactiveMode": "Never"}}'
  ways_deploys program
}

# Who made the release says whose name it was: the administrator may do everything, the other user one namespace.
ways_impersonated() {
  local user
  user=$(jq -n --argjson admin "$(jq '.users[0].user' "$work/admin.json")" \
    '$admin + {as: "system:serviceaccount:ways:deployer", "as-groups": ["system:serviceaccounts:ways", "system:authenticated"]}')
  ways_kubeconfig "$user"
  ways_deploys impersonated
  ways_kubeconfig "$(jq '.as = "nobody" | ."as-groups" = ["system:authenticated"]' <<<"$user")"
  KUBECONFIG=$home/ways/config exits 10 todoctl up ways --set ways.way=nobody
  screen 'User "nobody" cannot list resource'
}

ways_server_name() {
  # 127.0.0.2 leads to it and is not in its certificate.
  ways_open tcp "TCP:${ways_server#https://}"
  ways_kubeconfig '{"tokenFile": "token"}' \
    "{\"server\": \"https://127.0.0.2:$ways_port\", \"tls-server-name\": \"kubernetes.default.svc\"}"
  ways_deploys server-name
}

ways_http_proxy() {
  ways_open http "EXEC:$root/tests/e2e/proxy http"
  ways_kubeconfig '{"tokenFile": "token"}' "{\"proxy-url\": \"http://some%20one:p%40ss@127.0.0.2:$ways_port\"}"
  ways_deploys http-proxy
  same "where the proxy led" "http ${ways_server#https://}" "$(sort -u "$work/proxy.log")"
}

ways_socks_proxy() {
  ways_open socks5 "EXEC:$root/tests/e2e/proxy socks5"
  ways_kubeconfig '{"tokenFile": "token"}' "{\"proxy-url\": \"socks5://some%20one:p%40ss@127.0.0.2:$ways_port\"}"
  ways_deploys socks-proxy
  ways_kubeconfig '{"tokenFile": "token"}' "{\"proxy-url\": \"socks5://127.0.0.2:$ways_port\"}"
  KUBECONFIG=$home/ways/config exits 0 todoctl status --profile ways
  same "where the proxy led" "$(printf 'socks5 %s as %s\n' "${ways_server#https://}" none "${ways_server#https://}" 'some one:p@ss')" \
    "$(sort -u "$work/proxy.log")"
}

ways_path() {
  kubectl proxy --port=0 --api-prefix=/clusters/ways {LOCK}>&- >"$work/ways-path" &
  ways_closes $!
  eventually 10 grep -q 'Starting to serve' "$work/ways-path"
  ways_kubeconfig '{}' "{\"server\": \"http://$(grep -o '127.0.0.1:[0-9]*' "$work/ways-path")/clusters/ways\", \"certificate-authority\": \"\"}"
  ways_deploys path
}

# What Kubernetes gives a pod: two variables, and three files in a known place, which only this process sees.
ways_pod() {
  local place=/var/run/secrets/kubernetes.io/serviceaccount
  ways_profile 'in-cluster: {}'
  mkdir -p "$work/pod"
  cp "$home/ways/ca.crt" "$home/ways/token" "$work/pod/"
  cat >"$work/in-pod" <<SH
#!/usr/bin/env bash
# The folder is made in a memory of its own, so that nothing of it stays on this machine.
mount -t tmpfs tmpfs /var/run/secrets && mkdir -p $place && mount --bind '$work/pod' $place
KUBERNETES_SERVICE_HOST=\${1%:*} KUBERNETES_SERVICE_PORT=\${1##*:} exec '$binary' "\${@:2}"
SH
  chmod +x "$work/in-pod"
  mkdir -p /var/run/secrets
  ways_in_pod up ways --set ways.way=pod
  same "the way" pod "$(kubectl get configmap way -n ways -o 'jsonpath={.data.way}')"
  ways_in_pod status --profile ways
  grep -q healthy "$work/in-pod.out"
}

ways_in_pod() {
  (cd "$project" && unset KUBECONFIG && unshare --mount "$work/in-pod" "${ways_server#https://}" --color never "$@" {LOCK}>&-) \
    >"$work/in-pod.out" 2>&1 || {
    cat "$work/in-pod.out"
    wrong "todoctl $* failed in a pod"
  }
}

ways_no_pod() {
  ways_profile 'in-cluster: {}'
  exits 10 todoctl up ways --set ways.way=none
  screen 'this is no pod with a service account'
}

# Each of these is refused by kubectl and helm, so todoctl must not begin with it: no lock, no record, and no secret in
# what is said.
ways_refused() {
  local case before
  ways_profile "$ways_context"
  before=$(kubectl get lease,configmap,secret -n ways -o name)
  printf 'CANARY\nCANARY\n' >"$home/ways/lines"
  printf '\n' >"$home/ways/empty"
  while IFS='|' read -r said user cluster; do
    ways_kubeconfig "$user" "$cluster"
    case="$user $cluster"
    ! KUBECONFIG=$home/ways/config kubectl get configmaps -n ways --context ways --request-timeout=5s </dev/null || wrong "kubectl takes $case"
    ! KUBECONFIG=$home/ways/config helm list -n ways --kube-context ways || wrong "helm takes $case"
    KUBECONFIG=$home/ways/config exits 10 todoctl up ways --set ways.way=refused
    screen "$said"
    ! grep -hE 'CANARY|panicked|kubeconfig-' "$work/stdout" "$work/stderr" || wrong "todoctl says too much of $case"
  done <<'TABLE'
certificate authority|{"tokenFile": "token"}|{"insecure-skip-tls-verify": true}
proxy-url is none of|{"tokenFile": "token"}|{"proxy-url": "127.0.0.2:1"}
proxy-url is none of|{"tokenFile": "token"}|{"proxy-url": "ftp://u:CANARY@127.0.0.2:1"}
through the proxy socks5://127.0.0.2:1|{"tokenFile": "token"}|{"proxy-url": "socks5://u:CANARY@127.0.0.2:1"}
through the proxy http://127.0.0.2:1|{"tokenFile": "token"}|{"proxy-url": "http://u:CANARY@127.0.0.2:1"}
line break|{"token": "CANARY\nCANARY"}|{}
line break|{"tokenFile": "lines"}|{}
is empty|{"tokenFile": "empty"}|{}
cannot be read|{"tokenFile": "absent"}|{}
both a token and a password|{"token": "CANARY", "username": "u", "password": "CANARY"}|{}
without as|{"tokenFile": "token", "as-groups": ["g"]}|{}
exec has no command|{"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}}|{}
no interactiveMode|{"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "true"}}|{}
no-such-login|{"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-login", "interactiveMode": "Never"}}|{}
line break|{"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "interactiveMode": "Never", "args": ["{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": {\"token\": \"CANARY\\nCANARY\"}}"]}}|{}
TABLE
  same "what is in the cluster" "$before" "$(kubectl get lease,configmap,secret -n ways -o name)"
}

# The first token ends while helm is at work; a program gives another one.
ways_renewed() {
  mkdir -p "$work/wrappers"
  cat >"$work/wrappers/ways-login" <<SH
#!/usr/bin/env bash
printf '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "%s"}}\n' "\$(cat '$work/current')"
SH
  chmod +x "$work/wrappers/ways-login"
  cp "$home/ways/token" "$work/current"
  kubectl create serviceaccount other -n ways
  kubectl create rolebinding other --role=everything --serviceaccount=ways:other -n ways
  # The account goes with its tokens, as soon as the API server has forgotten that they were good.
  wrap helm "[[ \$1 != upgrade ]] || {
    kubectl --kubeconfig '$KUBECONFIG' create token other -n ways >'$work/current'
    kubectl --kubeconfig '$KUBECONFIG' delete serviceaccount deployer -n ways
    while kubectl --kubeconfig '$work/first' get configmaps -n ways; do sleep 0.5; done
  } >&2"
  ways_kubeconfig "{\"token\": \"$(cat "$home/ways/token")\"}"
  KUBECONFIG=$home/ways/config kubectl config view --raw --minify --flatten --context ways >"$work/first"
  ways_kubeconfig '{"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "ways-login", "interactiveMode": "Never"}}'
  PATH=$work/wrappers:$PATH ways_deploys renewed
  unwrap
}

# ways_open WHAT TO: something that listens on a port of this machine, $ways_port.
ways_open() {
  : >"$work/proxy.log"
  ways_port=$((20000 + RANDOM % 10000))
  PROXY_LOG=$work/proxy.log socat "TCP-LISTEN:$ways_port,bind=127.0.0.2,reuseaddr,fork" "$2" {LOCK}>&- 2>"$work/$1" &
  ways_closes $!
  eventually 5 ways_listens
}

ways_listens() {
  [[ -n $(ss -Hltn "sport = :$ways_port") ]]
}

# ways_closes PROCESS: it ends with the check, however that ends.
ways_closes() {
  # shellcheck disable=SC2064 # it is known now
  trap "kill $1 || true; wait $1 || true" EXIT
}
