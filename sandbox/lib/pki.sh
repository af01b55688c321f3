# shellcheck shell=bash
# The certificate authority of one sandbox, its certificates and kubeconfigs; made once, at the
# first start. The folder appears under its name only when it is complete.

pki_create() {
  [[ ! -d $PKI ]] || return 0
  local new=$PKI.new user
  pki_authority "$new"
  pki_certificates "$new"
  openssl genrsa -out "$new/service-accounts.key" 2048 2>/dev/null
  openssl rsa -in "$new/service-accounts.key" -pubout -out "$new/service-accounts.pub" 2>/dev/null
  for user in admin controller-manager scheduler kubelet proxy; do
    pki_kubeconfig "$new" "$user"
  done
  mv "$new" "$PKI"
}

# pki_create_database: what the database alone needs, where something else makes the cluster.
pki_create_database() {
  [[ ! -d $PKI ]] || return 0
  pki_authority "$PKI.new"
  pki_certificate_database "$PKI.new"
  mv "$PKI.new" "$PKI"
}

# pki_authority FOLDER: begins the folder anew.
pki_authority() {
  rm -rf "$1"
  mkdir -m 700 "$1"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -keyout "$1/ca.key" -out "$1/ca.crt" -subj "/CN=$ID-ca" 2>/dev/null
}

pki_certificates() {
  local services=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
  pki_certificate "$1" apiserver /CN=kube-apiserver serverAuth \
    "IP:127.0.0.1,IP:$NODE_IP,IP:$KUBERNETES_SERVICE_IP,DNS:localhost,$services"
  pki_certificate "$1" kubelet "/O=system:nodes/CN=system:node:$NODE_NAME" serverAuth,clientAuth \
    "DNS:$NODE_NAME,IP:$NODE_IP"
  pki_certificate "$1" apiserver-kubelet-client /O=system:masters/CN=apiserver-kubelet-client clientAuth
  pki_certificate "$1" admin /O=system:masters/CN=admin clientAuth
  pki_certificate "$1" controller-manager /CN=system:kube-controller-manager clientAuth
  pki_certificate "$1" scheduler /CN=system:kube-scheduler clientAuth
  pki_certificate "$1" proxy /CN=system:kube-proxy clientAuth
  pki_certificate_database "$1"
}

pki_certificate_database() {
  pki_certificate "$1" postgres /CN=postgres serverAuth "IP:$HOST_IP"
}

# pki_certificate FOLDER NAME SUBJECT USAGE [ALTERNATIVE_NAMES]
pki_certificate() {
  local base=$1/$2
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$base.key" -out "$base.csr" -subj "$3" 2>/dev/null
  printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature,keyEncipherment \
    "extendedKeyUsage=$4" ${5:+"subjectAltName=$5"} >"$base.ext"
  openssl x509 -req -in "$base.csr" -CA "$1/ca.crt" -CAkey "$1/ca.key" -CAcreateserial \
    -days 3650 -out "$base.crt" -extfile "$base.ext" 2>/dev/null
  rm -f "$base.csr" "$base.ext"
}

# pki_kubeconfig FOLDER USER: the node's address is reached from the host and from inside alike.
pki_kubeconfig() {
  local file=$1/$2.kubeconfig
  (umask 077 && cat >"$file") <<YAML
apiVersion: v1
kind: Config
clusters:
- name: $NAME
  cluster:
    server: https://$NODE_IP:6443
    certificate-authority-data: $(base64 -w0 <"$1/ca.crt")
users:
- name: $NAME-$2
  user:
    client-certificate-data: $(base64 -w0 <"$1/$2.crt")
    client-key-data: $(base64 -w0 <"$1/$2.key")
contexts:
- name: $NAME
  context: {cluster: $NAME, user: $NAME-$2}
current-context: $NAME
YAML
}
