//! Owns the shape of `registry:`: where images are pushed to and pulled from.
//! Refuses to know values: user and password are names of secret values.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Profile, Release};

/// An image registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Registry {
    /// Its host, with a port if it has one, such as `iad.ocir.io`.
    pub server: String,
    /// What goes between host and repository, such as the tenancy's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the cluster pulls with; absent when it may pull without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_secret: Option<PullSecret>,
}

/// The Secret that the cluster pulls images with. It is versioned like the sets of `secrets.sets`; releases with an
/// `image` get its version as `imagePullSecrets`. Pushing is another matter: it uses the logins of `docker login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PullSecret {
    /// Its logical name.
    pub name: String,
    /// The value of `secrets.values` that is the user's name.
    pub username: String,
    /// The value of `secrets.values` that is the password or token.
    pub password: String,
}

impl Profile {
    /// Makes the pull secret one of `secrets.sets`: its two values, from which Kubernetes' form is made.
    pub(in crate::profile) fn declare_pull_secret(&mut self) {
        let Some(pull) = self.pull_secret().cloned() else { return };
        let keys = [("username", pull.username), ("password", pull.password)];
        let keys: BTreeMap<String, String> = keys.map(|(key, value)| (key.to_owned(), value)).into();
        self.secrets.sets.insert(pull.name, keys);
    }

    /// What the cluster pulls images with.
    pub fn pull_secret(&self) -> Option<&PullSecret> {
        self.registry.as_ref()?.pull_secret.as_ref()
    }

    /// The set that a release pulls its image with.
    pub fn pull_set(&self, release: &Release) -> Option<&str> {
        let pull = self.pull_secret().filter(|_| release.image.is_some())?;
        Some(pull.name.as_str())
    }
}
