//! Questions on a real terminal: the program on a pseudo-terminal, against fake tools. The terminal has echo on when it
//! starts, as a shell leaves it.

use rexpect::process::{Signal, WaitStatus};
use rexpect::session::{Options, PtySession, spawn_with_options};
use rustix::termios::{LocalModes, tcgetattr};

use crate::bench::{Bench, words};

/// A profile in which the database must be given, and which wants to be asked.
const STRICT: &str = "extends: sandbox.yaml
confirm: ask
secrets:
  values:
    database-url: {description: PostgreSQL connection string, env: DATABASE_URL, command: []}
    dapr-url: {from: database-url, form: postgres}
  sets:
    backend-secrets: {dapr-url: dapr-url}
";
/// What is asked for it.
const QUESTION: &str = "database-url: PostgreSQL connection string";
/// How a signal or a \"no\" ends.
const DECLINED: i32 = 12;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("profiles/strict.yaml", STRICT);
    bench
}

/// todoctl on a terminal with echo on. `stty` goes first, because rexpect turns echo off.
pub(crate) fn terminal(bench: &Bench, line: &str) -> PtySession {
    let mut todoctl = bench.clean(std::path::Path::new("/bin/sh"));
    todoctl.args([
        "-c",
        "echo process $$; /bin/stty echo icanon && exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_todoctl"),
    ]);
    todoctl.args(words(line));
    let options = Options::new().timeout_ms(Some(30_000)).strip_ansi_escape_codes(true);
    spawn_with_options(todoctl, options).expect("a terminal")
}

/// The same, where the first hidden question comes next.
fn hidden(bench: &Bench) -> PtySession {
    let mut session = terminal(bench, "up strict");
    session.exp_string("Generate auth-secret").expect("a proposal");
    press(&mut session, "y");
    session
}

/// Waits for a hidden question: echo is off then, and what is typed is not lost.
pub(crate) fn until_hidden(session: &mut PtySession, name: &str) {
    session.exp_string(&format!("{name} (hidden): ")).expect("a question");
    let start = std::time::Instant::now();
    while modes(session).contains(LocalModes::ECHO) {
        assert!(start.elapsed().as_secs() < 60, "echo stays on");
        std::thread::yield_now();
    }
}

/// Types without a line end.
pub(crate) fn press(session: &mut PtySession, keys: &str) {
    session.send(keys).and_then(|_| session.flush()).expect("typed");
}

fn modes(session: &PtySession) -> LocalModes {
    let file = session.process().get_file_handle().expect("a terminal");
    tcgetattr(&file).expect("a terminal").local_modes
}

/// What was written until the end, and the exit status.
pub(crate) fn finish(session: &mut PtySession) -> (String, i32) {
    let rest = session.exp_eof().expect("an end");
    let status = session.process().wait().expect("a status");
    let WaitStatus::Exited(_, code) = status else { panic!("{status:?}: {rest}") };
    (rest, code)
}

/// The terminal is as it was, and the cluster too.
fn assert_untouched(session: &PtySession, bench: &Bench) {
    let modes = modes(session);
    assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG), "{modes:?}");
    assert!(bench.log().iter().all(|line| !line.changes), "something was changed");
}

#[test]
fn a_wrong_value_is_refused_with_the_reason_and_the_right_one_is_taken() {
    let bench = bench();
    let mut session = terminal(&bench, "up strict");
    let mut seen = session.exp_string("Generate auth-secret").expect("a proposal");
    press(&mut session, "y");
    seen += &session.exp_string(QUESTION).expect("what is asked for");
    for (typed, why) in [
        ("mysql://C4n4ry@h/d", "not a URL that starts with postgres:// or postgresql://"),
        ("postgresql://C4n4ry@/d", "dapr-url cannot be derived from it: it names no host"),
        ("", "it is empty"),
    ] {
        until_hidden(&mut session, "database-url");
        session.send_line(typed).expect("typed");
        seen += &session.exp_string(why).expect("the reason");
    }
    until_hidden(&mut session, "database-url");
    session.send_line("postgresql://todo:C4n4ry@db/todo").expect("typed");
    seen += &session.exp_string("openai-api-key: OpenAI API key; may be left empty").expect("optional");
    until_hidden(&mut session, "openai-api-key");
    session.send_line("").expect("typed");
    seen += &session.exp_string("Go on?").expect("the question before the change");
    press(&mut session, "y");
    let (rest, exit) = finish(&mut session);
    seen += &rest;
    assert_eq!(exit, 0, "{seen}");
    assert!(!seen.contains("C4n4ry"), "{seen}");
    let state = bench.state();
    let stored = serde_json::to_string(&state.secrets).expect("JSON");
    let url =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "postgres://todo:C4n4ry@db/todo");
    assert!(stored.contains(&url), "what was typed is in the cluster, in Dapr's form too");
    assert!(!stored.contains("openai-api-key"), "what was left empty is not");

    // What the cluster has is not asked for again.
    let again = bench.todoctl("up strict");
    assert_eq!(again.exit, Some(0), "{}", again.stderr);
}

#[test]
fn an_own_value_is_taken_instead_of_a_generated_one() {
    let bench = bench();
    let mut session = terminal(&bench, "up sandbox --project .");
    let (seen, exit) = finish(&mut session);
    assert_eq!(exit, 0, "a profile that never asks generates without a question: {seen}");

    let other = Bench::new();
    other.write("profiles/asks.yaml", "extends: sandbox.yaml\nconfirm: ask\n");
    let mut session = terminal(&other, "up asks");
    session.exp_string("Generate auth-secret").expect("a proposal");
    press(&mut session, "n");
    until_hidden(&mut session, "auth-secret");
    session.send_line("short").expect("typed");
    session.exp_string("5 characters, at least 32 are needed").expect("the reason");
    until_hidden(&mut session, "auth-secret");
    session.send_control('c').expect("typed");
    let (seen, exit) = finish(&mut session);
    assert_eq!(exit, DECLINED, "{seen}");
    assert_untouched(&session, &other);
}

#[test]
fn ctrl_c_at_a_hidden_question_leaves_the_terminal_as_it_was() {
    let bench = bench();
    let mut session = hidden(&bench);
    until_hidden(&mut session, "database-url");
    press(&mut session, "C4n4ry");
    session.send_control('c').expect("typed");
    let (seen, exit) = finish(&mut session);
    assert!(seen.contains("interrupted; nothing was changed") && !seen.contains("C4n4ry"), "{seen}");
    assert_eq!(exit, DECLINED, "{seen}");
    assert_untouched(&session, &bench);
}

#[test]
fn sigterm_and_sighup_at_a_question_leave_the_terminal_as_it_was() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let bench = bench();
        let mut session = hidden(&bench);
        until_hidden(&mut session, "database-url");
        session.process_mut().signal(signal).expect("a process");
        let (seen, exit) = finish(&mut session);
        assert_eq!(exit, DECLINED, "{signal:?}: {seen}");
        assert_untouched(&session, &bench);

        bench.write("profiles/asks.yaml", "extends: sandbox.yaml\nconfirm: ask\n");
        let mut session = terminal(&bench, "up asks");
        session.exp_string("Generate auth-secret").expect("a yes/no question");
        session.process_mut().signal(signal).expect("a process");
        let (seen, exit) = finish(&mut session);
        assert_eq!(exit, DECLINED, "{signal:?}: {seen}");
        assert_untouched(&session, &bench);
    }
}

#[test]
fn a_plan_never_asks() {
    let bench = bench();
    let mut session = terminal(&bench, "plan strict");
    let (seen, exit) = finish(&mut session);
    assert_eq!(exit, 10, "{seen}");
    assert!(seen.contains("a secret value is missing"), "{seen}");
    assert_untouched(&session, &bench);
}

#[test]
fn a_program_that_holds_secrets_leaves_no_core_file() {
    let bench = bench();
    let mut session = terminal(&bench, "up strict");
    let (_, shown) = session.exp_regex("process [0-9]+").expect("the process");
    session.exp_string("Generate auth-secret").expect("a proposal");
    press(&mut session, "y");
    until_hidden(&mut session, "database-url");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", shown.replace("process ", "")));
    let core = limits
        .expect("limits")
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .map(str::to_owned);
    let words: Vec<String> = core.expect("a line").split_whitespace().map(str::to_owned).collect();
    assert_eq!(words[4..6], ["0", "0"]);
    session.send_control('c').expect("typed");
    assert_eq!(finish(&mut session).1, DECLINED);
}
