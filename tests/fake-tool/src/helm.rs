//! Stands for helm 3 and 4: their records and the traps in them. Without `--wait`, as todoctl calls it: pods that fail
//! leave a revision `deployed`.

mod pull;
pub mod values;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::argv::Argv;
use crate::kubeconfig;
use crate::state::{Revision, State};
use crate::{Answer, Call, cluster, dapr};

const VALUED: [&str; 17] = [
    "--repo",
    "--version",
    "--destination",
    "--max",
    "-n",
    "--namespace",
    "--kube-context",
    "-f",
    "--values",
    "--set",
    "--history-max",
    "--timeout",
    "--description",
    "--revision",
    "-o",
    "--template",
    "--labels",
];
const BARE: [&str; 9] = [
    "--skip-crds",
    "-i",
    "--install",
    "--replace",
    "--reset-values",
    "--ignore-not-found",
    "--keep-history",
    "--no-hooks",
    "--create-namespace",
];

/// Answers one call.
pub fn run(state: &mut State, call: &Call) -> Answer {
    let mut bare = BARE.to_vec();
    let mut valued = VALUED.to_vec();
    let version = state.helm_version();
    if version.0 >= 4 {
        bare.extend(["--force-conflicts", "--server-side"]);
    }
    if version < (3, 14) {
        valued.retain(|flag| *flag != "--labels");
    }
    let argv = match Argv::parse(&call.args, &valued, &bare) {
        Ok(argv) => argv,
        Err(error) => return Answer::fail(1, format!("Error: {error}\n")),
    };
    match argv.word(0) {
        "version" => Answer::ok(&state.helm),
        "pull" => pull::pull(state, &argv).into(),
        "template" => template(state, &argv, &call.stdin).into(),
        verb => match reach(state, call) {
            Ok(()) => act(state, verb, &argv, call).into(),
            Err(error) => Answer::fail(1, error),
        },
    }
}

fn act(state: &mut State, verb: &str, argv: &Argv, call: &Call) -> Result<String, String> {
    match verb {
        "upgrade" => upgrade(state, argv, call),
        "install" => install(state, argv, call),
        "rollback" => rollback(state, argv, call.now),
        "uninstall" => uninstall(state, argv),
        "get" => get(state, argv),
        "history" => history(state, argv),
        other => Err(format!("Error: unknown command \"{other}\" for \"helm\"\n")),
    }
}

fn reach(state: &State, call: &Call) -> Result<(), String> {
    if kubeconfig::reached(state, call, "").is_ok() {
        return Ok(());
    }
    Err("Error: Kubernetes cluster unreachable: Get \"https://10.245.0.2:6443/version\": dial tcp 10.245.0.2:6443: connect: connection refused\n".to_owned())
}

fn namespace(argv: &Argv) -> &str {
    argv.value(&["-n", "--namespace"]).unwrap_or("default")
}

fn template(state: &State, argv: &Argv, stdin: &str) -> Result<String, String> {
    let (release, chart) = (argv.word(1), argv.word(2));
    is_chart(chart)?;
    let values = values::given(argv, stdin)?.unwrap_or_else(|| json!({}));
    Ok(values::manifest(release, &values::wanted(state, namespace(argv), release, &values)))
}

fn is_chart(chart: &str) -> Result<(), String> {
    if std::path::Path::new(chart).join("Chart.yaml").is_file() {
        return Ok(());
    }
    Err(format!("Error: path \"{chart}\" not found\n"))
}

/// Only the form that takes the place of an uninstalled release; it finds the newest revision by its number.
fn install(state: &mut State, argv: &Argv, call: &Call) -> Result<String, String> {
    let history = state.history(namespace(argv), argv.word(1));
    if !argv.has(&["--replace"]) || history.last().is_none_or(|newest| newest.status != "uninstalled") {
        return Err("Error: INSTALLATION FAILED: cannot reuse a name that is still in use\n".to_owned());
    }
    put(state, argv, call)
}

fn upgrade(state: &mut State, argv: &Argv, call: &Call) -> Result<String, String> {
    let release = argv.word(1);
    let history = state.history(namespace(argv), release);
    // The trap: of the revisions sorted by name, v9 is the last.
    let by_name = history.iter().max_by_key(|one| one.number.to_string());
    let uninstalled = |one: &&Revision| one.status == "uninstalled";
    if history.last().is_some_and(uninstalled) && !by_name.is_some_and(uninstalled) {
        return Err(format!("Error: UPGRADE FAILED: \"{release}\" has no deployed releases\n"));
    }
    put(state, argv, call)
}

fn put(state: &mut State, argv: &Argv, call: &Call) -> Result<String, String> {
    let (release, chart, namespace) = (argv.word(1).to_owned(), argv.word(2), namespace(argv).to_owned());
    is_chart(chart)?;
    let history = state.history(&namespace, &release);
    let newest = history.last().map(|one| (*one).clone());
    if newest.is_none() && !argv.has(&["-i", "--install", "--replace"]) {
        return Err(format!("Error: UPGRADE FAILED: \"{release}\" has no deployed releases\n"));
    }
    if let Some(newest) = &newest {
        refuse_unfinished(&release, newest)?;
    }
    if !state.namespaces.contains(&namespace) {
        return Err(format!("Error: create: failed to create: namespaces \"{namespace}\" not found\n"));
    }
    // With no values given and none reset, helm silently takes the old ones.
    let old = newest.as_ref().map_or_else(|| json!({}), |one| one.values.clone());
    let given = values::given(argv, &call.stdin)?;
    let values =
        if argv.has(&["--reset-values"]) { given.unwrap_or_else(|| json!({})) } else { given.unwrap_or(old) };
    let wanted = values::wanted(state, &namespace, &release, &values);
    let server_side = server_side(state, argv, newest.as_ref());
    let mut labels = newest.as_ref().map(|one| one.labels.clone()).unwrap_or_default();
    labels.extend(parse_labels(argv.value(&["--labels"]).unwrap_or_default()));
    labels.retain(|_, value| value != "null");
    let installs = newest.as_ref().is_none_or(|one| one.status == "uninstalled");
    if installs && !argv.has(&["--skip-crds"]) && std::path::Path::new(chart).join("crds").is_dir() {
        // Applied by an installation, and by no upgrade.
        if let Some(name) = state.dapr.patched.first().filter(|_| state.helm_version().0 >= 4) {
            return Err(format!(
                "Error: failed to install CRD {name}: conflict occurred while applying object /{name}: \
                 Apply failed with 1 conflict: conflict with \"todoctl\"\n"
            ));
        }
        dapr::install_crds(state, chart);
    }
    let number = newest.map_or(1, |one| one.number + 1);
    let description = argv
        .value(&["--description"])
        .unwrap_or(if installs { "Install complete" } else { "Upgrade complete" })
        .to_owned();
    let mut made = Revision {
        name: release.clone(),
        namespace: namespace.clone(),
        number,
        status: "deployed".to_owned(),
        server_side,
        labels,
        values,
        description,
    };
    if let Some(obstacle) = obstacle(state, argv, &wanted, server_side) {
        "failed".clone_into(&mut made.status);
        record(state, argv, made);
        return Err(format!("Error: UPGRADE FAILED: {obstacle}\n"));
    }
    supersede(state, &namespace, &release);
    record(state, argv, made);
    cluster::apply(state, &wanted, call.now);
    let did = if installs { "installed" } else { "upgraded" };
    Ok(format!(
        "Release \"{release}\" has been {did}. Happy Helming!\nNAME: {release}\nNAMESPACE: {namespace}\nSTATUS: deployed\nREVISION: {number}\n"
    ))
}

fn refuse_unfinished(release: &str, newest: &Revision) -> Result<(), String> {
    match newest.status.as_str() {
        status if status.starts_with("pending-") => {
            Err("Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress\n"
                .to_owned())
        }
        "uninstalling" => Err(format!("Error: UPGRADE FAILED: \"{release}\" has no deployed releases\n")),
        _ => Ok(()),
    }
}

fn rollback(state: &mut State, argv: &Argv, now: u64) -> Result<String, String> {
    let (release, namespace) = (argv.word(1).to_owned(), namespace(argv).to_owned());
    let history = state.history(&namespace, &release);
    let Some(newest) = history.last() else { return Err("Error: release: not found\n".to_owned()) };
    let number = newest.number + 1;
    let asked: u32 = argv.word(2).parse().unwrap_or(newest.number - 1);
    let Some(target) = history.iter().find(|one| one.number == asked).map(|one| (*one).clone()) else {
        return Err(format!("Error: release has no {asked} version\n"));
    };
    let wanted = values::wanted(state, &namespace, &release, &target.values);
    let server_side = server_side(state, argv, Some(&target));
    // The labels are those of the revision that comes back, not of the newest.
    let mut made = Revision {
        number,
        server_side,
        status: "deployed".to_owned(),
        description: format!("Rollback to {asked}"),
        ..target
    };
    if let Some(obstacle) = obstacle(state, argv, &wanted, server_side) {
        // The trap: a failed rollback leaves the revision that was broken `superseded`.
        supersede(state, &namespace, &release);
        "failed".clone_into(&mut made.status);
        record(state, argv, made);
        return Err(format!("Error: {obstacle}\n"));
    }
    supersede(state, &namespace, &release);
    record(state, argv, made);
    cluster::apply(state, &wanted, now);
    Ok("Rollback was a success! Happy Helming!\n".to_owned())
}

/// Whether the server applies. Without a word about it, helm 4 goes on as the revision was made; helm 3 never lets it.
fn server_side(state: &State, argv: &Argv, goes_on_from: Option<&Revision>) -> bool {
    match argv.value(&["--server-side"]) {
        Some("true") => true,
        Some("false") => false,
        _ => goes_on_from.map_or(state.helm_version().0 >= 4, |one| one.server_side),
    }
}

/// Why helm cannot apply what it has already recorded.
fn obstacle(state: &State, argv: &Argv, wanted: &cluster::Wanted, server_side: bool) -> Option<String> {
    let forced = argv.has(&["--force-conflicts"]);
    if forced && !server_side {
        return Some(
            "invalid client update option(s): forceConflicts enabled when serverSideApply disabled"
                .to_owned(),
        );
    }
    cluster::conflict(state, wanted).filter(|_| server_side && !forced)
}

fn supersede(state: &mut State, namespace: &str, release: &str) {
    for one in &mut state.revisions {
        if one.namespace == namespace && one.name == release && one.status == "deployed" {
            "superseded".clone_into(&mut one.status);
        }
    }
}

/// Adds a revision and prunes old ones, never the one that is deployed.
fn record(state: &mut State, argv: &Argv, made: Revision) {
    // An installation prunes nothing: only upgrade and rollback set the limit (pkg/action).
    let default = if argv.word(0) == "install" { usize::MAX } else { 10 };
    let max = argv.value(&["--history-max"]).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (namespace, name) = (made.namespace.clone(), made.name.clone());
    state.revisions.push(made);
    let mut surplus = state.history(&namespace, &name).len().saturating_sub(max);
    state.revisions.retain(|one| {
        let old = surplus > 0 && one.namespace == namespace && one.name == name && one.status != "deployed";
        surplus -= usize::from(old);
        !old
    });
    state.tick();
}

fn uninstall(state: &mut State, argv: &Argv) -> Result<String, String> {
    let (release, namespace) = (argv.word(1).to_owned(), namespace(argv).to_owned());
    let known = state.history(&namespace, &release).last().is_some();
    if !known && !argv.has(&["--ignore-not-found"]) {
        return Err(format!("Error: uninstall: Release not loaded: {release}: release: not found\n"));
    }
    cluster::remove(state, &namespace, &release);
    if argv.has(&["--keep-history"]) {
        let newest =
            state.revisions.iter_mut().rfind(|one| one.namespace == namespace && one.name == release);
        if let Some(newest) = newest {
            "uninstalled".clone_into(&mut newest.status);
        }
    } else {
        state.revisions.retain(|one| one.namespace != namespace || one.name != release);
    }
    Ok(format!("release \"{release}\" uninstalled\n"))
}

fn get(state: &State, argv: &Argv) -> Result<String, String> {
    let (what, release) = (argv.word(1), argv.word(2));
    if what != "manifest" {
        return Err(format!("Error: unknown command \"{what}\" for \"helm get\"\n"));
    }
    let history = state.history(namespace(argv), release);
    let revision = match argv.value(&["--revision"]) {
        Some(number) => history.into_iter().find(|one| one.number.to_string() == number),
        None => history.last().copied(),
    };
    let revision = revision.ok_or_else(|| "Error: release: not found\n".to_owned())?;
    Ok(values::manifest(release, &values::wanted(state, namespace(argv), release, &revision.values)))
}

fn history(state: &State, argv: &Argv) -> Result<String, String> {
    let history = state.history(namespace(argv), argv.word(1));
    if history.is_empty() {
        return Err("Error: release: not found\n".to_owned());
    }
    let line = |one: &&Revision| -> Value {
        json!({"revision": one.number, "status": one.status, "chart": format!("{}-1.0.0", one.name), "app_version": "1.0.0", "description": one.description})
    };
    Ok(format!("{}\n", Value::from(history.iter().map(line).collect::<Vec<_>>())))
}

fn parse_labels(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests;
