//! Owns the rules of `secrets`: keys, values that sets name, values that are derived from others.

use super::Validation;
use crate::profile::names::{self, RELEASE_LENGTH};
use crate::profile::schema::SecretValue;
use crate::profile::source::Seg;

impl Validation<'_> {
    pub(super) fn secrets(&mut self) {
        for (name, value) in &self.profile.secrets.values {
            self.secret_value(name, value);
        }
        for (set, keys) in &self.profile.secrets.sets {
            let path = [Seg::from("secrets"), "sets".into(), set.as_str().into()];
            self.key_label(&path, set, RELEASE_LENGTH);
            for (key, value) in keys {
                let [secrets, sets, set] = path.clone();
                let path = [secrets, sets, set, key.as_str().into()];
                if !names::is_secret_key(key) {
                    self.field(
                        &path,
                        format!("`{key}` cannot be a key of a Secret: letters, digits, `-`, `_` and `.`"),
                    );
                }
                let values = &self.profile.secrets.values;
                if !values.contains_key(value) {
                    let known = values.keys().map(String::as_str);
                    self.value(&path, names::unknown("value of `secrets.values`", value, known));
                }
            }
        }
    }

    fn secret_value(&mut self, name: &str, value: &SecretValue) {
        let at = |field: &str| [Seg::from("secrets"), "values".into(), name.into(), field.into()];
        if let Some(variable) = &value.env
            && !names::is_variable(variable)
        {
            self.value(&at("env"), "not the name of a variable: letters, digits and `_`, not a digit first");
        }
        self.derived(name, value);
        self.generated(value, &at);
    }

    /// A derived value has one source, which is given or made, and nothing else.
    fn derived(&mut self, name: &str, value: &SecretValue) {
        let at = |field: &str| [Seg::from("secrets"), "values".into(), name.into(), field.into()];
        let Some(from) = &value.from else {
            if value.form.is_some() {
                self.field(&at("form"), "`form` needs `from`, the value that this one is derived from");
            }
            return;
        };
        if value.form.is_none() {
            self.field(&at("from"), "`from` needs `form`, what the value is turned into");
        }
        let values = &self.profile.secrets.values;
        match values.get(from) {
            None => {
                let known = values.keys().map(String::as_str);
                self.value(&at("from"), names::unknown("value of `secrets.values`", from, known));
            }
            Some(source) if source.from.is_some() => {
                self.value(&at("from"), format!("`{from}` is derived itself; name what it is derived from"));
            }
            Some(_) => {}
        }
        let others = [
            ("env", value.env.is_some()),
            ("command", !value.command.is_empty()),
            ("generate", value.generate.is_some()),
            ("schemes", !value.schemes.is_empty()),
            ("min-length", value.min_length.is_some()),
        ];
        for (field, _) in others.into_iter().filter(|(_, there)| *there) {
            self.field(
                &at(field),
                format!("a value with `from` is derived, so `{field}` cannot be said of it"),
            );
        }
    }

    fn generated(&mut self, value: &SecretValue, at: &impl Fn(&str) -> [Seg; 4]) {
        let Some(bytes) = value.generate else { return };
        let (digits, fewest) = (u32::from(bytes) * 2, u32::from(value.min_length.unwrap_or(0)));
        if bytes == 0 {
            self.value(&at("generate"), "0 bytes are no secret; 32 is usual");
        } else if digits < fewest {
            self.value(
                &at("generate"),
                format!("{bytes} bytes are written as {digits} hex digits, fewer than min-length: {fewest}"),
            );
        }
        if !value.schemes.is_empty() {
            self.value(
                &at("generate"),
                "a generated value is hex digits and can never be a URL of `schemes`",
            );
        }
    }
}
