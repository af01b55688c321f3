//! Owns spawning, by duct. Every child has its own process group, a clean environment and no terminal.
//!
//! Own group: a Ctrl-C in the terminal must not reach helm (`helm rollback` has no handler and would stay
//! `pending-rollback`). Output of changing children goes to files: a child whose stderr is a pipe to a dead
//! todoctl dies of SIGPIPE on its next line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Error, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use duct::{Expression, Handle};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;

use super::{Heard, Runner, environment, gate};
use todoctl_core::invocation::{Invocation, Kubeconfig, Output, RunError, Stdin, Tool};

/// How much of a child's error output is kept in memory.
const TAIL: u64 = 16 * 1024;
/// Where a child has the inherited lock file; it never looks at it.
const INHERITED: i32 = 3;
/// How long a child may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);
/// How often the output of a command that still runs is looked at.
const LISTEN: Duration = Duration::from_millis(200);
/// What children are started with.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Working folder: the project.
    pub project: PathBuf,
    /// todoctl's own environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// Variables that hold secrets; no child sees them.
    pub secret_variables: Vec<String>,
    /// The kubeconfig that helm and kubectl see, alone.
    pub kubeconfig: Option<PathBuf>,
    /// Folder of the logs of changing commands; none are kept when absent.
    pub logs: Option<PathBuf>,
    /// A locked file that changing children of helm and kubectl inherit: it stays locked as long as one of them lives,
    /// also when todoctl was killed.
    pub inherited: Option<Arc<File>>,
}

/// Runs invocations as real processes.
#[derive(Debug)]
pub struct DuctRunner {
    setup: Setup,
}

impl DuctRunner {
    /// With a fixed setup.
    pub fn new(setup: Setup) -> Self {
        Self { setup }
    }

    fn environment(&self, invocation: &Invocation) -> Vec<(OsString, OsString)> {
        let tool = &invocation.tool;
        let secret = |name: &OsString| self.setup.secret_variables.iter().any(|one| name == one.as_str());
        let mut kept: Vec<_> = self
            .setup
            .environment
            .iter()
            .filter(|(name, _)| environment::may_see(tool, name) && !secret(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if matches!(tool, Tool::Helm | Tool::Kubectl) {
            // ~/.kube/kuberc can alias commands and change default flags (kubectl 1.34).
            kept.push(("KUBERC".into(), "off".into()));
            // They live for a moment: collecting garbage as often as a server does costs a fifth of their time (helm 4.2).
            kept.push(("GOGC".into(), "400".into()));
        }
        kept.extend(self.kubeconfig(invocation).map(|path| ("KUBECONFIG".into(), path)));
        kept
    }

    /// What the child gets as `KUBECONFIG`.
    fn kubeconfig(&self, invocation: &Invocation) -> Option<OsString> {
        match (invocation.kubeconfig, &invocation.tool) {
            // minikube owns an entry of the user's.
            (Kubeconfig::Users, _) | (Kubeconfig::Private, Tool::Minikube) => {
                self.setup.environment.get(&OsString::from("KUBECONFIG")).cloned()
            }
            (Kubeconfig::Private, Tool::Helm | Tool::Kubectl) => {
                Some(self.setup.kubeconfig.clone().unwrap_or_else(|| "/dev/null".into()).into())
            }
            (Kubeconfig::Private, Tool::Docker | Tool::Oci | Tool::Project(_)) => None,
        }
    }

    fn program(&self, tool: &Tool) -> Result<PathBuf, RunError> {
        let name = tool.name();
        let path = self.setup.environment.get(&OsString::from("PATH"));
        which::which_in(&name, path, &self.setup.project).map_err(|_| RunError::Missing { program: name })
    }

    /// A changing command: a helm or kubectl keeps the lock file open.
    fn inheriting(&self, invocation: &Invocation) -> Result<Expression, RunError> {
        let expression = self.expression(invocation)?;
        let Some(file) = &self.setup.inherited else { return Ok(expression) };
        match invocation.tool {
            Tool::Helm | Tool::Kubectl => {}
            // What a builder or a program of the project leaves running is no change of the cluster.
            Tool::Docker | Tool::Minikube | Tool::Oci | Tool::Project(_) => return Ok(expression),
        }
        let file = Arc::clone(file);
        Ok(expression.before_spawn(move |command| {
            let parent_fd = file.try_clone()?.into();
            command.fd_mappings(vec![FdMapping { parent_fd, child_fd: INHERITED }]).map_err(Error::other)?;
            Ok(())
        }))
    }

    fn expression(&self, invocation: &Invocation) -> Result<Expression, RunError> {
        let program = self.program(&invocation.tool)?;
        #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
        let command = duct::cmd(program, &invocation.args);
        let command = command
            .dir(&self.setup.project)
            .full_env(self.environment(invocation))
            .before_spawn(|command| {
                command.process_group(0);
                Ok(())
            })
            .unchecked();
        Ok(match &invocation.stdin {
            Stdin::None => command.stdin_null(),
            Stdin::Public(text) => command.stdin_bytes(text.as_bytes()),
            Stdin::Secret(text) => command.stdin_bytes(text.expose_secret().as_bytes()),
        })
    }
}

impl Runner for DuctRunner {
    fn run(&self, invocation: &Invocation) -> Result<Output, RunError> {
        let name = invocation.tool.name();
        let mut errors = tempfile::tempfile().map_err(|error| cannot(&name, &error))?;
        let copy = errors.try_clone().map_err(|error| cannot(&name, &error))?;
        let expression = self.expression(invocation)?.stdout_capture().stderr_file(copy);
        let mut output = finish(&name, invocation.timeout, &expression, None, None)?;
        output.stderr = tail(&mut errors, 0);
        Ok(output)
    }

    fn run_logged(
        &self,
        invocation: &Invocation,
        log: &str,
        heard: Option<Heard<'_>>,
    ) -> Result<Output, RunError> {
        let name = invocation.tool.name();
        let Some(folder) = &self.setup.logs else {
            return self.run(invocation);
        };
        let path = folder.join(format!("{log}.log"));
        let (mut file, from) = open_log(&path, invocation).map_err(|error| cannot(&name, &error))?;
        let copy = file.try_clone().map_err(|error| cannot(&name, &error))?;
        let expression = self.inheriting(invocation)?.stderr_to_stdout().stdout_file(copy);
        let ear = match heard {
            Some(heard) => Some(Ear::at(&path, from, heard).map_err(|error| cannot(&name, &error))?),
            None => None,
        };
        let mut output = finish(&name, invocation.timeout, &expression, Some(&path), ear)?;
        output.stderr = tail(&mut file, from);
        Ok(output)
    }

    fn gate(&self) -> Option<&Semaphore> {
        Some(gate::of_machine())
    }
}

/// Waits for the end, or stops the whole group when the time is over.
fn finish(
    name: &str,
    limit: Duration,
    expression: &Expression,
    log: Option<&Path>,
    mut ear: Option<Ear<'_>>,
) -> Result<Output, RunError> {
    let start = Instant::now();
    let handle = expression.start().map_err(|error| cannot(name, &error))?;
    let ended = loop {
        let left = limit.saturating_sub(start.elapsed());
        let step = if ear.is_some() { left.min(LISTEN) } else { left };
        let ended = handle.wait_timeout(step).map_err(|error| cannot(name, &error))?;
        if let Some(ear) = &mut ear {
            ear.listen();
        }
        if ended.is_some() || left == step {
            break ended;
        }
    };
    let Some(done) = ended else {
        stop(&handle);
        return Err(RunError::Timeout { program: name.to_owned(), limit, log: log.map(Path::to_path_buf) });
    };
    Ok(Output {
        status: done.status.code(),
        stdout: done.stdout.clone(),
        stderr: String::new(),
        took: start.elapsed(),
    })
}

/// Reads the lines of a file that another process still writes.
struct Ear<'a> {
    file: BufReader<File>,
    /// A line without its end yet.
    begun: Vec<u8>,
    heard: Heard<'a>,
}

impl<'a> Ear<'a> {
    fn at(path: &Path, from: u64, heard: Heard<'a>) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Self { file: BufReader::new(file), begun: Vec::new(), heard })
    }

    /// Hands over the lines that are complete. A file that cannot be read is silent: only progress is lost.
    fn listen(&mut self) {
        let mut lines = Vec::new();
        while self.file.read_until(b'\n', &mut self.begun).is_ok_and(|read| read > 0) {
            if self.begun.last() == Some(&b'\n') {
                lines.push(String::from_utf8_lossy(&self.begun).trim_end().to_owned());
                self.begun.clear();
            }
        }
        if !lines.is_empty() {
            (self.heard)(&lines);
        }
    }
}

/// Asks the group to end, then ends it. duct's own `kill` reaches the direct child only.
fn stop(handle: &Handle) {
    for pid in handle.pids() {
        signal_group(pid, Signal::TERM);
    }
    if !matches!(handle.wait_timeout(GRACE), Ok(Some(_))) {
        for pid in handle.pids() {
            signal_group(pid, Signal::KILL);
        }
    }
}

fn signal_group(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // The group may be gone already; then there is nothing to do.
        let _ = kill_process_group(pid, signal);
    }
}

/// Opens a log, writes the command into it, and says where its output begins.
fn open_log(path: &Path, invocation: &Invocation) -> std::io::Result<(File, u64)> {
    let mut file = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)?;
    writeln!(file, "$ {}", invocation.line())?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// The end of a file, at most from a position on.
fn tail(file: &mut File, from: u64) -> String {
    let mut bytes = Vec::new();
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let read = file
        .seek(SeekFrom::Start(length.saturating_sub(TAIL).max(from)))
        .and_then(|_| file.read_to_end(&mut bytes));
    match read {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("(its output cannot be read: {error})"),
    }
}

fn cannot(program: &str, error: &Error) -> RunError {
    RunError::Start { program: program.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn runner() -> DuctRunner {
        let environment =
            [("PATH", "/usr/bin:/bin"), ("KUBECONFIG", "/mine"), ("DATABASE_URL", "CANARY-91c2")]
                .map(|(name, value)| (name.into(), value.into()))
                .into();
        let secret_variables = vec!["DATABASE_URL".to_owned()];
        DuctRunner::new(Setup { project: "/".into(), environment, secret_variables, ..Setup::default() })
    }

    fn shell(script: &str) -> Invocation {
        Invocation::new(Tool::Project("sh".into()), ["-c", script])
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = runner().run(&Invocation::new(Tool::Project("no-such".into()), ["x"])).unwrap_err();
        assert_eq!(error.to_string(), "no-such is not installed or not on the PATH");
    }

    #[test]
    fn a_status_is_an_answer_and_its_complaint_is_kept() {
        let output = runner().run(&shell("echo out; echo err >&2; exit 7")).unwrap();
        assert_eq!((output.status, output.text().as_str()), (Some(7), "out\n"));
        assert_eq!(output.complaint(), "err");
    }

    #[test]
    fn children_see_neither_secrets_nor_foreign_cluster_settings() {
        let seen = runner().run(&shell("env")).unwrap().text();
        assert!(!seen.contains("CANARY") && !seen.contains("KUBECONFIG"), "{seen}");
    }

    #[test]
    fn a_child_that_never_ends_is_stopped_with_its_grandchildren() {
        let start = Instant::now();
        let command = shell("sleep 60 & sleep 60").timeout(Duration::from_millis(100));
        let error = runner().run(&command).unwrap_err();
        assert!(matches!(error, RunError::Timeout { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    }

    #[test]
    fn a_grandchild_that_keeps_the_error_output_open_does_not_hang_a_logged_command() {
        let folder = tempfile::tempdir().unwrap();
        let mut setup = runner().setup;
        setup.logs = Some(folder.path().to_owned());
        let start = Instant::now();
        let output = DuctRunner::new(setup).run_logged(&shell("sleep 5 & echo done"), "step", None).unwrap();
        assert!(output.is_success() && start.elapsed() < Duration::from_secs(3));
        let log = std::fs::read_to_string(folder.path().join("step.log")).unwrap();
        assert_eq!(log, "$ sh -c 'sleep 5 & echo done'\ndone\n");
    }

    #[test]
    fn lines_of_a_logged_command_are_heard_while_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let mut setup = runner().setup;
        setup.logs = Some(folder.path().to_owned());
        let fifo = folder.path().join("go");
        // It ends only after its first line was heard.
        let script = format!("mkfifo {0}; echo one; read line <{0}; printf 'two\nhalf'", fifo.display());
        let mut heard = Vec::new();
        let mut ear = |lines: &[String]| {
            if lines == ["one"] {
                std::fs::write(&fifo, "go\n").unwrap();
            }
            heard.extend_from_slice(lines);
        };
        let output = DuctRunner::new(setup).run_logged(&shell(&script), "step", Some(&mut ear)).unwrap();
        assert!(output.is_success(), "{output:?}");
        assert_eq!(heard, ["one", "two"]);
        assert_eq!(output.stderr, "one\ntwo\nhalf");
    }

    #[test]
    fn the_inherited_file_stays_locked_until_the_last_orphan_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let file = File::create(&path).unwrap();
        file.try_lock().unwrap();
        let mut setup = runner().setup;
        setup.logs = Some(folder.path().to_owned());
        setup.inherited = Some(Arc::new(file));
        setup.environment.insert("PATH".into(), folder.path().into());
        let fifo = folder.path().join("go");
        let script =
            format!("#!/bin/sh\n/usr/bin/mkfifo {0}; (read line <{0}) & echo started\n", fifo.display());
        std::fs::write(folder.path().join("helm"), script).unwrap();
        std::fs::set_permissions(folder.path().join("helm"), PermissionsExt::from_mode(0o700)).unwrap();
        let runner = DuctRunner::new(setup);
        assert!(runner.run_logged(&Invocation::new(Tool::Helm, ["x"]), "step", None).unwrap().is_success());
        drop(runner);
        let is_locked =
            || matches!(File::open(&path).unwrap().try_lock(), Err(std::fs::TryLockError::WouldBlock));
        assert!(is_locked(), "the grandchild still has it");
        std::fs::write(&fifo, "go\n").unwrap();
        let patience = Instant::now() + Duration::from_secs(5);
        while is_locked() {
            assert!(Instant::now() < patience, "still there");
            std::thread::yield_now();
        }
    }
}
