//! Owns the secrets of a profile as people see them: which versions there are, what uses them, and what is wrong.
//! Pure. Refuses to show a value: names, keys and times only.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use todoctl_core::text;
use todoctl_plan::references::{self, Reference};
use todoctl_plan::steps;
use todoctl_plan::world::World;
use todoctl_plan::world::secrets::{Versions, same};
use todoctl_project::inputs::Inputs;
use todoctl_project::secret_input;

/// One version of a logical Secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The logical name.
    pub secret: String,
    /// The name of the version; absent when there is none yet.
    pub version: Option<String>,
    /// When it was made, RFC 3339.
    pub created: Option<String>,
    /// Its keys.
    pub keys: Vec<String>,
    /// The revisions that refer to it, by release.
    pub revisions: BTreeMap<String, Vec<u32>>,
    /// The records of runs that refer to it.
    pub runs: Vec<String>,
    /// The Dapr objects that refer to it.
    pub objects: Vec<String>,
    /// Whether it is the newest, which the next `up` takes.
    pub newest: bool,
}

/// Every version of every Secret that the profile declares, newest first; a Secret without one has a row too.
pub fn rows(inputs: &Inputs, world: &World) -> Vec<Row> {
    let references = references::of(world);
    let mut rows = Vec::new();
    for (set, keys) in &inputs.profile.secrets.sets {
        let versions: Vec<_> = world.secrets.get(set).into_iter().flat_map(Versions::iter).collect();
        if versions.is_empty() {
            let keys = keys.keys().cloned().collect();
            rows.push(Row {
                secret: set.clone(),
                version: None,
                created: None,
                keys,
                revisions: BTreeMap::new(),
                runs: Vec::new(),
                objects: Vec::new(),
                newest: false,
            });
        }
        for (back, version) in versions.iter().rev().enumerate() {
            let mut revisions: BTreeMap<String, Vec<u32>> = BTreeMap::new();
            let (mut runs, mut objects) = (Vec::new(), Vec::new());
            for reference in references.to(&version.name) {
                match reference {
                    Reference::Revision { release, number } => {
                        revisions.entry(release.clone()).or_default().push(*number);
                    }
                    Reference::Run(run) => runs.push(run.clone()),
                    Reference::Object(object) => objects.push(object.clone()),
                }
            }
            rows.push(Row {
                secret: set.clone(),
                version: Some(version.name.clone()),
                created: Some(version.created.clone()),
                keys: version.values.keys().cloned().collect(),
                revisions,
                runs,
                objects,
                newest: back == 0,
            });
        }
    }
    rows
}

impl Row {
    /// What uses it, in a few words: `backend 3-5, frontend 2; 4 runs`.
    pub fn users(&self) -> String {
        let releases = self.revisions.iter().map(|(name, numbers)| format!("{name} {}", spans(numbers)));
        let mut parts = vec![releases.chain(self.objects.iter().cloned()).collect::<Vec<_>>().join(", ")];
        if !self.runs.is_empty() {
            parts.push(text::count(self.runs.len(), "run"));
        }
        parts.retain(|part| !part.is_empty());
        match (parts.is_empty(), &self.version, self.newest) {
            (false, _, _) => parts.join("; "),
            (true, None, _) => "nothing yet".to_owned(),
            (true, Some(_), true) => "the next up".to_owned(),
            (true, Some(_), false) => "nothing".to_owned(),
        }
    }

    /// How old it is: `3d`.
    pub fn age(&self, now: Timestamp) -> String {
        let made = self.created.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
        let Some(seconds) = made.map(|made| now.as_second() - made.as_second()) else {
            return "-".to_owned();
        };
        match seconds.max(0) {
            few @ 0..60 => format!("{few}s"),
            some @ 60..3600 => format!("{}m", some / 60),
            many @ 3600..86400 => format!("{}h", many / 3600),
            days => format!("{}d", days / 86400),
        }
    }
}

/// Numbers with neighbours joined: `1, 3-5`.
fn spans(numbers: &[u32]) -> String {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match spans.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => spans.push((number, number)),
        }
    }
    let text = |&(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    spans.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// What is wrong with a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretFault {
    /// `missing`, `malformed`, `apart` or `unused`.
    pub kind: &'static str,
    /// The value, logical Secret or version that it is about.
    pub name: String,
    /// What is wrong, without the value.
    pub message: String,
}

/// Everything that is wrong with the secrets of a profile and what the cluster has of them.
pub fn findings(inputs: &Inputs, world: &World) -> Vec<SecretFault> {
    let mut all = missing(inputs, world);
    all.extend(malformed(inputs, world));
    all.extend(apart(inputs, world));
    all.extend(unused(inputs, world));
    all
}

fn finding(kind: &'static str, name: &str, message: impl Into<String>) -> SecretFault {
    SecretFault { kind, name: name.to_owned(), message: message.into() }
}

/// A value with a command is not missing: the next `up` runs it.
fn missing(inputs: &Inputs, world: &World) -> Vec<SecretFault> {
    let missing = steps::missing(inputs, world).into_iter().filter(|(_, spec)| spec.command.is_empty());
    missing.map(|(name, _)| finding("missing", name, "is neither given nor in the cluster")).collect()
}

fn malformed(inputs: &Inputs, world: &World) -> Vec<SecretFault> {
    let mut found = Vec::new();
    let secrets = &inputs.profile.secrets;
    for (set, keys) in &secrets.sets {
        let Some(newest) = world.secrets.get(set).and_then(|versions| versions.newest()) else { continue };
        for (key, name) in keys {
            let Some(value) = newest.values.get(key) else { continue };
            let problems = secret_input::problems(secrets, name, value);
            if !problems.is_empty() {
                let message = format!("in {}, key {key}: {}", newest.name, problems.join("; "));
                found.push(finding("malformed", name, message));
            }
        }
    }
    found
}

/// One value that differs between the Secrets that hold it.
fn apart(inputs: &Inputs, world: &World) -> Vec<SecretFault> {
    let mut holders: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (set, keys) in &inputs.profile.secrets.sets {
        let Some(newest) = world.secrets.get(set).and_then(|versions| versions.newest()) else { continue };
        for (key, name) in keys {
            if let Some(value) = newest.values.get(key) {
                holders.entry(name).or_default().push((newest.name.as_str(), value));
            }
        }
    }
    let one = |value: &secrecy::SecretString| BTreeMap::from([(String::new(), value.clone())]);
    let differ = holders.into_iter().filter(|(_, all)| {
        all.windows(2).any(|pair| matches!(pair, [(_, a), (_, b)] if !same(&one(a), &one(b))))
    });
    differ
        .map(|(name, all)| {
            let versions: Vec<&str> = all.iter().map(|(version, _)| *version).collect();
            let message = format!("is not the same in {}; the next up makes it so", versions.join(" and "));
            finding("apart", name, message)
        })
        .collect()
}

fn unused(inputs: &Inputs, world: &World) -> Vec<SecretFault> {
    let secrets = &inputs.profile.secrets;
    let held: BTreeSet<&String> = secrets.sets.values().flat_map(BTreeMap::values).collect();
    let sources: BTreeSet<&String> = secrets.values.values().filter_map(|spec| spec.from.as_ref()).collect();
    let values = secrets.values.keys().filter(|name| !held.contains(name) && !sources.contains(name));
    let mut found: Vec<SecretFault> =
        values.map(|name| finding("unused", name, "is a value of no set in `secrets.sets`")).collect();
    let used = inputs.secret_names();
    let sets = secrets.sets.keys().filter(|set| !used.contains(*set));
    found.extend(sets.map(|set| finding("unused", set, "is named by no release and no component")));
    let versions = rows(inputs, world).into_iter().filter(|row| !row.newest && row.users() == "nothing");
    found.extend(versions.filter_map(|row| {
        let message = "is referred to by nothing; the next up that changes something removes it";
        Some(finding("unused", row.version.as_deref()?, message))
    }));
    found
}

#[cfg(test)]
mod tests;
