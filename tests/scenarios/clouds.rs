//! Clusters that are not ours: what children see of the way to them, and that nothing of it shows.

use std::collections::BTreeSet;
use std::path::Path;

use fake_tool::kubeconfig::TOKEN;
use serde_json::json;

use crate::bench::Bench;

const CLOUD: &str = "extends: sandbox.yaml
cluster: {context: {context: prod, uid: 11111111-aaaa-4bbb-8ccc-222222222222}}
builder: {sandbox: {name: sandbox, command: sandbox/sandbox}}
registry:
  server: iad.ocir.io
  pull-secret: {name: ocir-secrets, username: ocir-username, password: ocir-token}
delivery: load
secrets:
  values:
    ocir-username: {env: OCIR_USERNAME}
    ocir-token: {env: OCIR_TOKEN}
";
const PULL: &str = "C4n4ry-of-the-registry";

fn bench() -> (Bench, Vec<(String, String)>) {
    let bench = Bench::new();
    bench.write("profiles/cloud.yaml", CLOUD);
    bench.world(&json!({"contexts": {"prod": "https://203.0.113.9:6443"}}));
    let environment = [("OCIR_USERNAME", "space/user"), ("OCIR_TOKEN", PULL)];
    (bench, environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
}

fn assert_absent(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            assert_absent(&path, secret);
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned();
            assert!(!text.contains(secret), "{} holds {secret}", path.display());
        }
    }
}

#[test]
fn every_child_sees_one_private_kubeconfig_whatever_becomes_of_the_users() {
    let (bench, environment) = bench();
    let running = bench.start("up cloud --sequential --verbose", &environment);
    bench.until_call("helm", "upgrade --install backend");
    // Somebody removes the context from the kubeconfig, or makes it lead elsewhere.
    bench.world(&json!({"contexts": {"prod": "https://elsewhere:6443"}}));
    let done = running.wait();
    assert_eq!(done.exit, Some(0), "{}", done.stderr);
    let log = bench.log();
    let calls = log.iter().filter(|line| line.exit.is_none());
    let (looks, others): (Vec<_>, Vec<_>) = calls
        .filter(|line| matches!(line.tool.as_str(), "helm" | "kubectl"))
        .filter(|line| line.args.first().is_none_or(|verb| verb != "version"))
        .partition(|line| line.args.starts_with(&["config".to_owned(), "view".to_owned()]));
    assert_eq!(looks.len(), 1, "the user's kubeconfig is looked at once");
    assert!(!looks[0].environment.contains_key("KUBECONFIG"), "and it is the user's");
    let seen: BTreeSet<&String> =
        others.iter().filter_map(|line| line.environment.get("KUBECONFIG")).collect();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen.iter().all(|path| path.contains("/state/cloud/kubeconfig-")), "{seen:?}");
    for line in others {
        let pinned = line.args.windows(2).any(|two| two[0].ends_with("-context") && two[1] == "prod");
        let text = line.args.join(" ");
        assert!(pinned || text.contains("--context prod"), "{} {text}", line.tool);
    }
    let left: Vec<_> = std::fs::read_dir(bench.path("state/cloud"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .filter(|name| name.to_string_lossy().starts_with("kubeconfig-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn neither_the_users_token_nor_that_of_the_registry_shows() {
    let (bench, environment) = bench();
    bench.write("sample/frontend/behaviour", "crash");
    for (line, exit) in [
        ("plan cloud --verbose", 0),
        ("up cloud --verbose", 20),
        ("up cloud -o json", 20),
        ("status --profile cloud -o json", 0),
    ] {
        let done = bench.todoctl_in(line, &environment);
        assert_eq!(done.exit, Some(exit), "{line}: {}", done.stderr);
        for secret in [TOKEN, PULL] {
            assert!(!done.stdout.contains(secret) && !done.stderr.contains(secret), "{line} shows {secret}");
        }
    }
    for secret in [TOKEN, PULL] {
        assert_absent(&bench.path("state"), secret);
    }
    for line in bench.log() {
        let call = format!("{} {}", line.tool, line.args.join(" "));
        assert!(
            !call.contains(PULL) && !line.environment.values().any(|value| value.contains(PULL)),
            "{call}"
        );
        assert!(!line.stdin.contains(PULL) || call.starts_with("kubectl apply"), "{call}");
    }
}

#[test]
fn another_token_of_the_registry_is_another_version_that_releases_take() {
    let (bench, mut environment) = bench();
    assert_eq!(bench.todoctl_in("up cloud", &environment).exit, Some(0));
    let pulled = |bench: &Bench| {
        let state = bench.state();
        let newest = state.history("todo", "backend").last().copied().expect("a revision");
        (newest.number, newest.values["imagePullSecrets"].to_string())
    };
    let before = pulled(&bench);
    assert_eq!(bench.todoctl_in("up cloud --verbose", &environment).exit, Some(0));
    assert_eq!(pulled(&bench), before, "nothing to do");
    "another".clone_into(&mut environment[1].1);
    assert_eq!(bench.todoctl_in("up cloud", &environment).exit, Some(0));
    let after = pulled(&bench);
    assert!(after.0 == before.0 + 1 && after.1 != before.1, "{before:?} {after:?}");
    assert_eq!(bench.todoctl_in("rollback backend --profile cloud", &[]).exit, Some(0));
    assert_eq!(pulled(&bench).1, before.1, "with what the revision pulled");
}
