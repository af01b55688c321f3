//! Owns the rules of `registry`: a host, a path, and a pull secret made of declared values.

use super::Validation;
use crate::profile::names::{self, RELEASE_LENGTH};
use crate::profile::source::Seg;

impl Validation<'_> {
    pub(super) fn registry(&mut self) {
        let Some(registry) = &self.profile.registry else { return };
        let host = |name: &str| {
            let (name, port) = name.split_once(':').unwrap_or((name, "443"));
            let inner = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
            !name.is_empty() && name.chars().all(inner) && port.parse::<u16>().is_ok()
        };
        if !host(&registry.server) {
            let message = format!("`{}` is not a host such as `iad.ocir.io`", registry.server);
            self.value(&["registry".into(), "server".into()], message);
        }
        if let Some(path) = &registry.path
            && let Err(message) = names::repository(path)
        {
            self.value(&["registry".into(), "path".into()], message);
        }
        let Some(pull) = &registry.pull_secret else { return };
        let at = |field: &str| [Seg::from("registry"), "pull-secret".into(), field.into()];
        self.label(&at("name"), &pull.name, RELEASE_LENGTH);
        let secrets = &self.profile.secrets;
        if secrets.sets.contains_key(&pull.name) {
            let message = format!(
                "`{}` is a set of `secrets.sets` already; the pull secret is one of its own",
                pull.name
            );
            self.value(&at("name"), message);
        }
        for (field, value) in [("username", &pull.username), ("password", &pull.password)] {
            if !secrets.values.contains_key(value) {
                let known = secrets.values.keys().map(String::as_str);
                self.value(&at(field), names::unknown("value of `secrets.values`", value, known));
            }
        }
    }
}
