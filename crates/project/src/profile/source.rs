//! Owns the profile as written, and how a profile is laid over the one it extends.
//! Refuses to know any field but `extends` and those that are one of several things, whose merging differs; `leave`
//! knows what goes with a release.

pub(super) use todoctl_core::yaml::{Kind, Node, Seg};

use std::path::PathBuf;

use serde_json::Value;

use super::error::Problem;
use super::leave;
use todoctl_core::yaml::{Mark, Unreadable, documents, dotted};

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
        self.at(self.root.place(path), path, message)
    }

    /// A problem with a field's value: points at the value where it is on the key's line or a scalar.
    pub(super) fn value_problem(&self, path: &[Seg], message: impl Into<String>) -> Problem {
        self.at(self.root.value_place(path), path, message)
    }

    /// Whether a text still has `${` in it.
    pub(super) fn has_variable(&self, path: &[Seg]) -> bool {
        let node = self.root.at_path(path).map(|node| &node.value);
        matches!(node, Some(Kind::Scalar(Value::String(text))) if text.contains("${"))
    }

    fn at(&self, mark: Mark, path: &[Seg], message: impl Into<String>) -> Problem {
        Problem {
            file: self.files[mark.file].clone(),
            position: Some(mark.position()),
            field: dotted(path),
            message: message.into(),
        }
    }
}

/// Parses a file's text: one map of fields.
pub(super) fn parse(file: usize, text: &str) -> Result<Node, Unreadable> {
    let mut documents = documents(file, text)?.into_iter();
    let (Some(node), second) = (documents.next(), documents.next()) else {
        return Err((None, "the file is empty".to_owned()));
    };
    if let Some(second) = second {
        let place = Some(second.at.position());
        return Err((place, "a second document; a profile is one document".to_owned()));
    }
    match &node.value {
        Kind::Map(_) => Ok(node),
        Kind::Scalar(Value::Null) => Err((None, "the file is empty".to_owned())),
        Kind::Scalar(_) | Kind::List(_) => {
            Err((Some(node.at.position()), "a profile is a map of fields".to_owned()))
        }
    }
}

/// This profile laid over the one it extends: maps are merged, lists and scalars replaced, and `null` removes
/// what was inherited, a release with what names it. What is one of several things is replaced as a whole where the
/// profile says another of them.
pub(super) fn over(layer: Node, mut base: Node) -> Node {
    base.remove("extends");
    leave::forget(&mut base, &leave::left_out(&layer));
    merge(base, layer, &mut Vec::new())
}

/// Whether the value at a path is another thing than the inherited one, of which nothing is then kept: another
/// provider, another builder, and every chart of a repository, whose version and digest belong to its name.
fn is_another(path: &[String], inherited: &Node, own: &Node) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["cluster" | "builder"] => inherited.keys() != own.keys(),
        ["releases", _, "chart"] => true,
        _ => false,
    }
}

fn merge(base: Node, over: Node, path: &mut Vec<String>) -> Node {
    if is_another(path, &base, &over) {
        return over;
    }
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
            path.push(key);
            merged.insert(index, (name, merge(inherited, node, path)));
            path.pop();
        }
    }
    Node { value: Kind::Map(merged), ..over }
}
