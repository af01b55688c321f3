//! A PostgreSQL server for the time of a test, with everything that tests do to one: end it in all ways, start it again.
//!
//! Owns finding the programs, a folder and the end of the server. Refuses to be used for anything but tests: its
//! passwords stand here.

#![expect(clippy::disallowed_methods, reason = "tests start servers; the rule is for todoctl")]
#![expect(clippy::missing_panics_doc, reason = "a test fails by a panic")]

mod pooler;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

pub use pooler::Pooler;

/// The user that owns everything, by socket without a password.
pub const USER: &str = "todo";
/// Its password, where one is asked for: by TCP.
pub const PASSWORD: &str = "hunter2-of-the-test";

/// Makes a cluster in a fresh folder, with a certificate of an authority of its own, and says the folder.
const MAKE: &str = r#"
set -e
folder=$(mktemp -d)
printf %s "$2" >"$folder/password"
"$1/initdb" -D "$folder/data" -U todo --pwfile="$folder/password" --auth-local=trust --auth-host=scram-sha-256 \
  -E UTF8 --locale=C --no-sync >/dev/null
cd "$folder"
ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $ec -days 2 -subj /CN=authority -keyout authority.key -out authority.crt 2>/dev/null
openssl req -x509 $ec -days 2 -subj /CN=localhost -CA authority.crt -CAkey authority.key \
  -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE \
  -keyout data/server.key -out data/server.crt 2>/dev/null
chmod 755 "$folder"
chmod 644 authority.crt
echo "$folder"
"#;

/// A server.
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    durable: bool,
    process: Option<Child>,
}

impl Server {
    /// Starts a server. `None` where PostgreSQL is not installed; in CI that is a failure. It answers before data is on
    /// disk: what it holds survives its own crash, and no power cut.
    pub fn start() -> Option<Self> {
        Self::make(false)
    }

    /// The same for measurements: data is on disk before it answers.
    pub fn start_durable() -> Option<Self> {
        Self::make(true)
    }

    fn make(durable: bool) -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL is missing: scripts/setup installs it");
            return None;
        };
        let output = as_postgres("sh", &["-c", MAKE, "sh", &programs.display().to_string(), PASSWORD])
            .stderr(Stdio::inherit())
            .output()
            .expect("a shell runs");
        let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        assert!(output.status.success() && folder.is_absolute(), "initdb fails");
        let mut server = Self { programs, folder, port: free_port(), durable, process: None };
        server.resume();
        Some(server)
    }

    /// Starts it again, after `stop` or `kill`.
    pub fn resume(&mut self) {
        // Workers of a killed server keep its memory for a moment.
        let log = (0..100).find_map(|_| self.try_resume().err());
        assert!(self.process.is_some(), "PostgreSQL does not start:\n{}", log.unwrap_or_default());
    }

    fn try_resume(&mut self) -> Result<(), String> {
        let (data, folder) =
            (self.folder.join("data").display().to_string(), self.folder.display().to_string());
        let port = self.port.to_string();
        let fsync = if self.durable { "fsync=on" } else { "fsync=off" };
        let settings = [fsync, "logging_collector=off", "ssl=on", "listen_addresses=127.0.0.1"];
        let mut command = as_postgres(&self.programs.join("postgres").display().to_string(), &["-D", &data]);
        command.args(["-k", &folder, "-p", &port]);
        for setting in settings {
            command.args(["-c", setting]);
        }
        let mut process = command.stderr(Stdio::piped()).spawn().expect("postgres runs");
        let mut lines = BufReader::new(process.stderr.take().expect("it is a pipe")).lines();
        let mut log = Vec::new();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| {
            let ready = line.contains("ready to accept connections");
            log.push(line);
            ready
        });
        if !ready {
            let _ = process.wait();
            return Err(log.join("\n"));
        }
        // The rest of its log goes nowhere, but must be read.
        std::thread::spawn(move || lines.count());
        self.process = Some(process);
        Ok(())
    }

    /// Ends it; whoever is connected is disconnected.
    pub fn stop(&mut self) {
        self.signal("-INT");
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.signal("-KILL");
    }

    fn signal(&mut self, signal: &str) {
        let Some(mut process) = self.process.take() else { return };
        // Only this child is meant.
        let _ = Command::new("kill").args([signal, &process.id().to_string()]).status();
        let _ = process.wait();
    }

    /// Makes a database.
    pub fn create(&self, name: &str) {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\""));
    }

    /// Makes a database; its URL by the socket.
    pub fn database(&self, name: &str) -> String {
        self.create(name);
        format!(
            "postgres://{USER}@localhost/{name}?host={}&port={}&sslmode=disable",
            self.folder.display(),
            self.port
        )
    }

    /// The URL of a database by TCP, with a password. `more` begins with `?` when it says anything.
    pub fn url(&self, database: &str, more: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}{more}", self.port)
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The authority that signed the certificate of its TLS, which is for `localhost`.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.crt")
    }

    /// Runs SQL as the owner; its rows, with `|` between columns.
    pub fn sql(&self, database: &str, text: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .args(["-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-U", USER, "-h"])
            .arg(&self.folder)
            .args(["-p", &self.port.to_string(), "-d", database, "-c", text])
            .output()
            .expect("psql runs");
        assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A command as the user `postgres`, when this is root: servers refuse to be.
fn as_postgres(program: &str, arguments: &[&str]) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let mut command = if root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", program]);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments).current_dir("/").stdin(Stdio::null());
    command
}

/// A port that nobody listens on, and no other call of this process got. It is none of those that the kernel gives to
/// connections, so that it is still free when a killed server comes back.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + (std::process::id() % 400) as u16 * 50;
    (0..10_000)
        .map(|_| first.saturating_add(NEXT.fetch_add(1, Ordering::Relaxed)))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a port is free")
}

/// The folder with PostgreSQL's programs: Debian keeps them off the PATH.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}
