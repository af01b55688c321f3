# shellcheck shell=bash disable=SC2154
# What todoctl relies on in the API server's answers: the table that its tests hold against the fake one
# (crates/run/src/cluster/tests/table.rs). It is late, when nothing compiles beside it any more.

cases_table() {
  check "a real API server answers as the fake one of the tests" table_same
}

table_same() {
  kubectl delete namespace todoctl-table --ignore-not-found
  (cd "$root" && TODOCTL_TEST_KUBECONFIG=$KUBECONFIG cargo test --quiet --locked --workspace --lib -- --ignored cluster::tests::table {LOCK}>&-)
  kubectl delete namespace todoctl-table --wait=false
}
