# shellcheck shell=bash disable=SC2154
# What kubectl and helm say of the cluster, for comparison before and after. Nothing here asks todoctl.

namespace=todo

# The cluster's processes outlive this script and must not inherit its lock.
sandbox() {
  "$root/sandbox/sandbox" "$@" {LOCK}>&-
}

# kube ARG...: kubectl in the application's namespace.
kube() {
  kubectl -n "$namespace" --request-timeout 20s "$@"
}

# content [RELEASE]: everything that a release wants of Kubernetes, without what Kubernetes adds.
content() {
  kube get deployments,services,configmaps -l "app.kubernetes.io/instance${1:+=$1}" -o json | jq -S '.items[] |
    {kind, name: .metadata.name, labels: .metadata.labels, data,
     spec: (.spec | if . then del(.clusterIP, .clusterIPs) else . end)}'
}

# versions: every object of the namespace with its version; equal texts mean that nothing was changed at all.
# Pods on their way out change by themselves and are waited for.
versions() {
  eventually 30 settled
  kube get deployments,replicasets,pods,services,configmaps,secrets -o json |
    jq -r '.items[] | "\(.kind) \(.metadata.name) \(.metadata.resourceVersion)"' | sort
}

settled() {
  kube get pods -o json | jq -e 'all(.items[]; .metadata.deletionTimestamp == null)' >/dev/null
}

# history RELEASE: revisions and their status, as helm tells them.
history() {
  helm history "$1" -n "$namespace" -o json | jq -r '.[] | "\(.revision) \(.status)"'
}

# revision RELEASE: the newest one.
revision() {
  helm history "$1" -n "$namespace" --max 1 -o json | jq -r '.[-1].revision'
}

# pods [RELEASE]: the pods that are not on their way out, with their identity and restarts.
pods() {
  kube get pods -l "app.kubernetes.io/instance${1:+=$1}" -o json | jq -r '.items[] |
    select(.metadata.deletionTimestamp == null) |
    "\(.metadata.name) \(.metadata.uid) \([.status.containerStatuses[]?.restartCount] | add)"' | sort
}

# image RELEASE: the one its Deployment asks for.
image() {
  kube get deployment "$1-deployment" -o 'jsonpath={.spec.template.spec.containers[0].image}'
}

# secret_of RELEASE: the Secret its pods read.
secret_of() {
  kube get deployment "$1-deployment" -o json |
    jq -r '[.spec.template.spec.containers[0].env[]?.valueFrom.secretKeyRef.name // empty,
            .spec.template.spec.containers[0].envFrom[]?.secretRef.name // empty] | unique[]'
}

# our_secrets: the versions of the application's Secrets, without what helm keeps.
our_secrets() {
  kube get secrets --field-selector type=Opaque -o name | sort
}

# healthy RELEASE...: whether each has as many ready pods of its current content as it wants, and no others.
healthy() {
  local release
  for release in "$@"; do
    eventually 20 healthy_now "$release"
  done
}

healthy_now() {
  kube get deployment "$1-deployment" -o json | jq -e '.metadata.generation == .status.observedGeneration
    and .spec.replicas > 0 and .status.updatedReplicas == .spec.replicas
    and .status.readyReplicas == .spec.replicas and .status.replicas == .spec.replicas' >/dev/null || {
    kube get pods -l "app.kubernetes.io/instance=$1"
    wrong "$1 is not healthy"
    return
  }
  local want
  want=$(image "$1")
  kube get pods -l "app.kubernetes.io/instance=$1" -o json | jq -e --arg image "$want" \
    '[.items[] | select(.metadata.deletionTimestamp == null)] | length > 0 and
     all(.spec.containers[0].image == $image and all(.status.containerStatuses[]; .ready))' >/dev/null ||
    wrong "$1 has other pods than its Deployment wants"
}

# verified RELEASE...: whether helm's newest revision carries the mark of a verified deployment.
verified() {
  local release number
  for release in "$@"; do
    number=$(revision "$release")
    kube get secret "sh.helm.release.v1.$release.v$number" -o json | jq -e --arg number "$number" '
      .metadata.labels | .status == "deployed" and .["todoctl.dev/verified"] == $number
      and .["todoctl.dev/revision"] == $number' >/dev/null ||
      wrong "revision $number of $release is not marked as verified"
  done
}

# images: the application's images that pods can use.
images() {
  sandbox image ls -o json | jq -r '.[].name' | grep '^sandbox.local/todo/' | sort
}

get() {
  curl -fsS --noproxy '*' -m 5 "$@"
}

url() {
  printf 'http://%s.0.2:30000' "$net"
}

# page_shows TEXT: whether the application's page holds a text.
page_shows() {
  eventually 10 page_has "$1"
}

page_has() {
  local page
  page=$(get "$(url)/")
  [[ $page == *"$1"* ]] || wrong "the page does not show: $1"
}

# baseline: what every subject starts from: the copy as it was, deployed and healthy.
baseline() {
  project_restore
  exits 0 todoctl up e2e
  healthy backend frontend
  verified backend frontend
}
