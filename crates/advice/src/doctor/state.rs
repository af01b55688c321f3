//! Owns the judgement of what a cluster has of a profile: open run, helm's records, Dapr, secret values.

use crate::doctor::{Area, Finding};
use crate::inventory;
use todoctl_core::text;
use todoctl_plan::step::Verdict;
use todoctl_plan::world::World;
use todoctl_plan::world::lease::Lease;
use todoctl_plan::world::releases::{Status, installed};
use todoctl_plan::{health, steps};
use todoctl_project::inputs::Inputs;
use todoctl_project::secret_input::missing_message;

/// Whether the holder of a Lease lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It does, or a command that it began.
    Living,
    /// It is gone.
    Dead,
    /// It is on another machine and renewed its Lease in time, or not.
    Elsewhere {
        /// Whether it renewed its Lease in time.
        renewed: bool,
    },
}

/// Judges the Lease of the environment.
pub fn run(lease: Result<Option<(&Lease, Life)>, &str>, profile: &str) -> Finding {
    let what = "open run";
    let (lease, life) = match lease {
        Err(why) => {
            let fix = "look at it: kubectl get lease todoctl -o yaml; if no run is under way, delete it";
            return Finding::failed(Area::Runs, what, why, fix);
        }
        Ok(None) => return Finding::ok(Area::Runs, what, "none"),
        Ok(Some(found)) => found,
    };
    let (begun, held) = (lease.open.story(), lease.holder.story());
    let story = format!("run {} ({begun})", lease.open.run);
    // Whoever took a run over is somebody else than who began it.
    let by = if begun == held { String::new() } else { format!(", held by {held}") };
    let recover = "todoctl recover; the next up does it by itself";
    match life {
        _ if lease.is_nobodys() => {
            Finding::warning(Area::Runs, what, format!("{story} has ended and left work"), recover)
        }
        Life::Dead => {
            Finding::warning(Area::Runs, what, format!("{story} died; its holder is gone"), recover)
        }
        Life::Living | Life::Elsewhere { renewed: true } => Finding::warning(
            Area::Runs,
            what,
            format!("{story} is under way{by}"),
            format!("wait for it, or: todoctl up {profile} --lock-timeout 5m"),
        ),
        Life::Elsewhere { renewed: false } => Finding::warning(
            Area::Runs,
            what,
            format!("{story} is not renewed any more{by}"),
            format!("todoctl recover, which watches it for {} s first", lease.seconds),
        ),
    }
}

/// Judges helm's records and the health of each release.
pub fn releases(inputs: &Inputs, world: &World) -> Vec<Finding> {
    inputs.releases().map(|(name, _)| release(name, inputs, world)).collect()
}

fn release(name: &str, inputs: &Inputs, world: &World) -> Finding {
    let namespace = inputs.namespace(&inputs.profile.releases[name]);
    let history = world.releases.history(namespace, name);
    let Some(newest) = installed(history) else {
        return Finding::ok(Area::Releases, name, "not deployed yet");
    };
    if let Err(error) = steps::refuse_unfinished(name, namespace, newest, history) {
        return Finding::failed(Area::Releases, name, error.what, error.fix);
    }
    let again = format!("todoctl up {}", inputs.name);
    if newest.status == Status::Failed {
        let evidence = format!("revision {} failed", newest.number);
        return Finding::warning(Area::Releases, name, evidence, format!("{again} replaces it"));
    }
    match health::of_release(name, namespace, &world.live) {
        Verdict::Broken { why, .. } => Finding::failed(
            Area::Releases,
            name,
            format!("revision {} is broken: {why}", newest.number),
            format!("todoctl logs {name}; mend it and {again}, or todoctl rollback {name}"),
        ),
        Verdict::Stale { why, pods, .. } => {
            let area = if inputs.profile.releases[name].sidecar { Area::Dapr } else { Area::Releases };
            let fix = format!("{again} deletes it, or: kubectl delete pod {} -n {namespace}", pods.join(" "));
            Finding::warning(area, name, why, fix)
        }
        Verdict::NotYet { why, .. } => Finding::warning(
            Area::Releases,
            name,
            why,
            format!("wait a moment, or: todoctl verify, or {again}"),
        ),
        Verdict::Ready if steps::is_drifted(newest, name, namespace, world) => Finding::warning(
            Area::Releases,
            name,
            format!("revision {} was changed by someone else", newest.number),
            format!("todoctl verify says how; {again} puts it back"),
        ),
        Verdict::Ready => {
            let verified = if newest.is_verified() { "verified, " } else { "" };
            Finding::ok(Area::Releases, name, format!("revision {} is {verified}healthy", newest.number))
        }
    }
}

/// What was asked about a Dapr installation; each answer says what is missing, or why it could not be asked.
#[derive(Debug, Clone)]
pub struct DaprSeen {
    /// Whether its CRDs are established.
    pub crds: Result<(), String>,
    /// Whether a new pod would get a sidecar; nothing while its namespace is not there.
    pub injector: Option<Result<(), String>>,
}

/// Judges Dapr; nothing when the profile has none.
pub fn dapr(inputs: &Inputs, world: &World, seen: Option<&DaprSeen>) -> Vec<Finding> {
    let Some(dapr) = &inputs.profile.dapr else { return Vec::new() };
    let Some(release) = inputs.profile.releases.get(&dapr.release) else { return Vec::new() };
    if world.releases.newest(inputs.namespace(release), &dapr.release).is_none() {
        return vec![Finding::ok(
            Area::Dapr,
            "Dapr",
            format!("not installed yet; release {} does", dapr.release),
        )];
    }
    let Some(seen) = seen else { return Vec::new() };
    let again = format!("todoctl up {}", inputs.name);
    let pods = format!("kubectl get pods -n {}", inputs.namespace(release));
    let judged = |what: &str, answer: &Result<(), String>, good: &str, fix: String| match answer {
        Ok(()) => Finding::ok(Area::Dapr, what, good),
        Err(why) => Finding::failed(Area::Dapr, what, why, fix),
    };
    let injector = if let Some(answer) = &seen.injector {
        judged("injector", answer, "a new pod gets a sidecar", format!("{pods}; {again} waits for it"))
    } else {
        let why = format!("namespace {} is not there yet; {again} makes it", inputs.profile.namespace);
        Finding::not_checked(Area::Dapr, "injector", why)
    };
    vec![judged("CRDs", &seen.crds, "established", format!("{again} applies them")), injector]
}

/// Judges the secret values. `known`: what the cluster has was read; else only what is given counts.
pub fn secrets(inputs: &Inputs, world: &World, known: Result<(), &str>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, spec) in steps::missing(inputs, world) {
        if !spec.command.is_empty() {
            found.push(Finding::ok(
                Area::Secrets,
                name,
                format!("the next up takes it from `{}`", spec.command.join(" ")),
            ));
            continue;
        }
        let (message, hint) = missing_message(&[(name, spec)]);
        let told = message.lines().nth(1).unwrap_or_default().trim();
        let told = told.strip_prefix(name).unwrap_or(told).trim_start_matches(": ").trim();
        found.push(match known {
            Ok(()) => {
                let evidence = format!("neither given nor in the cluster: {told}");
                Finding::failed(Area::Secrets, name, evidence, hint)
            }
            Err(why) => {
                let evidence = format!("not given, and {why}: {told}");
                Finding { fix: Some(hint), ..Finding::not_checked(Area::Secrets, name, evidence) }
            }
        });
    }
    if known.is_ok() {
        found.extend(
            inventory::findings(inputs, world).into_iter().filter_map(|one| stored(&one, &inputs.name)),
        );
    }
    if found.is_empty() {
        let count = inputs.profile.secrets.values.len();
        let evidence = format!("{} complete and sound", text::count(count, "value"));
        found.push(Finding::ok(Area::Secrets, "secrets", evidence));
    }
    found
}

/// What is wrong with what the cluster has. What is missing was told already, with how it is given.
fn stored(one: &inventory::SecretFault, profile: &str) -> Option<Finding> {
    let set = format!("todoctl secrets set {} --profile {profile}", one.name);
    match one.kind {
        "missing" => None,
        "malformed" => Some(Finding::failed(Area::Secrets, &one.name, &one.message, set)),
        "apart" => {
            Some(Finding::warning(Area::Secrets, &one.name, &one.message, format!("todoctl up {profile}")))
        }
        _ => {
            let fix = "remove it from the profile, or leave it";
            Some(Finding::warning(Area::Secrets, &one.name, &one.message, fix))
        }
    }
}

#[cfg(test)]
mod tests;
