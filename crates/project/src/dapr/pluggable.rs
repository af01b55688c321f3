//! Owns reading the descriptions of component types that a container of the pod serves: which metadata they take.
//! Refuses to know the container: each Component brings it (`container`).

use std::path::Path;

use serde::Deserialize;

use super::types::{self, ComponentType};
use crate::profile::{Loaded, Problem};

/// A description, as Dapr's own components have it (dapr/components-contrib v1.18.0,
/// `.build-tools/component-folders.yaml`, `component-metadata-schema.json`): only what is judged here. The rest is for
/// people.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    version: String,
    #[serde(default)]
    metadata: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    name: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    allowed_values: Vec<String>,
}

impl Description {
    fn component_type(self) -> ComponentType {
        let names = |wanted: fn(&Field) -> bool| {
            let some = self.metadata.iter().filter(|field| wanted(field));
            some.map(|field| field.name.clone()).collect::<Vec<_>>()
        };
        let required = names(|field| field.required).into_iter().map(|name| vec![name]).collect();
        let limited = self.metadata.iter().filter(|field| !field.allowed_values.is_empty());
        ComponentType {
            types: vec![format!("{}.{}", self.kind, self.name)],
            versions: vec![self.version],
            required,
            sensitive: names(|field| field.sensitive),
            allowed: limited.map(|field| (field.name.clone(), field.allowed_values.clone())).collect(),
            others: Some(names(|_| true)),
            pluggable: true,
        }
    }
}

/// Reads the descriptions that a profile names; adds what is wrong with them.
pub(super) fn read(
    loaded: &Loaded,
    files: &[impl AsRef<Path>],
    problems: &mut Vec<Problem>,
) -> Vec<ComponentType> {
    let mut types = Vec::new();
    for file in files.iter().map(AsRef::as_ref) {
        let mut problem = |position, field: &str, message: String| {
            problems.push(Problem { file: file.to_path_buf(), position, field: field.to_owned(), message });
        };
        let text = match std::fs::read_to_string(loaded.project.join(file)) {
            Ok(text) => text,
            Err(error) => {
                problem(None, "", format!("cannot be read: {error}"));
                continue;
            }
        };
        match serde_yaml::from_str::<Description>(&text).map(Description::component_type) {
            Ok(found) if types::is_built_in(&found.types[0]) => {
                problem(None, "name", format!("{} has {} itself", types::DAPR, found.types[0]));
            }
            Ok(found) => types.push(found),
            Err(error) => {
                let position = error.location().map(|at| (at.line(), at.column()));
                problem(position, "", format!("not the description of a component type: {error}"));
            }
        }
    }
    types
}
