//! PgBouncer before a server: each transaction gets another connection, as with a managed pooler.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::{PASSWORD, Server, USER, as_postgres, free_port};

/// A pooler.
pub struct Pooler {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Pooler {
    /// Starts a pooler; `None` where PgBouncer is not installed, which in CI is a failure.
    pub fn start(server: &Server) -> Option<Self> {
        let program = "/usr/sbin/pgbouncer";
        if !std::path::Path::new(program).is_file() {
            assert!(std::env::var_os("CI").is_none(), "PgBouncer is missing: scripts/setup installs it");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let users = folder.path().join("users");
        std::fs::write(&users, format!("\"{USER}\" \"{PASSWORD}\"\n")).expect("it is written");
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             pool_mode = transaction\nauth_type = scram-sha-256\nauth_file = {}\nunix_socket_dir =\n\
             default_pool_size = 10\n",
            server.folder().display(),
            server.port(),
            users.display()
        );
        std::fs::write(&settings, text).expect("it is written");
        let readable = ["-R", "a+rX", &folder.path().display().to_string()];
        assert!(Command::new("chmod").args(readable).status().is_ok_and(|status| status.success()));
        let mut process = as_postgres(program, &[&settings.display().to_string()])
            .stderr(Stdio::piped())
            .spawn()
            .expect("pgbouncer runs");
        let mut lines = BufReader::new(process.stderr.take().expect("it is a pipe")).lines();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("process up"));
        assert!(ready, "PgBouncer does not start");
        std::thread::spawn(move || lines.count());
        Some(Self { process, port, _folder: folder })
    }

    /// The URL of a database through it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
