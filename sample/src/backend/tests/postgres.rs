//! A PostgreSQL server for the time of a test.
//!
//! Owns finding the programs, a folder and the end of the server. Reached by a socket only.

#![expect(clippy::disallowed_methods, reason = "a test starts its server; the rule is for todoctl")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Makes a cluster in a fresh folder, says the folder, and becomes the server.
const SCRIPT: &str = r#"
set -e
folder=$(mktemp -d)
"$1/initdb" -D "$folder/data" -U todo --auth=trust -E UTF8 --locale=C --no-sync >/dev/null
echo "$folder"
exec "$1/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off -c logging_collector=off 2>&1
"#;

pub(super) struct Server {
    process: Child,
    folder: String,
    programs: PathBuf,
}

impl Server {
    /// Starts a server. `None` where PostgreSQL is not installed; in CI that is a failure.
    pub(super) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL is missing: scripts/setup installs it");
            crate::log::warn("not run: PostgreSQL is not installed (scripts/setup)", &[]);
            return None;
        };
        // The server refuses to be root.
        let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let mut command = if root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let mut process = command
            .args(["-c", SCRIPT, "sh"])
            .arg(&programs)
            .current_dir("/")
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell runs");
        let mut lines = BufReader::new(process.stdout.take().expect("it is a pipe")).lines();
        let folder = lines.next().expect("the folder is said").expect("it is text");
        let mut log = Vec::new();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| {
            let ready = line.contains("ready to accept connections");
            log.push(line);
            ready
        });
        assert!(ready, "PostgreSQL does not start:\n{}", log.join("\n"));
        // The rest of its log goes nowhere, but must be read.
        std::thread::spawn(move || lines.count());
        Some(Self { process, folder, programs })
    }

    /// Makes a database and returns its URL.
    pub(super) fn database(&self, name: &str) -> String {
        let status = Command::new(self.programs.join("createdb"))
            .args(["-h", &self.folder, "-U", "todo", name])
            .status()
            .expect("createdb runs");
        assert!(status.success());
        format!("postgres://todo@localhost/{name}?host={}&sslmode=disable", self.folder)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT: end without waiting for clients. Only this child is meant.
        let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The folder with PostgreSQL's programs: Debian keeps them off the PATH.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}
