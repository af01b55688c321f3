//! The commands that todoctl starts, word for word.

use serde_json::json;

use super::*;
use crate::state::KUBECONFIG;

fn state() -> State {
    let mut state = State::default();
    state.namespaces.insert("todo".to_owned());
    state
}

fn call(state: &mut State, line: &str, stdin: &str) -> Answer {
    let args = line.split(' ').map(str::to_owned).collect();
    run(state, &Call { args, stdin: stdin.to_owned(), kubeconfig: Some(KUBECONFIG.to_owned()), now: 0 })
}

#[test]
fn an_applied_secret_is_stored_encoded_and_immutable() {
    let mut state = state();
    let secret = |value: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true, "stringData": {"k": value},
            "metadata": {"name": "s-1", "namespace": "todo", "labels": {"todoctl.dev/secret": "s"}}}).to_string()
    };
    let apply = "apply --server-side --field-manager=todoctl --force-conflicts -f - --request-timeout=20s --context sandbox";
    assert_eq!(call(&mut state, apply, &secret("one")).stdout, "secret/s-1 serverside-applied\n");
    assert!(call(&mut state, apply, &secret("two")).stderr.contains("field is immutable"));
    assert_eq!(state.secrets[0]["data"]["k"], "b25l");
    let gone = call(
        &mut state,
        "delete secret -n todo --ignore-not-found --wait=false s-1 s-2 --context sandbox",
        "",
    );
    assert_eq!(gone.stdout, "secret \"s-1\" deleted from todo namespace\n");
}

#[test]
fn without_the_kubeconfig_or_the_cluster_nothing_is_reached() {
    let args = ["delete", "secret", "s", "--context", "sandbox"].map(str::to_owned).to_vec();
    let lost = run(&mut state(), &Call { args, ..Call::default() });
    assert_eq!(lost.stderr, "error: context \"sandbox\" does not exist\n");
    let mut stopped = State { sandbox: "stopped".to_owned(), ..state() };
    assert!(call(&mut stopped, "delete secret s --context sandbox", "").stderr.contains("was refused"));
}
