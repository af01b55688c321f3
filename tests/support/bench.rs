//! Owns one test bench: a project, a home and a PATH in a temporary folder, with fake tools as the whole PATH.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fake_tool::api::serve::Server;
use fake_tool::journal::Line;
use fake_tool::kubeconfig::of_sandbox;
use fake_tool::state::{Behaviour, State};
use fake_tool::store::Store;
use serde_json::Value;

use crate::tool::{command, program};

/// How long anything may take; only a hang reaches it.
const LONGEST: Duration = Duration::from_mins(1);

/// A bench.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    /// The state that the fake tools share.
    pub(crate) store: Store,
    /// What kubectl would talk to.
    _api: Server,
}

/// What a finished todoctl gave.
#[must_use]
pub(crate) struct Done {
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A todoctl that runs.
pub(crate) struct Running {
    child: Child,
    folder: PathBuf,
}

impl Bench {
    /// With a running, empty cluster and every tool.
    pub(crate) fn new() -> Self {
        // A path of fixed length, so that lines which hold it always break at the same place.
        let folder = tempfile::tempdir_in("/tmp").expect("a temporary folder");
        let place = |name: &str| folder.path().join(name);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/project"), &place("project"));
        for folder in ["bin", "home", "output", "project/sandbox"] {
            fs::create_dir_all(place(folder)).expect("a folder");
        }
        for tool in
            ["bin/helm", "bin/kubectl", "bin/minikube", "bin/docker", "bin/oci", "project/sandbox/sandbox"]
        {
            std::os::unix::fs::symlink(program(), place(tool)).expect("a link");
        }
        let store = Store::at(place("world.json"));
        let api = Server::start(&store).expect("an API server");
        let kubeconfig = place("sandbox.kubeconfig");
        fs::write(&kubeconfig, of_sandbox(&api.address)).expect("a file");
        let kubeconfig = kubeconfig.display().to_string();
        store.save(&State { api: api.address.clone(), kubeconfig, ..State::default() }).expect("a state");
        for tools in ["bin", "project/sandbox"] {
            fs::write(place(tools).join("state-path"), place("world.json").display().to_string())
                .expect("a file");
        }
        Self { folder, store, _api: api }
    }

    /// A path in the bench.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path("project").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Merges something into the state of the world.
    pub(crate) fn world(&self, patch: &Value) {
        let change = |state: &mut State| {
            let mut value = serde_json::to_value(&*state).expect("a state");
            merge(&mut value, patch);
            *state = serde_json::from_value(value).expect("a state that the fake tools know");
        };
        self.store.change(change).expect("a state");
        if patch.get("helm").is_some() {
            // Another helm is another file; here it is the same, so what is remembered of it must go.
            let _ = fs::remove_file(self.path("state/tools.json"));
        }
    }

    /// Makes the running pods of a release behave otherwise.
    pub(crate) fn turn(&self, release: &str, behaviour: &str) {
        let behaviour = Behaviour::parse(behaviour).expect("a behaviour");
        let change = |state: &mut State| {
            let deployment =
                state.deployments.iter_mut().find(|one| one.release == release).expect("a release");
            deployment.sets.last_mut().expect("pods").behaviour = behaviour;
        };
        self.store.change(change).expect("a state");
    }

    /// The state of the world.
    pub(crate) fn state(&self) -> State {
        self.store.load().expect("a state")
    }

    /// Calls a fake tool as a person would.
    pub(crate) fn tool(&self, name: &str, line: &str) {
        let mut call = self.clean(&self.path("bin").join(name));
        let done = call
            .args(words(line))
            .env("KUBECONFIG", self.path("sandbox.kubeconfig"))
            .stdin(Stdio::null())
            .output()
            .expect("the tool runs");
        assert!(done.status.success(), "{name} {line}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Runs todoctl to its end.
    pub(crate) fn todoctl(&self, line: &str) -> Done {
        self.todoctl_in(line, &[])
    }

    /// Runs todoctl to its end, with more in its environment.
    pub(crate) fn todoctl_in(&self, line: &str, environment: &[(String, String)]) -> Done {
        self.start(line, environment).wait()
    }

    /// Starts todoctl in a process group of its own, as a shell does.
    pub(crate) fn start(&self, line: &str, environment: &[(String, String)]) -> Running {
        let output = |name: &str| File::create(self.path("output").join(name)).expect("a file");
        let mut call = self.clean(Path::new(env!("CARGO_BIN_EXE_todoctl")));
        call.args(words(line)).envs(environment.iter().map(|(name, value)| (name, value)));
        call.stdin(Stdio::null()).stdout(output("stdout")).stderr(output("stderr")).process_group(0);
        Running { child: call.spawn().expect("todoctl runs"), folder: self.path("output") }
    }

    /// Starts a script as GitHub's runner starts the step of a job.
    pub(crate) fn start_script(&self, script: &str, environment: &[(&str, &str)]) -> Running {
        let file = self.path("step.sh");
        fs::write(&file, script).expect("a file");
        let output = |name: &str| File::create(self.path("output").join(name)).expect("a file");
        let mut call = self.clean(Path::new("/bin/bash"));
        call.arg("-e").arg(file).envs(environment.iter().copied());
        call.stdin(Stdio::null()).stdout(output("stdout")).stderr(output("stderr")).process_group(0);
        Running { child: call.spawn().expect("bash runs"), folder: self.path("output") }
    }

    /// Runs todoctl into pipes whose readers are gone; gives its exit status, and what a panic would have left.
    pub(crate) fn todoctl_to_nobody(&self, line: &str) -> (Option<i32>, String) {
        let mut call = self.clean(Path::new(env!("CARGO_BIN_EXE_todoctl")));
        call.args(words(line)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = call.spawn().expect("todoctl runs");
        drop((child.stdout.take(), child.stderr.take()));
        let status = child.wait().expect("a child");
        (status.code(), format!("{status}"))
    }

    /// A process that sees nothing of the tester's machine.
    pub(crate) fn clean(&self, program: &Path) -> Command {
        let mut call = command(program);
        call.env_clear().current_dir(self.path("project")).envs([
            ("PATH", self.path("bin").display().to_string()),
            ("HOME", self.path("home").display().to_string()),
            ("TODOCTL_STATE", self.path("state").display().to_string()),
            ("NO_COLOR", "1".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("USER", "tester".to_owned()),
        ]);
        call
    }

    /// The log of the fake tools.
    pub(crate) fn log(&self) -> Vec<Line> {
        let text = fs::read_to_string(self.store.sibling("log")).unwrap_or_default();
        // An orphan may be writing: what has no line end yet is not a line.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).expect("a line of the log")).collect()
    }

    /// Forgets the log.
    pub(crate) fn forget_log(&self) {
        let _ = fs::remove_file(self.store.sibling("log"));
    }

    /// Waits until something is so.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(
                start.elapsed() < LONGEST,
                "never: {what}\n{}",
                fs::read_to_string(self.path("output/stderr")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until a tool has begun a call whose line holds a text.
    pub(crate) fn until_call(&self, tool: &str, text: &str) {
        self.until(&format!("{tool} {text}"), |bench| {
            bench.log().iter().any(|line| line.tool == tool && line.args.join(" ").contains(text))
        });
    }
}

impl Running {
    /// Ctrl-C on its terminal: SIGINT to the whole process group.
    pub(crate) fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process_group(pid, rustix::process::Signal::INT).expect("a process group");
    }

    /// A signal to its first process alone.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("a process");
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Done {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            if start.elapsed() > LONGEST {
                let _ = self.child.kill();
                let _ = self.child.wait();
                panic!(
                    "todoctl hangs:\n{}",
                    fs::read_to_string(self.folder.join("stderr")).unwrap_or_default()
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let text = |name: &str| {
            String::from_utf8_lossy(&fs::read(self.folder.join(name)).expect("output")).into_owned()
        };
        Done { exit: status.code(), stdout: text("stdout"), stderr: text("stderr") }
    }
}

/// Splits a command line at spaces; single quotes keep words together.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Objects are merged, everything else is replaced.
fn merge(value: &mut Value, patch: &Value) {
    match (value, patch) {
        (Value::Object(value), Value::Object(patch)) => {
            for (key, patch) in patch {
                merge(value.entry(key.clone()).or_insert(Value::Null), patch);
            }
        }
        (value, patch) => value.clone_from(patch),
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).expect("a copy");
        }
    }
}
