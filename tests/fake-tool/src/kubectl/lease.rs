//! Owns Leases, and what is created only if it does not exist: each request is conditional, as in Kubernetes.

use serde_json::{Value, json};

use super::write::put_secret;
use super::{namespace, not_found};
use crate::Answer;
use crate::argv::Argv;
use crate::state::State;

const PATH: &str = "/apis/coordination.k8s.io/";

/// `kubectl create -f - -o json`: the others are created although one exists.
pub(super) fn create(state: &mut State, argv: &Argv, stdin: &str) -> Answer {
    let Ok(list) = serde_json::from_str::<Value>(stdin) else {
        return Answer::fail(1, "error: error parsing STDIN: invalid character\n");
    };
    let items = list["items"].as_array().cloned().unwrap_or_else(|| vec![list]);
    let mut answer = Answer::default();
    for item in items {
        match create_one(state, item) {
            Ok(made) if argv.value(&["-o"]) == Some("json") => answer.stdout.push_str(&format_object(&made)),
            Ok(made) => answer.stdout.push_str(made["metadata"]["name"].as_str().unwrap_or_default()),
            Err(error) => {
                answer.stderr += &error;
                answer.exit = 1;
            }
        }
    }
    answer
}

fn format_object(object: &Value) -> String {
    format!("{object:#}\n")
}

fn create_one(state: &mut State, mut item: Value) -> Result<Value, String> {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name, place) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
    let exists = |kind: &str| {
        format!(
            "Error from server (AlreadyExists): error when creating \"STDIN\": {kind} \"{name}\" already exists\n"
        )
    };
    if kind != "Namespace" && !state.namespaces.contains(&place) {
        return Err(format!(
            "Error from server (NotFound): error when creating \"STDIN\": namespaces \"{place}\" not found\n"
        ));
    }
    match kind.as_str() {
        "Namespace" if state.namespaces.contains(&name) => Err(exists("namespaces")),
        "Namespace" => {
            state.namespaces.insert(name.clone());
            Ok(item)
        }
        "Secret" if position(&state.secrets, &place, &name).is_some() => Err(exists("secrets")),
        "Secret" => put_secret(state, &item).map(|_| item.clone()),
        "Lease" if position(&state.leases, &place, &name).is_some() => {
            Err(exists("leases.coordination.k8s.io"))
        }
        "Lease" => {
            item["metadata"]["resourceVersion"] = json!(state.tick().to_string());
            item["metadata"]["uid"] = json!(format!("lease-{}", state.clock));
            state.leases.push(item.clone());
            Ok(item)
        }
        _ => Err(format!("error: this test creates no {kind}\n")),
    }
}

/// `kubectl patch lease NAME --type=json -p …`: all of it or nothing.
pub(super) fn patch(state: &mut State, argv: &Argv) -> Answer {
    let (place, name) = (namespace(argv).unwrap_or("default").to_owned(), argv.word(2).to_owned());
    let patch: Option<Vec<Value>> = argv.value(&["-p"]).and_then(|text| serde_json::from_str(text).ok());
    let (true, Some(patch)) = (argv.word(1) == "lease" && argv.has(&["--type"]), patch) else {
        return Answer::fail(1, "error: this test patches Leases by JSON patch\n");
    };
    let Some(at) = position(&state.leases, &place, &name) else {
        return not_found("leases.coordination.k8s.io", &name);
    };
    let mut fresh = state.leases[at].clone();
    for operation in &patch {
        if let Err(error) = carry_out(&mut fresh, operation) {
            return Answer::fail(1, error);
        }
    }
    fresh["metadata"]["resourceVersion"] = json!(state.tick().to_string());
    state.leases[at] = fresh.clone();
    Answer::ok(format!("{fresh:#}\n"))
}

fn carry_out(object: &mut Value, operation: &Value) -> Result<(), String> {
    let refused = || {
        "The request is invalid: the server rejected our request due to an error in our request\n".to_owned()
    };
    let path = operation["path"].as_str().unwrap_or_default();
    let place = object.pointer_mut(path).ok_or_else(refused)?;
    match operation["op"].as_str() {
        Some("test") if *place == operation["value"] => Ok(()),
        Some("replace") => {
            place.clone_from(&operation["value"]);
            Ok(())
        }
        _ => Err(refused()),
    }
}

/// `kubectl delete --raw …/leases/NAME -f -`, with the version that it must have.
pub(super) fn delete(state: &mut State, url: &str, stdin: &str) -> Answer {
    let parts: Vec<&str> = url.trim_start_matches(PATH).split('/').collect();
    let ["v1", "namespaces", place, "leases", name] = parts.as_slice() else {
        return Answer::fail(
            1,
            "Error from server (NotFound): the server could not find the requested resource\n",
        );
    };
    let Some(at) = position(&state.leases, place, name) else {
        return not_found("leases.coordination.k8s.io", name);
    };
    let options: Value = serde_json::from_str(stdin).unwrap_or_default();
    let wanted = &options["preconditions"]["resourceVersion"];
    if !wanted.is_null() && *wanted != state.leases[at]["metadata"]["resourceVersion"] {
        return Answer::fail(
            1,
            format!(
                "Error from server (Conflict): Operation cannot be fulfilled on leases.coordination.k8s.io \"{name}\": the ResourceVersion in the precondition does not match\n"
            ),
        );
    }
    state.leases.remove(at);
    state.tick();
    Answer::ok("{\"kind\":\"Status\",\"status\":\"Success\"}\n")
}

/// `kubectl get lease NAME` and `kubectl get secret NAME`.
pub(super) fn get(state: &State, argv: &Argv) -> Answer {
    let (place, name) = (namespace(argv).unwrap_or("default"), argv.word(2));
    let (all, kind) = match argv.word(1) {
        "lease" => (&state.leases, "leases.coordination.k8s.io"),
        _ => (&state.secrets, "secrets"),
    };
    match position(all, place, name) {
        Some(at) => Answer::ok(format!("{:#}\n", all[at])),
        None if argv.has(&["--ignore-not-found"]) => Answer::default(),
        None => not_found(kind, name),
    }
}

fn position(all: &[Value], place: &str, name: &str) -> Option<usize> {
    all.iter().position(|one| one["metadata"]["namespace"] == place && one["metadata"]["name"] == name)
}
