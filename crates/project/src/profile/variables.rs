//! Owns `${NAME}` in the texts of a profile: what it stands for, and what is refused.
//! Refuses to read the environment: the program hands it in. Nothing here is secret, and a variable of a secret is refused
//! before it could become part of a text.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::{Problem, ProfileError};
use super::names;
use super::source::{Kind, Node, Seg, Source};

/// Where the values of a profile's variables come from.
#[derive(Clone, Copy)]
pub enum Variables<'a> {
    /// From here; an empty text counts as absent, as pipelines pass on what is not set.
    From(&'a dyn Fn(&str) -> Option<String>),
    /// Nowhere: what has no default stays as it is written. For looking at a profile that is not deployed.
    AsWritten,
}

/// Fields whose texts are not looked at: what the variables are, and the chain of files, which was read before.
const PLAIN: [&str; 2] = ["variables", "extends"];

/// Replaces every `${NAME}` by what it stands for; `$${` becomes `${`.
pub(super) fn substitute(source: &mut Source, variables: Variables<'_>) -> Result<(), ProfileError> {
    let declared = declared(&source.root);
    let mut found =
        Found { source, declared: &declared, variables, unset: BTreeSet::new(), problems: Vec::new() };
    found.secrets();
    let mut root = found.source.root.clone();
    if found.problems.is_empty()
        && let Kind::Map(entries) = &mut root.value
    {
        for (key, node) in entries.iter_mut().filter(|(key, _)| !PLAIN.contains(&key.as_str())) {
            found.node(&mut vec![Seg::from(key.as_str())], node);
        }
    }
    let Found { unset, problems, .. } = found;
    if problems.is_empty() {
        source.root = root;
        return Ok(());
    }
    let hint = if unset.is_empty() {
        "Nothing was changed. docs/profile.md explains `variables`.".to_owned()
    } else {
        let names: Vec<String> = unset.iter().map(|name| format!("{name}=…")).collect();
        format!("Set what is missing: export {}", names.join(" "))
    };
    Err(ProfileError::new(problems, hint))
}

/// What a declaration says that matters here.
struct Declared {
    description: Option<String>,
    default: Option<String>,
}

/// The declarations, as far as they are well formed: the typed reading refuses the others.
fn declared(root: &Node) -> BTreeMap<String, Declared> {
    let text = |node: &Node, field: &str| match node.get(field).map(|field| &field.value) {
        Some(Kind::Scalar(Value::String(text))) => Some(text.clone()),
        Some(Kind::Scalar(_) | Kind::List(_) | Kind::Map(_)) | None => None,
    };
    let Some(Kind::Map(entries)) = root.get("variables").map(|node| &node.value) else {
        return BTreeMap::new();
    };
    let declared = entries.iter().map(|(name, node)| {
        let declared = Declared { description: text(node, "description"), default: text(node, "default") };
        (name.clone(), declared)
    });
    declared.collect()
}

struct Found<'a> {
    source: &'a Source,
    declared: &'a BTreeMap<String, Declared>,
    variables: Variables<'a>,
    /// Names that were reported as unset: once each.
    unset: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Found<'_> {
    /// A variable that holds a secret value would carry it into plans and errors.
    fn secrets(&mut self) {
        let values = self.source.root.get("secrets").and_then(|secrets| secrets.get("values"));
        let Some(Kind::Map(values)) = values.map(|node| &node.value) else { return };
        for name in self.declared.keys() {
            let path = [Seg::from("variables"), name.as_str().into()];
            if !names::is_variable(name) {
                let message = "not the name of a variable: letters, digits and `_`, not a digit first";
                self.problems.push(self.source.problem(&path, message));
            }
            let holds = |(_, value): &&(String, Node)| matches!(value.get("env").map(|env| &env.value), Some(Kind::Scalar(Value::String(env))) if env == name);
            if let Some((secret, _)) = values.iter().find(holds) {
                let message =
                    format!("holds the secret value `{secret}`; a secret is never part of a profile's text");
                self.problems.push(self.source.problem(&path, message));
            }
        }
    }

    fn node(&mut self, path: &mut Vec<Seg>, node: &mut Node) {
        match &mut node.value {
            Kind::Scalar(Value::String(text)) if text.contains("${") => {
                if let Some(replaced) = self.text(path, text) {
                    *text = replaced;
                }
            }
            Kind::Scalar(_) => {}
            Kind::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    path.push(index.into());
                    self.node(path, item);
                    path.pop();
                }
            }
            Kind::Map(entries) => {
                for (key, value) in entries {
                    path.push(key.as_str().into());
                    self.node(path, value);
                    path.pop();
                }
            }
        }
    }

    /// A text with its variables replaced; nothing when one of them was reported.
    fn text(&mut self, path: &[Seg], text: &str) -> Option<String> {
        let mut replaced = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, after) = (&rest[..start], &rest[start + 2..]);
            if let Some(before) = before.strip_suffix('$') {
                replaced.push_str(before);
                replaced.push_str("${");
                rest = after;
                continue;
            }
            let Some((name, after)) = after.split_once('}') else {
                self.report(path, "`${` without `}`; write `$${` for the text itself");
                return None;
            };
            replaced.push_str(before);
            replaced.push_str(&self.value(path, name)?);
            rest = after;
        }
        replaced.push_str(rest);
        Some(replaced)
    }

    fn value(&mut self, path: &[Seg], name: &str) -> Option<String> {
        let Some(declared) = self.declared.get(name) else {
            let known = self.declared.keys().map(String::as_str);
            let unknown = names::unknown("variable of `variables`", name, known);
            self.report(path, format!("{unknown}; write `$${{` for the text itself"));
            return None;
        };
        let given = match self.variables {
            Variables::From(lookup) => lookup(name).filter(|value| !value.is_empty()),
            Variables::AsWritten => None,
        };
        let value = given.or_else(|| declared.default.clone());
        match (value, self.variables) {
            (Some(value), _) => Some(value),
            (None, Variables::AsWritten) => Some(format!("${{{name}}}")),
            (None, Variables::From(_)) => {
                if self.unset.insert(name.to_owned()) {
                    let what = declared.description.as_ref().map(|text| format!(" ({text})"));
                    let what = what.unwrap_or_default();
                    self.report(path, format!("the variable {name} is not set{what}"));
                }
                None
            }
        }
    }

    fn report(&mut self, path: &[Seg], message: impl Into<String>) {
        self.problems.push(self.source.value_problem(path, message));
    }
}

#[cfg(test)]
mod tests {
    use crate::profile::testing::{SOUND, project};
    use crate::profile::{Loaded, ProfileError, Variables, load};

    const DECLARED: &str =
        "variables:\n  SPACE: {description: 'where it runs'}\n  HOST: {default: example.com}\n";

    fn read(head: &str, namespace: &str, variables: Variables<'_>) -> Result<Loaded, ProfileError> {
        let text = SOUND.replacen("namespace: todo\n", &format!("{head}namespace: {namespace}\n"), 1);
        load(project(&[("sandbox.yaml", &text)]).path(), "sandbox", variables)
    }

    fn refusal(head: &str, namespace: &str) -> String {
        let set = |name: &str| (name == "EMPTY").then(String::new);
        let error = read(head, namespace, Variables::From(&set)).unwrap_err();
        format!("{error}\nhint: {}", error.hint())
    }

    #[test]
    fn what_is_not_set_not_declared_or_secret_is_refused_where_it_stands() {
        assert_eq!(
            refusal(DECLARED, "${SPACE}"),
            "profiles/sandbox.yaml:4:12: namespace: the variable SPACE is not set (where it runs)\n\
             hint: Set what is missing: export SPACE=…"
        );
        assert_eq!(
            refusal("variables: {EMPTY: {}}\n", "'${EMPTY}'"),
            "profiles/sandbox.yaml:2:12: namespace: the variable EMPTY is not set\n\
             hint: Set what is missing: export EMPTY=…"
        );
        let reference = "hint: Nothing was changed. docs/profile.md explains `variables`.";
        assert_eq!(
            refusal(DECLARED, "a-${SPAC}"),
            format!(
                "profiles/sandbox.yaml:4:12: namespace: no variable of `variables` is named `SPAC`; did you mean \
                 `SPACE`?; write `$${{` for the text itself\n{reference}"
            )
        );
        assert_eq!(
            refusal("variables: {DATABASE_URL: {}}\n", "'${DATABASE_URL}'"),
            format!(
                "profiles/sandbox.yaml:1:13: variables.DATABASE_URL: holds the secret value `database-url`; a secret \
                 is never part of a profile's text\n{reference}"
            )
        );
        assert!(refusal(DECLARED, "${SPACE").contains("`${` without `}`"));
    }

    #[test]
    fn the_environment_wins_over_the_default_and_two_dollars_are_one() {
        let namespace = |text: &str, set: &dyn Fn(&str) -> Option<String>| {
            let loaded = read(DECLARED, text, Variables::From(set));
            loaded.map_or_else(|error| error.to_string(), |loaded| loaded.profile.namespace)
        };
        assert_eq!(namespace("a${SPACE}b", &|_| Some("-x-".into())), "a-x-b");
        let url = |set: &dyn Fn(&str) -> Option<String>, text: &str| {
            let head = format!("{DECLARED}url: '{text}'\n");
            read(&head, "todo", Variables::From(set)).unwrap().profile.url.unwrap()
        };
        assert_eq!(url(&|_| None, "http://${HOST}/"), "http://example.com/");
        assert_eq!(url(&|name| (name == "HOST").then(|| "b".into()), "http://${HOST}/"), "http://b/");
        assert_eq!(url(&|_| None, "a$${HOST}"), "a${HOST}");
    }

    #[test]
    fn a_profile_can_be_looked_at_without_its_variables() {
        let loaded = read(DECLARED, "${SPACE}", Variables::AsWritten).unwrap();
        assert_eq!(loaded.profile.namespace, "${SPACE}");
    }
}
