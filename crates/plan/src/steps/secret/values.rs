//! Owns where the values of a run come from: given, kept in the cluster, generated, derived; and which of them a person
//! has to be asked for.

use std::collections::BTreeSet;

use secrecy::SecretString;

use crate::steps::Missing;
use crate::world::World;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::{Profile, SecretValue};
use todoctl_project::secret_input;

/// The value of a declared secret: given, else in the cluster, else generated, else nothing. A derived value is made
/// from the value of its source, each time anew.
pub(in crate::steps) fn value(profile: &Profile, name: &str, world: &World) -> Option<SecretString> {
    let spec = profile.secrets.values.get(name);
    if let Some((from, form)) = spec.and_then(|spec| spec.from.as_deref().zip(spec.form)) {
        // What cannot be derived is refused where it comes from; `SecretStep::decide` asks about what is kept.
        return match value(profile, from, world) {
            Some(source) => secret_input::derive(form, &source).ok(),
            None => kept(profile, name, world).map(|(_, value)| value.clone()),
        };
    }
    if let Some(given) = world.given.get(name) {
        return Some(given.clone());
    }
    let kept = kept(profile, name, world).map(|(_, value)| value.clone());
    kept.or_else(|| generated(name, spec?, world))
}

/// Every value that a run in this world knows: declared ones, wherever they come from, and what is given and may
/// replace them.
pub fn values(inputs: &Inputs, world: &World) -> Vec<SecretString> {
    let declared = inputs.profile.secrets.values.keys();
    let declared = declared.filter_map(|name| value(&inputs.profile, name, world));
    let old = world.secrets.values().filter_map(|versions| versions.newest());
    declared.chain(old.flat_map(|version| version.values.values().cloned())).collect()
}

/// The value that a run generates, when the declaration says how long it is: the same in every decision of the run.
pub fn generated(name: &str, spec: &SecretValue, world: &World) -> Option<SecretString> {
    Some(world.random(&format!("value/{name}"), usize::from(spec.generate?)).into())
}

/// The value in the cluster, and the name of the Secret that holds it.
pub(super) fn kept<'a>(
    profile: &Profile,
    name: &str,
    world: &'a World,
) -> Option<(&'a str, &'a SecretString)> {
    profile.secrets.sets.iter().find_map(|(set, keys)| {
        let key = keys.iter().find(|(_, value)| *value == name)?.0;
        let newest = world.secrets.get(set)?.newest()?;
        Some((newest.name.as_str(), newest.values.get(key)?))
    })
}

/// The value that must be given so that a value is there: itself, or what it is derived from.
pub(super) fn source<'a>(profile: &'a Profile, name: &'a str) -> &'a str {
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

/// A value that a person can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// Its name in the profile.
    pub name: &'a str,
    /// Its declaration.
    pub spec: &'a SecretValue,
    /// Why it is asked for.
    pub why: Why,
}

/// Why a value is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing supplies it, and it is needed.
    Missing,
    /// It is going to be generated for the first time.
    Generated,
    /// It may be left out, and nothing has decided that yet.
    Optional,
}

/// What a person is asked for, in the order of the profile's names: what is missing; and the first time that a logical
/// Secret is made, also what would be generated or left out.
pub fn questions<'a>(inputs: &'a Inputs, world: &World) -> Vec<Question<'a>> {
    let Profile { secrets, .. } = &inputs.profile;
    let missing: BTreeSet<&str> = missing(inputs, world).into_iter().map(|(name, _)| name).collect();
    let sets = inputs.secret_names();
    let new = secrets.sets.iter().filter(|(set, _)| sets.contains(*set) && !world.secrets.contains_key(*set));
    let first: BTreeSet<&str> =
        new.flat_map(|(_, keys)| keys.values()).map(|name| source(&inputs.profile, name)).collect();
    let open = |name: &str| !world.given.contains_key(name) && kept(&inputs.profile, name, world).is_none();
    let question = |(name, spec): (&'a String, &'a SecretValue)| {
        let why = match name.as_str() {
            name if missing.contains(name) => Why::Missing,
            name if !first.contains(name) || !open(name) => return None,
            _ if spec.generate.is_some() => Why::Generated,
            _ if spec.optional => Why::Optional,
            _ => return None,
        };
        Some(Question { name, spec, why })
    };
    secrets.values.iter().filter_map(question).collect()
}
