//! Step 3: a logical Secret has a version with the wanted values.
//!
//! Versions are immutable Secrets named `<logical>-<random suffix>`. Releases refer to a version, so `helm rollback`
//! brings the old values back and an undo needs no secret data. The suffix is random, not a hash of the values: a
//! hash of a weak secret can be guessed offline.

mod values;

pub(super) use values::value;
pub use values::{Question, Why, generated, missing, questions, values};

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use values::{kept, source};

use crate::step::{Change, Decision, Guard, Reversal, Step, StepId, Undo};
use crate::steps::namespace;
use crate::tool::kubectl::Kubectl;
use crate::world::World;
use crate::world::secrets::same;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::labels;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::Profile;
use todoctl_project::secret_input;

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

/// What version a logical Secret has after this run. Pure, so that releases ask the same question.
pub(super) fn wanted(inputs: &Inputs, set: &str, world: &World) -> Wanted {
    let mut values: BTreeMap<String, SecretString> = inputs.profile.secrets.sets[set]
        .iter()
        .filter_map(|(key, name)| Some((key.clone(), value(&inputs.profile, name, world)?)))
        .collect();
    values.extend(
        pulling(&inputs.profile, set, world).map(|config| (secret_input::PULL_KEY.to_owned(), config)),
    );
    let newest = world.secrets.get(set).and_then(|versions| versions.newest());
    match newest.filter(|version| same(&version.values, &values)) {
        Some(version) => Wanted { version: version.name.clone(), new: None },
        None => Wanted {
            version: format!("{set}-{}", world.random(&format!("version/{set}"), 4)),
            new: Some(values),
        },
    }
}

/// What the pull secret has beside its values: both of them in Kubernetes' form.
fn pulling(profile: &Profile, set: &str, world: &World) -> Option<SecretString> {
    let pull = profile.pull_secret().filter(|pull| pull.name == set)?;
    let (username, password) =
        (value(profile, &pull.username, world)?, value(profile, &pull.password, world)?);
    Some(secret_input::docker_config(&profile.registry.as_ref()?.server, &username, &password))
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
        vec![namespace::before(&self.inputs)]
    }

    fn decide(&self, world: &World) -> Result<Decision, Diagnostic> {
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
                follows: Vec::new(),
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
    fn refuse_malformed(&self, world: &World) -> Result<(), Diagnostic> {
        let profile = &self.inputs.profile;
        for name in profile.secrets.sets[&self.name].values() {
            let name = source(profile, name);
            let Some(value) = value(profile, name, world) else { continue };
            let problems = secret_input::problems(&profile.secrets, name, &value);
            if problems.is_empty() {
                continue;
            }
            let place = match kept(profile, name, world).filter(|_| !world.given.contains_key(name)) {
                Some((secret, _)) => format!(", kept in Secret {secret}"),
                None => String::new(),
            };
            return Err(Diagnostic {
                code: Code::SecretInvalid,
                evidence: Vec::new(),
                what: format!("{name}{place}: {}", problems.join("; ")),
                fix: format!("give another value for {name}"),
                place: None,
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
        let kind =
            if values.contains_key(secret_input::PULL_KEY) { secret_input::PULL_TYPE } else { "Opaque" };
        json!({"apiVersion": "v1", "kind": "Secret", "type": kind, "immutable": true,
            "metadata": {"name": version, "namespace": namespace, "labels": labels}, "stringData": data})
        .to_string()
        .into()
    }
}
