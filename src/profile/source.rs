//! Owns the profile as written: YAML values that remember the file, line and column they came from,
//! and how a profile is laid over the one it extends.
//! Refuses to know any field but `extends` and `cluster`, whose merging differs; `leave` knows what goes with a release.

use std::fmt::Write;
use std::path::PathBuf;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::Value;

use super::error::Problem;
use super::leave;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Index into [`Source::files`].
    file: usize,
    line: usize,
    column: usize,
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Where its key stands; for an item of a list, the item.
    key: Mark,
    /// Where the value itself starts.
    at: Mark,
    pub(super) value: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// One step of a field path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seg {
    Key(String),
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
pub(super) fn dotted(path: &[Seg]) -> String {
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

/// A merged profile and the files it came from.
#[derive(Debug)]
pub(super) struct Source {
    /// The files as they are shown, the one that was asked for first.
    pub(super) files: Vec<PathBuf>,
    pub(super) root: Node,
}

impl Source {
    /// A problem at a field, or at the nearest field above it that was written.
    pub(super) fn problem(&self, path: &[Seg], message: impl Into<String>) -> Problem {
        let node = self.root.find(path);
        self.at(node.key, path, message)
    }

    /// A problem with a field's value: points at the value where it is on the key's line or a scalar.
    pub(super) fn value_problem(&self, path: &[Seg], message: impl Into<String>) -> Problem {
        let node = self.root.find(path);
        let mark = match node.value {
            Kind::Scalar(_) => node.at,
            Kind::List(_) | Kind::Map(_) => node.key,
        };
        self.at(mark, path, message)
    }

    fn at(&self, mark: Mark, path: &[Seg], message: impl Into<String>) -> Problem {
        Problem {
            file: self.files[mark.file].clone(),
            position: Some((mark.line, mark.column)),
            field: dotted(path),
            message: message.into(),
        }
    }
}

impl Node {
    /// Parses a file's text. The error is a position, if known, and a message that quotes no value.
    pub(super) fn parse(file: usize, text: &str) -> Result<Self, (Option<(usize, usize)>, String)> {
        let documents = MarkedYaml::load_from_str(text).map_err(|error| {
            let mark = error.marker();
            let position = (mark.line(), mark.col() + 1);
            (Some(position), syntax_message(text, position, error.info()))
        })?;
        let mut documents = documents.into_iter();
        let (Some(root), second) = (documents.next(), documents.next()) else {
            return Err((None, "the file is empty".to_owned()));
        };
        if let Some(second) = second {
            let mark = second.span.start;
            let position = (mark.line(), mark.col() + 1);
            return Err((Some(position), "a second document; a profile is one document".to_owned()));
        }
        let node = convert(file, root, None)?;
        match &node.value {
            Kind::Map(_) => Ok(node),
            Kind::Scalar(Value::Null) => Err((None, "the file is empty".to_owned())),
            Kind::Scalar(_) | Kind::List(_) => {
                Err((Some((node.at.line, node.at.column)), "a profile is a map of fields".to_owned()))
            }
        }
    }

    /// A field of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Kind::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            Kind::Scalar(_) | Kind::List(_) => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match &mut self.value {
            Kind::Map(entries) => entries.iter_mut().find(|(name, _)| name == key).map(|(_, node)| node),
            Kind::Scalar(_) | Kind::List(_) => None,
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
    pub(super) fn to_value(&self) -> Value {
        match &self.value {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => items.iter().map(Self::to_value).collect(),
            Kind::Map(entries) => entries.iter().map(|(key, node)| (key.clone(), node.to_value())).collect(),
        }
    }

    /// This profile laid over the one it extends: maps are merged, lists and scalars replaced, and `null` removes
    /// what was inherited, a release with what names it. `cluster` with another provider replaces the inherited one as a whole.
    pub(super) fn over(self, mut base: Self) -> Self {
        base.remove("extends");
        leave::forget(&mut base, &leave::left_out(&self));
        let other_provider = match (base.get("cluster"), self.get("cluster")) {
            (Some(inherited), Some(own)) => inherited.keys() != own.keys(),
            _ => false,
        };
        if other_provider {
            base.remove("cluster");
        }
        merge(base, self)
    }

    fn keys(&self) -> Vec<&str> {
        match &self.value {
            Kind::Map(entries) => entries.iter().map(|(key, _)| key.as_str()).collect(),
            Kind::Scalar(_) | Kind::List(_) => Vec::new(),
        }
    }

    fn remove(&mut self, key: &str) {
        if let Kind::Map(entries) = &mut self.value {
            entries.retain(|(name, _)| name != key);
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Kind::Scalar(Value::Null))
    }
}

fn merge(base: Node, over: Node) -> Node {
    let (mut merged, own) = match (base.value, over.value) {
        (Kind::Map(base), Kind::Map(own)) => (base, own),
        (_, value) => return Node { value, ..over },
    };
    for (key, node) in own {
        let Some(index) = merged.iter().position(|(name, _)| *name == key) else {
            merged.push((key, node));
            continue;
        };
        let (name, inherited) = merged.remove(index);
        if !node.is_null() {
            merged.insert(index, (name, merge(inherited, node)));
        }
    }
    Node { value: Kind::Map(merged), ..over }
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

fn convert(
    file: usize,
    yaml: MarkedYaml<'_>,
    key: Option<Mark>,
) -> Result<Node, (Option<(usize, usize)>, String)> {
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
        YamlData::Tagged(..) => return refused("tags (`!name`) have no meaning in a profile"),
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
