# shellcheck shell=bash
# The programs that the sandbox compiles, for tests and measurements that need some of them and no cluster.

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/todoctl-tests

# pubsub_programs: builds what events go through without a cluster, and says to the tests where it is: daprd, the
# component pubsub.postgresql as its image has it, and the sandbox's Kafka broker.
pubsub_programs() {
  local bin context=dapr/pubsub-postgresql/image
  sandbox/sandbox build
  scripts/build-program pubsub-postgresql "$context"
  bin=$(sandbox/sandbox bin)
  mkdir -p "$cache"
  # Dapr's programs are one file, which goes by the name that it is called by.
  ln -sfn "$bin/dapr" "$cache/daprd"
  export DAPRD=$cache/daprd KAFKA=$bin/kafka
  PUBSUB_POSTGRESQL=$(find "$PWD/$context/bin" -path "*/$(architecture)/*" -name pubsub-postgresql)
  export PUBSUB_POSTGRESQL
}

# architecture: this machine's, as images name it.
architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) uname -m ;;
  esac
}
