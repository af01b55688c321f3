# shellcheck shell=bash
# PostgreSQL beside the cluster, as a managed database would be: on the host's end of the link,
# with TLS and a generated password that appears in no argument list.

as_postgres() {
  setpriv --reuid=postgres --regid=postgres --init-groups "$@"
}

# postgres_programs: sets PG_BIN, of the version that made the data, else the newest.
postgres_programs() {
  local version
  if [[ -f $DATABASE_DIR/PG_VERSION ]]; then
    read -r version <"$DATABASE_DIR/PG_VERSION"
    PG_BIN=/usr/lib/postgresql/$version/bin
    [[ -x $PG_BIN/postgres ]] ||
      fail "the database of $TOOL $NAME was made by PostgreSQL $version, which is not installed" \
        "install postgresql-$version, or remove $TOOL $NAME and start anew"
  else
    PG_BIN=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1)
  fi
}

# postgres_create: makes the data folder once; it gets its name only when it is complete.
postgres_create() {
  [[ ! -d $DATABASE_DIR ]] || return 0
  local new=$DATABASE_DIR.new password
  rm -rf "$new"
  install -d -o postgres -g postgres -m 700 "$new"
  password=$(openssl rand -hex 16)
  (umask 077 && printf 'DATABASE_URL=postgres://%s:%s@%s:5432/todo?sslmode=require\n' \
    "$DATABASE_USER" "$password" "$HOST_IP" >"$DATABASE_FILE")
  printf '%s' "$password" | install -o postgres -m 600 /dev/stdin "$STATE/postgres.password"
  as_postgres "$PG_BIN/initdb" -D "$new" -U "$DATABASE_USER" --pwfile="$STATE/postgres.password" \
    -E UTF8 --locale=C.UTF-8 --auth-local=trust --auth-host=scram-sha-256 --no-sync >"$STATE/log/initdb.log" 2>&1 ||
    fail "initdb failed" "$(tail -n 5 "$STATE/log/initdb.log")"
  rm -f "$STATE/postgres.password"
  postgres_configure "$new"
  mv "$new" "$DATABASE_DIR"
}

# postgres_configure FOLDER: dynamic shared memory in files, so that a kill leaves none in /dev/shm.
postgres_configure() {
  cat >>"$1/postgresql.conf" <<CONF
listen_addresses = '$HOST_IP'
port = 5432
unix_socket_directories = '$DATABASE_DIR'
dynamic_shared_memory_type = mmap
fsync = off
max_connections = 100
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
CONF
  printf 'host all all %s.0.0/16 scram-sha-256\n' "$NET" >>"$1/pg_hba.conf"
  install -o postgres -m 600 "$PKI/postgres.crt" "$1/server.crt"
  install -o postgres -m 600 "$PKI/postgres.key" "$1/server.key"
}

component_postgres() {
  postgres_programs
  postgres_create
  postgres_sweep
  process_spawn postgres setpriv --reuid=postgres --regid=postgres --init-groups \
    "$PG_BIN/postgres" -D "$DATABASE_DIR"
}

postgres_sql() {
  as_postgres psql -X -h "$DATABASE_DIR" -U "$DATABASE_USER" -d postgres -qAt -c "$1" 2>/dev/null
}

# postgres_ready: whether it answers; makes the database "todo" when it is not there yet.
postgres_ready() {
  local found
  found=$(postgres_sql "select 1 from pg_database where datname = 'todo'") || return 1
  [[ $found == 1 ]] || postgres_sql "create database todo"
}

# postgres_stop: SIGINT is PostgreSQL's fast shutdown.
postgres_stop() {
  process_stop postgres 10 INT
}

# postgres_sweep: what a killed server leaves: orphaned workers, whose working directory is the
# data folder, and one small shared memory segment.
postgres_sweep() {
  local pid key
  for pid in $(pgrep -u postgres || true); do
    [[ ! /proc/$pid/cwd -ef $DATABASE_DIR ]] || kill -s KILL "$pid" 2>/dev/null || true
  done
  [[ -f $DATABASE_DIR/postmaster.pid ]] || return 0
  # Line 7: key and id of the segment. The key belongs to the folder, the id may be used again.
  key=$(awk 'NR == 7 { print $1 }' "$DATABASE_DIR/postmaster.pid")
  [[ -z $key ]] || ipcrm --shmem-key "$key" 2>/dev/null || true
  rm -f "$DATABASE_DIR"/postmaster.pid "$DATABASE_DIR"/.s.PGSQL.*
}
