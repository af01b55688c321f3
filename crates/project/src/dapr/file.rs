//! Owns reading a file of Dapr objects: its documents, what every object must have, its names.
//! Refuses to judge what only one kind has (`component`).

use std::path::Path;

use serde_json::{Map, Value};

use super::types::ComponentType;
use super::{Kind, Object, component, literal};
use crate::profile::names::{self, LABEL_LENGTH};
use crate::profile::{Loaded, Problem, Profile};
use todoctl_core::yaml::{self, Mark, Node, Seg};

/// One document of a file, and what was found wrong with it.
pub(super) struct Document<'a> {
    pub(super) profile: &'a Profile,
    /// Component types that the profile declares.
    pub(super) declared: &'a [ComponentType],
    file: &'a Path,
    pub(super) node: &'a Node,
    problems: &'a mut Vec<Problem>,
}

/// Reads a file; adds its objects and its problems.
pub(super) fn read(
    loaded: &Loaded,
    declared: &[ComponentType],
    path: &Path,
    objects: &mut Vec<Object>,
    problems: &mut Vec<Problem>,
) {
    let whole =
        |position, message| Problem { file: path.to_path_buf(), position, field: String::new(), message };
    let text = match std::fs::read(loaded.project.join(path)).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return problems.push(whole(None, "not UTF-8 text".to_owned())),
        Err(error) => return problems.push(whole(None, format!("cannot be read: {error}"))),
    };
    let documents = match yaml::documents(0, &text) {
        Ok(documents) => documents,
        Err((position, message)) => return problems.push(whole(position, message)),
    };
    let mut found = 0;
    for node in documents.iter().filter(|node| !node.is_null()) {
        found += 1;
        let mut document = Document { profile: &loaded.profile, declared, file: path, node, problems };
        if let Some(object) = document.object(objects) {
            objects.push(object);
        }
    }
    if found == 0 {
        problems.push(whole(None, "the file holds no object".to_owned()));
    }
}

impl Document<'_> {
    /// A problem with a field, at its value.
    pub(super) fn problem(&mut self, path: &[Seg], message: impl Into<String>) {
        let mark = self.node.value_place(path);
        self.problems.push(Problem {
            file: self.file.to_path_buf(),
            position: Some(mark.position()),
            field: yaml::dotted(path),
            message: message.into(),
        });
    }

    /// `file:line` of a field's value.
    pub(super) fn place(&self, path: &[Seg]) -> String {
        let Mark { line, .. } = self.node.value_place(path);
        format!("{}:{line}", self.file.display())
    }

    /// A text in the document; a problem when it is missing, empty or something else.
    pub(super) fn text(&mut self, path: &[Seg]) -> Option<String> {
        match self.node.at_path(path).map(Node::to_value) {
            Some(Value::String(text)) if !text.is_empty() => return Some(text),
            Some(Value::String(_) | Value::Null) | None => {
                self.problem(path, format!("`{}` is missing", yaml::dotted(path)));
            }
            Some(_) => self.problem(path, "a text is needed"),
        }
        None
    }

    fn object(&mut self, known: &[Object]) -> Option<Object> {
        let kind = self.kind()?;
        let (name, before) = (self.name(), self.problems.len());
        self.fields(kind);
        self.passwords(&mut Vec::new(), self.node);
        let scopes = self.scopes();
        let parts = match kind {
            Kind::Component => component::judge(self),
            Kind::Configuration | Kind::Resiliency | Kind::Subscription => component::Parts::default(),
        };
        let name = name?;
        if known.iter().any(|one| one.kind == kind && one.name == name) {
            self.problem(
                &["metadata".into(), "name".into()],
                format!("`{name}` is the name of an earlier {kind}"),
            );
        }
        if self.problems.len() > before {
            return None;
        }
        let map = |path: &[Seg]| match self.node.at_path(path).map(Node::to_value) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let mut content = map(&[]);
        content.retain(|key, value| {
            !matches!(key.as_str(), "apiVersion" | "kind" | "metadata") && !value.is_null()
        });
        Some(Object {
            kind,
            name,
            scopes,
            secrets: parts.secrets,
            notes: parts.notes,
            container: parts.container,
            place: (self.file.to_path_buf(), self.node.value_place(&["metadata".into(), "name".into()]).line),
            labels: map(&["metadata".into(), "labels".into()]),
            annotations: map(&["metadata".into(), "annotations".into()]),
            content,
        })
    }

    fn kind(&mut self) -> Option<Kind> {
        let name = self.text(&["kind".into()])?;
        let version = self.text(&["apiVersion".into()])?;
        let Some(kind) = Kind::parse(&name) else {
            let known = Kind::ALL.map(Kind::name).join(", ");
            self.problem(
                &["kind".into()],
                format!("`{name}` is none of the kinds that todoctl applies: {known}"),
            );
            return None;
        };
        if version != kind.api_version() {
            let right = kind.api_version();
            self.problem(
                &["apiVersion".into()],
                format!("`{version}` is not the version of a {name}: {right}"),
            );
            return None;
        }
        Some(kind)
    }

    fn name(&mut self) -> Option<String> {
        let path = [Seg::from("metadata"), "name".into()];
        let name = self.text(&path)?;
        if let Err(message) = names::label(&name, LABEL_LENGTH) {
            self.problem(&path, message);
        }
        let path = [Seg::from("metadata"), "namespace".into()];
        let namespace = self.node.at_path(&path).map(Node::to_value);
        if namespace.is_some_and(|namespace| namespace != *self.profile.namespace) {
            let wanted = &self.profile.namespace;
            self.problem(
                &path,
                format!("a sidecar reads the objects of its own namespace, {wanted}; leave it out"),
            );
        }
        Some(name)
    }

    fn fields(&mut self, kind: Kind) {
        let mut known = vec!["apiVersion", "kind", "metadata", "spec"];
        known.extend(kind.has_scopes().then_some("scopes"));
        known.extend((kind == Kind::Component).then_some("auth"));
        for key in self.node.keys() {
            if !known.contains(&key) {
                self.problem(&[key.into()], format!("a {kind} has no field `{key}`"));
            }
        }
        if self.node.get("spec").is_none_or(|spec| spec.keys().is_empty()) {
            self.problem(&["spec".into()], "`spec` is missing");
        }
    }

    fn scopes(&mut self) -> Vec<String> {
        let path = [Seg::from("scopes")];
        match self.node.get("scopes").map(Node::to_value) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            Some(_) => {
                self.problem(&path, "a list of app ids");
                Vec::new()
            }
        }
    }

    /// Refuses texts that are secrets by their form, wherever they stand.
    fn passwords(&mut self, path: &mut Vec<Seg>, node: &Node) {
        match &node.value {
            yaml::Kind::Scalar(Value::String(text)) if literal::holds_password(text) => {
                let entry = [&path[..path.len().saturating_sub(1)], &["name".into()]].concat();
                let message = match self.node.at_path(&entry).map(Node::to_value) {
                    Some(Value::String(name)) => format!("`{name}`: {}", component::LITERAL),
                    _ => component::LITERAL.to_owned(),
                };
                self.problem(path, message);
            }
            yaml::Kind::Scalar(_) => {}
            yaml::Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(index.into());
                    self.passwords(path, item);
                    path.pop();
                }
            }
            yaml::Kind::Map(entries) => {
                for (key, value) in entries {
                    path.push(key.as_str().into());
                    self.passwords(path, value);
                    path.pop();
                }
            }
        }
    }
}
