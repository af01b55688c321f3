//! Step 3: a logical Secret has a version with the wanted values.
//!
//! Versions are immutable Secrets named `<logical>-<random suffix>`. Releases refer to a version, so `helm rollback`
//! brings the old values back and an undo needs no secret data. The suffix is random, not a hash of the values: a
//! hash of a weak secret can be guessed offline.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::given;
use crate::inputs::Inputs;
use crate::labels;
use crate::profile::Profile;
use crate::step::{Change, DecideError, Decision, Guard, Reversal, Step, StepId, Undo};
use crate::steps::Missing;
use crate::tool::kubectl::Kubectl;
use crate::world::World;
use crate::world::secrets::same;

/// Makes a new version when values changed.
pub(super) struct SecretStep {
    inputs: Arc<Inputs>,
    name: String,
}

/// What a logical Secret is now.
pub(super) struct Wanted {
    /// Name of the version.
    pub(super) version: String,
    /// Its values, when the version has to be made.
    new: Option<BTreeMap<String, SecretString>>,
}

impl SecretStep {
    pub(super) fn new(inputs: &Arc<Inputs>, name: String) -> Self {
        Self { inputs: Arc::clone(inputs), name }
    }

    /// The step that a release waits for.
    pub(super) fn id_of(name: &str) -> StepId {
        StepId::of("secret", name)
    }
}

/// The value of a declared secret: given, else in the cluster, else generated, else nothing. A derived value is made
/// from the value of its source, each time anew.
fn value(profile: &Profile, name: &str, world: &World) -> Option<SecretString> {
    let spec = profile.secrets.values.get(name);
    if let Some((from, form)) = spec.and_then(|spec| spec.from.as_deref().zip(spec.form)) {
        // What cannot be derived is refused where it comes from; `SecretStep::decide` asks about what is kept.
        return match value(profile, from, world) {
            Some(source) => given::derive(form, &source).ok(),
            None => kept(profile, name, world).map(|(_, value)| value.clone()),
        };
    }
    if let Some(given) = world.given.get(name) {
        return Some(given.clone());
    }
    let generate = spec.and_then(|spec| spec.generate);
    let kept = kept(profile, name, world).map(|(_, value)| value.clone());
    kept.or_else(|| Some(world.random(&format!("value/{name}"), usize::from(generate?)).into()))
}

/// The value in the cluster, and the name of the Secret that holds it.
fn kept<'a>(profile: &Profile, name: &str, world: &'a World) -> Option<(&'a str, &'a SecretString)> {
    profile.secrets.sets.iter().find_map(|(set, keys)| {
        let key = keys.iter().find(|(_, value)| *value == name)?.0;
        let newest = world.secrets.get(set)?.newest()?;
        Some((newest.name.as_str(), newest.values.get(key)?))
    })
}

/// The value that must be given so that a value is there: itself, or what it is derived from.
fn source<'a>(profile: &'a Profile, name: &'a str) -> &'a str {
    profile.secrets.values.get(name).and_then(|spec| spec.from.as_deref()).unwrap_or(name)
}

/// The declared values that some logical Secrets are made of and that nothing supplies, except optional ones. Of a
/// derived value it is the source.
pub fn missing<'a>(inputs: &'a Inputs, world: &World) -> Missing<'a> {
    let Profile { secrets, .. } = &inputs.profile;
    let sets = inputs.secret_names();
    let used = secrets.sets.iter().filter(|(set, _)| sets.contains(*set)).flat_map(|(_, keys)| keys.values());
    let needed = used.filter(|name| secrets.values.get(*name).is_some_and(|spec| !spec.optional));
    let lacking = |name: &&str| value(&inputs.profile, name, world).is_none();
    let names: BTreeSet<&str> = needed
        .map(String::as_str)
        .filter(lacking)
        .map(|name| source(&inputs.profile, name))
        // A source that is there and useless is malformed, not missing.
        .filter(lacking)
        .collect();
    let specs = names.into_iter().filter_map(|name| secrets.values.get_key_value(name));
    specs.map(|(name, spec)| (name.as_str(), spec)).collect()
}

/// What version a logical Secret has after this run. Pure, so that releases ask the same question.
pub(super) fn wanted(inputs: &Inputs, set: &str, world: &World) -> Wanted {
    let values: BTreeMap<String, SecretString> = inputs.profile.secrets.sets[set]
        .iter()
        .filter_map(|(key, name)| Some((key.clone(), value(&inputs.profile, name, world)?)))
        .collect();
    let newest = world.secrets.get(set).and_then(|versions| versions.newest());
    match newest.filter(|version| same(&version.values, &values)) {
        Some(version) => Wanted { version: version.name.clone(), new: None },
        None => Wanted {
            version: format!("{set}-{}", world.random(&format!("version/{set}"), 4)),
            new: Some(values),
        },
    }
}

impl Step for SecretStep {
    fn id(&self) -> StepId {
        Self::id_of(&self.name)
    }

    fn title(&self) -> String {
        format!("secret {}", self.name)
    }

    fn order(&self) -> u8 {
        3
    }

    fn needs(&self) -> Vec<StepId> {
        vec![StepId::single("namespace")]
    }

    fn decide(&self, world: &World) -> Result<Decision, DecideError> {
        let Some(access) = world.cluster.access() else {
            return Ok(Decision::none("known after start"));
        };
        let wanted = wanted(&self.inputs, &self.name, world);
        let Some(values) = wanted.new else {
            return Ok(Decision::none(format!("{} has these values", wanted.version)));
        };
        self.refuse_malformed(world)?;
        let namespace = &self.inputs.profile.namespace;
        let kubectl = Kubectl::new(access);
        let from = world
            .secrets
            .get(&self.name)
            .and_then(|versions| versions.newest())
            .map(|version| version.name.clone());
        let to = wanted.version.clone();
        Ok(Decision {
            change: match from {
                Some(from) => Change::Update { from, to },
                None => Change::Create { to },
            },
            apply: vec![kubectl.apply_secret(self.object(namespace, &wanted.version, &values))],
            checks: Vec::new(),
            undo: Undo::Commands {
                reversals: vec![Reversal::Delete {
                    kind: "secret".to_owned(),
                    namespace: namespace.clone(),
                    names: vec![wanted.version],
                }],
                guard: Guard::Always,
                checks: Vec::new(),
                returns: None,
                stays: None,
            },
            notes: Vec::new(),
        })
    }
}

impl SecretStep {
    /// Values that were given have been checked where they came from; those that are kept may be older than the rules.
    fn refuse_malformed(&self, world: &World) -> Result<(), DecideError> {
        let profile = &self.inputs.profile;
        for name in profile.secrets.sets[&self.name].values() {
            let name = source(profile, name);
            let Some(value) = value(profile, name, world) else { continue };
            let problems = given::problems(&profile.secrets, name, &value);
            if problems.is_empty() {
                continue;
            }
            let place = match kept(profile, name, world).filter(|_| !world.given.contains_key(name)) {
                Some((secret, _)) => format!(", kept in Secret {secret}"),
                None => String::new(),
            };
            return Err(DecideError {
                evidence: Vec::new(),
                message: format!("{name}{place}: {}", problems.join("; ")),
                hint: format!("give another value for {name}"),
            });
        }
        Ok(())
    }

    fn object(
        &self,
        namespace: &str,
        version: &str,
        values: &BTreeMap<String, SecretString>,
    ) -> SecretString {
        let data: BTreeMap<&String, &str> =
            values.iter().map(|(key, value)| (key, value.expose_secret())).collect();
        let labels = BTreeMap::from([(labels::SECRET, &self.name), (labels::PROFILE, &self.inputs.name)]);
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true,
            "metadata": {"name": version, "namespace": namespace, "labels": labels}, "stringData": data})
        .to_string()
        .into()
    }
}
