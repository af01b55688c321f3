//! Owns YAML values that remember the file, line and column they came from, and paths into them.
//! Refuses to know what any file means, and to quote what it holds: the line next to a mistake may be a secret.

use std::fmt::Write;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::Value;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which file: the number that `documents` was given.
    pub file: usize,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

impl Mark {
    /// Line and column.
    pub fn position(&self) -> (usize, usize) {
        (self.line, self.column)
    }
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where its key stands; for an item of a list, the item.
    pub key: Mark,
    /// Where the value itself starts.
    pub at: Mark,
    /// What it is.
    pub value: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A text, number, truth value or null.
    Scalar(Value),
    /// Values in order.
    List(Vec<Node>),
    /// Values by name, in the order of the file.
    Map(Vec<(String, Node)>),
}

/// One step of a field path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seg {
    /// A field of a map.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

impl From<&str> for Seg {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Seg {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A field path as people read it: `checks[0].name`.
pub fn dotted(path: &[Seg]) -> String {
    let mut text = String::new();
    for seg in path {
        match seg {
            Seg::Key(key) if text.is_empty() => text.push_str(key),
            Seg::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Seg::Index(index) => {
                let _ = write!(text, "[{index}]");
            }
        }
    }
    text
}

/// Why a text is not readable: a position, if known, and a message that quotes no value.
pub type Unreadable = (Option<(usize, usize)>, String);

/// The documents of a text. `file` is what their places remember.
pub fn documents(file: usize, text: &str) -> Result<Vec<Node>, Unreadable> {
    let documents = MarkedYaml::load_from_str(text).map_err(|error| {
        let mark = error.marker();
        let position = (mark.line(), mark.col() + 1);
        (Some(position), syntax_message(text, position, error.info()))
    })?;
    documents.into_iter().map(|document| convert(file, document, None)).collect()
}

impl Node {
    /// A field of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Kind::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            Kind::Scalar(_) | Kind::List(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match &mut self.value {
            Kind::Map(entries) => entries.iter_mut().find(|(name, _)| name == key).map(|(_, node)| node),
            Kind::Scalar(_) | Kind::List(_) => None,
        }
    }

    /// The value at a path, if it was written.
    pub fn at_path(&self, path: &[Seg]) -> Option<&Self> {
        path.iter().try_fold(self, |node, seg| match (seg, &node.value) {
            (Seg::Key(key), Kind::Map(_)) => node.get(key),
            (Seg::Index(index), Kind::List(items)) => items.get(*index),
            (Seg::Key(_) | Seg::Index(_), Kind::Scalar(_) | Kind::List(_) | Kind::Map(_)) => None,
        })
    }

    /// Where a field stands, or the nearest field above it that was written.
    pub fn place(&self, path: &[Seg]) -> Mark {
        self.find(path).key
    }

    /// Where a field's value is, when it is on the key's line or a scalar; else where the field stands.
    pub fn value_place(&self, path: &[Seg]) -> Mark {
        let node = self.find(path);
        match node.value {
            Kind::Scalar(_) => node.at,
            Kind::List(_) | Kind::Map(_) => node.key,
        }
    }

    /// The node at a path, else the deepest one above it.
    fn find(&self, path: &[Seg]) -> &Self {
        let Some((first, rest)) = path.split_first() else {
            return self;
        };
        let next = match (first, &self.value) {
            (Seg::Key(key), Kind::Map(_)) => self.get(key),
            (Seg::Index(index), Kind::List(items)) => items.get(*index),
            (Seg::Key(_) | Seg::Index(_), Kind::Scalar(_) | Kind::List(_) | Kind::Map(_)) => None,
        };
        next.map_or(self, |node| node.find(rest))
    }

    /// The plain value, without positions.
    pub fn to_value(&self) -> Value {
        match &self.value {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => items.iter().map(Self::to_value).collect(),
            Kind::Map(entries) => entries.iter().map(|(key, node)| (key.clone(), node.to_value())).collect(),
        }
    }

    /// The names of a map's fields.
    pub fn keys(&self) -> Vec<&str> {
        match &self.value {
            Kind::Map(entries) => entries.iter().map(|(key, _)| key.as_str()).collect(),
            Kind::Scalar(_) | Kind::List(_) => Vec::new(),
        }
    }

    /// Removes a field of a map.
    pub fn remove(&mut self, key: &str) {
        if let Kind::Map(entries) = &mut self.value {
            entries.retain(|(name, _)| name != key);
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Kind::Scalar(Value::Null))
    }
}

/// A parser's message, with the name of a key that is there twice.
fn syntax_message(text: &str, (line, column): (usize, usize), info: &str) -> String {
    if info != "duplicated key in mapping" {
        return format!("not valid YAML: {info}");
    }
    let name: String = text
        .lines()
        .nth(line.saturating_sub(1))
        .unwrap_or_default()
        .chars()
        .skip(column - 1)
        .take_while(|c| c.is_alphanumeric() || "-_.\"'".contains(*c))
        .collect();
    format!("`{name}` is there twice in the same map")
}

fn convert(file: usize, yaml: MarkedYaml<'_>, key: Option<Mark>) -> Result<Node, Unreadable> {
    let start = yaml.span.start;
    let at = Mark { file, line: start.line(), column: start.col() + 1 };
    let refused = |message: &str| Err((Some((at.line, at.column)), message.to_owned()));
    let value = match yaml.data {
        YamlData::Value(scalar) => match plain(scalar) {
            Some(value) => Kind::Scalar(value),
            None => return refused("not a number that can be passed on"),
        },
        YamlData::Sequence(items) => {
            Kind::List(items.into_iter().map(|item| convert(file, item, None)).collect::<Result<_, _>>()?)
        }
        YamlData::Mapping(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for (name, value) in map {
                let name = convert(file, name, None)?;
                let Kind::Scalar(Value::String(text)) = name.value else {
                    let place = Some((name.at.line, name.at.column));
                    return Err((place, "a field's name is a text; put it in quotes".to_owned()));
                };
                entries.push((text, convert(file, value, Some(name.at))?));
            }
            Kind::Map(entries)
        }
        YamlData::Tagged(..) => return refused("tags (`!name`) have no meaning here"),
        YamlData::Representation(..) | YamlData::Alias(_) | YamlData::BadValue => {
            return refused("not a value that YAML can read");
        }
    };
    let key = key.unwrap_or(at);
    Ok(Node { key, at, value })
}

/// A scalar as JSON has it; `.inf` and `.nan` have no such form.
fn plain(scalar: Scalar<'_>) -> Option<Value> {
    Some(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => value.into(),
        Scalar::Integer(value) => value.into(),
        Scalar::FloatingPoint(value) => serde_json::Number::from_f64(value.into_inner())?.into(),
        Scalar::String(value) => value.into_owned().into(),
    })
}
