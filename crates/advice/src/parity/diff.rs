//! Owns the differences of two trees. Items of lists are the same when they have the same name, else the same position.

use serde_json::Value;

use todoctl_core::yaml::{Seg, dotted};

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Differs {
    /// Only the first has it.
    OnlyOne,
    /// Only the second has it.
    OnlyOther,
    /// Both have it, and it is not the same.
    Both,
}

/// A difference.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Its path for people: names of items instead of positions.
    path: Vec<Seg>,
    /// Its path in the first tree.
    pub(super) one: Vec<Seg>,
    /// Its path in the second.
    pub(super) other: Vec<Seg>,
    /// How.
    pub(super) differs: Differs,
    /// What the first says.
    pub(super) left: Value,
    /// What the second says.
    pub(super) right: Value,
}

impl Found {
    /// For people: `checks.events arrive.path`.
    pub(super) fn text(&self) -> String {
        dotted(&self.path)
    }

    /// The names on its path; positions have none.
    pub(super) fn names(&self) -> Vec<&str> {
        self.path
            .iter()
            .map(|seg| match seg {
                Seg::Key(key) => key.as_str(),
                Seg::Index(_) => "",
            })
            .collect()
    }
}

/// Every difference, the deepest that can be told apart.
pub(super) fn compare(one: &Value, other: &Value) -> Vec<Found> {
    let mut found = Vec::new();
    walk(&mut Walk::default(), one, other, &mut found);
    found
}

#[derive(Default, Clone)]
struct Walk {
    path: Vec<Seg>,
    one: Vec<Seg>,
    other: Vec<Seg>,
}

impl Walk {
    fn step(&self, name: Seg, one: Seg, other: Seg) -> Self {
        let mut next = self.clone();
        next.path.push(name);
        next.one.push(one);
        next.other.push(other);
        next
    }

    fn found(&self, differs: Differs, left: &Value, right: &Value) -> Found {
        let Self { path, one, other } = self.clone();
        Found { path, one, other, differs, left: left.clone(), right: right.clone() }
    }
}

fn walk(at: &mut Walk, one: &Value, other: &Value, found: &mut Vec<Found>) {
    match (one, other) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                let mut next = at.step(key.as_str().into(), key.as_str().into(), key.as_str().into());
                match right.get(key) {
                    Some(twin) => walk(&mut next, value, twin, found),
                    None => found.push(next.found(Differs::OnlyOne, value, &Value::Null)),
                }
            }
            for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
                let next = at.step(key.as_str().into(), key.as_str().into(), key.as_str().into());
                found.push(next.found(Differs::OnlyOther, &Value::Null, value));
            }
        }
        (Value::Array(left), Value::Array(right)) if is_named(left) && is_named(right) => {
            named_items(at, left, right, found);
        }
        _ if one != other => found.push(at.found(Differs::Both, one, other)),
        _ => {}
    }
}

fn named_items(at: &Walk, left: &[Value], right: &[Value], found: &mut Vec<Found>) {
    for (index, value) in left.iter().enumerate() {
        let twin = right.iter().position(|one| name(one) == name(value));
        let key = Seg::from(name(value).unwrap_or_default());
        let mut next = at.step(key, index.into(), twin.unwrap_or_default().into());
        if let Some(twin) = twin {
            walk(&mut next, value, &right[twin], found);
        } else {
            next.other.pop();
            found.push(next.found(Differs::OnlyOne, value, &Value::Null));
        }
    }
    for (index, value) in right.iter().enumerate() {
        if left.iter().all(|one| name(one) != name(value)) {
            let key = Seg::from(name(value).unwrap_or_default());
            let mut next = at.step(key, 0.into(), index.into());
            next.one.pop();
            found.push(next.found(Differs::OnlyOther, &Value::Null, value));
        }
    }
}

fn name(item: &Value) -> Option<&str> {
    item.get("name").and_then(Value::as_str)
}

fn is_named(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(|item| name(item).is_some())
}
