//! The program: finds out who it is, meets its fault, asks the tool, writes the log.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use fake_tool::fault::{self, Fault};
use fake_tool::journal::{self, Line};
use fake_tool::store::Store;
use fake_tool::{Answer, Call, docker, helm, kubectl, minikube, oci, sandbox};

fn main() -> ExitCode {
    match run() {
        Ok(exit) => u8::try_from(exit).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            // The test sees it as the tool's complaint.
            let _ = writeln!(std::io::stderr(), "fake-tool: {error}");
            ExitCode::from(99)
        }
    }
}

fn run() -> std::io::Result<i32> {
    let mut args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    let program = called(&args.next().unwrap_or_default());
    let tool = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let args: Vec<String> = args.collect();
    let store = Store::beside(&program)?;
    let environment = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into(), value.to_string_lossy().into()))
        .collect();
    let call = Call { args, stdin: input()?, kubeconfig: kubeconfig(&environment), now: now() };
    let log = store.sibling("log");
    let line = Line {
        pid: std::process::id(),
        changes: journal::changes(&tool, &call.args),
        locks: journal::locks(&tool, &call.args),
        args: call.args.clone(),
        exit: None,
        stdin: call.stdin.clone(),
        environment,
        tool: tool.clone(),
    };
    journal::append(&log, &line)?;
    let exit = answer(&store, &tool, &call)?;
    journal::append(&log, &Line { exit: Some(exit), stdin: String::new(), environment: [].into(), ..line })?;
    Ok(exit)
}

fn answer(store: &Store, tool: &str, call: &Call) -> std::io::Result<i32> {
    let fault = store.change(|state| fault::next(state, tool, &call.args))?.unwrap_or_default();
    std::thread::sleep(Duration::from_millis(fault.delay));
    if fault.loses {
        store.change(minikube::delete)?;
    }
    if fault.garbage {
        std::io::stdout().write_all(b"\xff\xfe\0\x1b[31m{]\n")?;
        return Ok(0);
    }
    let answer =
        if fault.exit.is_some() && !fault.writes { Answer::default() } else { ask(store, tool, call)? };
    std::thread::sleep(Duration::from_millis(fault.linger));
    tell(&fault, answer)
}

fn ask(store: &Store, tool: &str, call: &Call) -> std::io::Result<Answer> {
    store.change(|state| match tool {
        "helm" => helm::run(state, call),
        "kubectl" => kubectl::run(state, call),
        "docker" => docker::run(state, call, Path::new(".")),
        "minikube" => minikube::run(state, call, Path::new(".")),
        "oci" => oci::run(state, call),
        "sandbox" => sandbox::run(state, call, Path::new(".")),
        other => Answer::fail(127, format!("no such tool: {other}\n")),
    })
}

fn tell(fault: &Fault, answer: Answer) -> std::io::Result<i32> {
    let (text, exit) = match fault.exit {
        Some(exit) => (format!("{}\n", fault.stderr), exit),
        None => (answer.stderr, answer.exit),
    };
    std::io::stderr().write_all(text.as_bytes())?;
    if fault.exit.is_none() {
        std::io::stdout().write_all(answer.stdout.as_bytes())?;
    }
    Ok(exit)
}

/// The program that was called: by a path, or by a name that the PATH leads to.
fn called(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.filter(|_| !name.contains('/')).unwrap_or_else(|| PathBuf::from(name))
}

fn input() -> std::io::Result<String> {
    let mut text = String::new();
    if !std::io::stdin().is_terminal() {
        std::io::stdin().read_to_string(&mut text)?;
    }
    Ok(text)
}

fn kubeconfig(environment: &std::collections::BTreeMap<String, String>) -> Option<String> {
    environment.get("KUBECONFIG").cloned()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
