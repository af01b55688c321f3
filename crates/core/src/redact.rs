//! Owns taking known secret values out of text: the second line of defence, behind types that print nothing.
//! Refuses to know where the text goes. What it has not learned it cannot find, and it takes no value shorter than
//! eight bytes: in place of a word it would hide what a failure is about.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What stands for a value.
const MASK: &str = "***";
/// Bytes from which on a text is taken out.
const SHORTEST: usize = 8;
/// Fields of an event that name steps and kinds: without them it means nothing any more.
const NAMES: [&str; 4] = ["event", "kind", "needs", "step"];

/// Takes out what it has learned. Clones share it.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Every form of every value, longest first.
    forms: Arc<RwLock<Vec<SecretString>>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// Learns values: as they are, each of their lines, the password in a URL, and all of these in base64, in JSON,
    /// percent-encoded and in hexadecimal.
    pub fn learn<'a>(&self, values: impl IntoIterator<Item = &'a SecretString>) {
        let mut known = self.forms.write().unwrap_or_else(PoisonError::into_inner);
        for value in values {
            for part in parts(value.expose_secret()) {
                for form in forms(part) {
                    if !known.iter().any(|one| one.expose_secret() == form) {
                        known.push(form.into());
                    }
                }
            }
        }
        known.sort_by_key(|form| std::cmp::Reverse(form.expose_secret().len()));
    }

    /// Text without what was learned.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for form in self.forms.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if text.contains(form.expose_secret()) {
                text = Cow::Owned(text.replace(form.expose_secret(), MASK));
            }
        }
        text
    }

    /// Takes what was learned out of every text in a value, except where it names a step or a kind. Answers whether
    /// there was something to take out.
    pub fn value(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => match self.text(text) {
                Cow::Borrowed(_) => false,
                Cow::Owned(cleaned) => {
                    *text = cleaned;
                    true
                }
            },
            Value::Array(items) => {
                let found = items.iter_mut().filter_map(|item| self.value(item).then_some(()));
                found.count() > 0
            }
            Value::Object(fields) => {
                let texts = fields.iter_mut().filter(|(name, value)| !is_name(name, value));
                texts.filter_map(|(_, value)| self.value(value).then_some(())).count() > 0
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.forms.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Whether a field names a step or a kind. `steps` holds names, or at the beginning of a run whole steps.
fn is_name(name: &str, value: &Value) -> bool {
    let lists_names = || value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    NAMES.contains(&name) || (name == "steps" && lists_names())
}

/// What of a value is secret by itself.
fn parts(value: &str) -> Vec<&str> {
    if is_address(value) {
        return Vec::new();
    }
    let mut parts = vec![value.trim()];
    parts.extend(value.lines().map(str::trim));
    parts.extend(password(value));
    parts.retain(|part| part.len() >= SHORTEST);
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// An application's own address is kept with its secrets, and is what a run has to say in the end.
fn is_address(value: &str) -> bool {
    let Ok(url) = url::Url::parse(value.trim()) else { return false };
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    ["http", "https"].contains(&url.scheme()) && bare && url.path() == "/" && url.fragment().is_none()
}

/// The password of a URL, as it is written there.
fn password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Some(authority.rsplit_once('@')?.0.split_once(':')?.1)
}

fn forms(part: &str) -> Vec<String> {
    let bytes = part.as_bytes();
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let json = Value::from(part).to_string();
    let twice = Value::from(json.as_str()).to_string();
    let mut forms = vec![
        part.to_owned(),
        json[1..json.len() - 1].to_owned(),
        twice[3..twice.len() - 3].to_owned(),
        percent_encode(bytes, NON_ALPHANUMERIC).to_string(),
        percent_encode(bytes, &UNRESERVED).to_string(),
        hex,
    ];
    for before in 0..3 {
        forms.extend([&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].map(|engine| inside(engine, before, bytes)));
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

/// What RFC 3986 leaves as it is.
const UNRESERVED: percent_encoding::AsciiSet =
    NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The base64 of a text that follows `before` other bytes, without the characters that its neighbours share in:
/// `user:password` of a registry is encoded as a whole.
fn inside(engine: &base64::engine::GeneralPurpose, before: usize, bytes: &[u8]) -> String {
    let whole = engine.encode([&[0; 2][..before], bytes].concat());
    let first = (before * 8).div_ceil(6);
    let last = (before + bytes.len()) * 8 / 6;
    whole[first..last].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use serde_json::json;

    use super::*;

    const VALUE: &str = "C4n4ry \"quoted\\slash\"&<é>~/-+?";

    fn knowing(values: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        let values: Vec<SecretString> = values.iter().map(|value| (*value).into()).collect();
        redactor.learn(&values);
        redactor
    }

    #[test]
    fn a_value_is_found_in_every_form_and_place() {
        let redactor = knowing(&[VALUE]);
        let json = json!(VALUE).to_string();
        let bytes = VALUE.as_bytes();
        let forms = [
            VALUE.to_owned(),
            json!(json).to_string(),
            json,
            percent_encode(bytes, &UNRESERVED).to_string(),
            forms(VALUE)[5].clone(),
            STANDARD.encode(bytes),
            URL_SAFE.encode(bytes),
        ];
        for form in forms {
            let text = format!("before {form} after");
            let cleaned = redactor.text(&text);
            assert!(cleaned.contains(MASK) && !cleaned.contains("C4n4ry"), "{form}: {cleaned}");
        }
        for user in ["u", "us", "use"] {
            let auth = STANDARD.encode(format!("{user}:{VALUE}."));
            let cleaned = redactor.text(&auth).into_owned();
            // What is left is shared with the neighbours.
            assert!(cleaned.contains(MASK) && cleaned.len() <= MASK.len() + 10, "{cleaned}");
        }
    }

    #[test]
    fn lines_and_the_password_of_a_url_are_secret_by_themselves() {
        let redactor =
            // todoctl-lint: no secret
            knowing(&["first-line-1\nsecond-line-2\n", "postgres://todo:p4ssw0rd%21@db:5432/todo?a=b"]);
        for (text, cleaned) in [
            ("only second-line-2 of it", "only *** of it"),
            ("password p4ssw0rd%21 is wrong for todo", "password *** is wrong for todo"),
            // todoctl-lint: no secret
            ("postgres://todo:p4ssw0rd%21@db:5432/todo?a=b", "***"),
        ] {
            assert_eq!(redactor.text(text), cleaned);
        }
        assert_eq!(password("https://example.test/a:b@c"), None);
    }

    #[test]
    fn short_values_leave_text_readable_and_nothing_is_shown() {
        let redactor = knowing(&["backend", "", "12345678"]);
        assert_eq!(redactor.text("backend failed: 12345678"), "backend failed: ***");
        assert_eq!(format!("{redactor:?}"), "Redactor { .. }");
        assert!(knowing(&["short", "https://todo.example.test:30000"]).is_empty());
        assert!(!knowing(&["https://hooks.example.test/T0/B0/x"]).is_empty());
    }

    #[test]
    fn names_of_steps_survive_in_a_value() {
        let redactor = knowing(&["release/backend"]);
        let mut value = json!({
            "event": "unwind-started", "step": "release/backend", "steps": ["release/backend"],
            "cause": {"message": "release/backend", "lines": [1, null, "a release/backend b"]},
        });
        assert!(redactor.value(&mut value));
        assert_eq!(
            value,
            json!({
                "event": "unwind-started", "step": "release/backend", "steps": ["release/backend"],
                "cause": {"message": "***", "lines": [1, null, "a *** b"]},
            })
        );
        assert!(!redactor.value(&mut value));
    }
}
