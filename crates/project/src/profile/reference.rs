//! Owns the two files that are made from the types: the JSON schema for editors and `docs/profile.md`.
//! A test keeps both current; nothing of this is part of the program.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::schema::Profile;

const BLESS: &str = "TODOCTL_BLESS=1 cargo test -p todoctl-project profile::reference";

const INTRODUCTION: &str = "\
# The profile

<!-- Made from crates/project/src/profile/schema.rs by `TODOCTL_BLESS=1 cargo test -p todoctl-project profile::reference`; do not edit. -->

A profile is one YAML file that says what is deployed, where, and how it is checked. `todoctl up NAME` reads
`profiles/NAME.yaml`; a path that ends in `.yaml` or `.yml` works as well. The file's name is the profile's name.

Paths are relative to the project, the folder above `profiles/`; only `extends` is relative to the file that says it.
Unknown fields are refused. Errors name file, line, column and field; values are not quoted, because one of them could be
a secret. A profile never holds a secret itself.

With `extends`, maps are merged key by key, lists and scalars are replaced, and `null` removes an inherited entry.
A release that is removed so takes along what the extended profile says because of it: other releases' `needs` of it,
its checks and its expectations.
`cluster` with another provider, `builder` with another builder, and every `chart` replace the inherited one as a
whole. In `set`, a `null` that removes nothing inherited is passed to helm, which then drops the chart's own default.

`${NAME}` in a text stands for a variable of the environment that `variables` declares; an unset or empty one has its
default, or is an error that says what it is for. `$${` stands for `${`. Variables are not secret: a variable that holds
a value of `secrets.values` is refused.

`required` in the column *Default* means that the field must be there once everything is merged.
";

/// A schema for the text of one file. What it extends may hold the rest, so fields of maps are not required here
/// and entries of maps may be `null`; `todoctl` itself checks the merged profile.
fn file_schema(profile: &Value) -> Value {
    let mut schema = profile.clone();
    schema["description"] =
        json!("A profile of todoctl. Required fields are checked after `extends` was merged.");
    if let Some(root) = schema.as_object_mut() {
        root.shift_remove("required");
        if let Some(Value::Object(properties)) = root.get_mut("properties") {
            properties.values_mut().for_each(nullable_entries);
        }
    }
    for (name, definition) in schema["$defs"].as_object_mut().into_iter().flatten() {
        let in_a_list = matches!(name.as_str(), "HttpCheck" | "Expectation" | "Cleanup");
        if let Some(fields) = definition.as_object_mut().filter(|_| !in_a_list) {
            fields.shift_remove("required");
        }
        if let Some(Value::Object(properties)) = definition.get_mut("properties") {
            properties.values_mut().for_each(nullable_entries);
        }
    }
    schema
}

fn nullable_entries(property: &mut Value) {
    if let Some(entry) = property.get_mut("additionalProperties").filter(|entry| entry.is_object()) {
        *entry = json!({"anyOf": [entry.take(), {"type": "null"}]});
    }
}

/// The reference: one section per type, in the order in which a reader meets them.
fn reference(schema: &Value) -> String {
    let mut text = INTRODUCTION.to_owned();
    section(&mut text, "Profile", schema);
    let mut queue = referred(schema);
    let mut done = Vec::new();
    while !queue.is_empty() {
        let name = queue.remove(0);
        if done.contains(&name) {
            continue;
        }
        let definition = &schema["$defs"][&name];
        section(&mut text, &name, definition);
        queue.splice(0..0, referred(definition));
        done.push(name);
    }
    text
}

/// Names of the types that a definition refers to.
fn referred(definition: &Value) -> Vec<String> {
    match definition {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| *key != "$defs")
            .flat_map(|(key, value)| match value.as_str() {
                Some(target) if key == "$ref" => vec![type_name(target).to_owned()],
                Some(_) | None => referred(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(referred).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn type_name(target: &str) -> &str {
    target.rsplit('/').next().unwrap_or(target)
}

fn section(text: &mut String, name: &str, definition: &Value) {
    let _ = write!(text, "\n## {name}\n\n{}\n\n", meaning(definition));
    if let Some(variants) = definition["oneOf"].as_array() {
        variants_table(text, variants);
    } else if let Some(forms) = definition["anyOf"].as_array() {
        text.push_str("| form | meaning |\n| --- | --- |\n");
        for form in forms {
            let _ = writeln!(text, "| {} | {} |", type_of(form), meaning(form));
        }
    } else {
        fields_table(text, definition);
    }
}

fn variants_table(text: &mut String, variants: &[Value]) {
    text.push_str("| value | meaning |\n| --- | --- |\n");
    for variant in variants {
        let value = match (variant["const"].as_str(), variant["properties"].as_object()) {
            (Some(value), _) => format!("`{value}`"),
            (None, Some(properties)) => {
                let each = properties.iter().map(|(key, value)| format!("`{key}:` {}", type_of(value)));
                each.collect::<Vec<_>>().join(", ")
            }
            (None, None) => panic!("a variant that the reference cannot show: {variant}"),
        };
        let _ = writeln!(text, "| {value} | {} |", meaning(variant));
    }
}

fn fields_table(text: &mut String, definition: &Value) {
    text.push_str("| field | type | default | meaning |\n| --- | --- | --- | --- |\n");
    let required = definition["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (name, field) in definition["properties"].as_object().into_iter().flatten() {
        let default = if required.iter().any(|other| other == name) {
            "required".to_owned()
        } else {
            default_of(field)
        };
        let _ = writeln!(text, "| `{name}` | {} | {default} | {} |", type_of(field), meaning(field));
    }
}

fn meaning(value: &Value) -> String {
    value["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

fn default_of(field: &Value) -> String {
    match &field["default"] {
        Value::Null => match field["type"].as_str() {
            Some("array") => "`[]`".to_owned(),
            Some("object") => "`{}`".to_owned(),
            Some("boolean") => "`false`".to_owned(),
            _ => "none".to_owned(),
        },
        Value::String(text) => format!("`{text}`"),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            format!("`{other}`")
        }
    }
}

fn type_of(field: &Value) -> String {
    // An optional field of a type with a name is "anyOf" that type and null.
    let target = field["$ref"].as_str().or_else(|| field["anyOf"][0]["$ref"].as_str());
    if let Some(target) = target {
        let name = type_name(target);
        return format!("[{name}](#{})", name.to_lowercase());
    }
    // An optional type is `anyOf` it and null; an optional field is `["integer", "null"]`.
    if let Some(one) = field["anyOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null"))
    {
        return type_of(one);
    }
    let kind = field["type"].as_str().or_else(|| field["type"][0].as_str());
    match kind {
        Some("string") => "text".to_owned(),
        Some("integer") => "number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => format!("list of {}", type_of(&field["items"])),
        Some("object") if field["additionalProperties"].is_object() => {
            format!("map of name to {}", type_of(&field["additionalProperties"]))
        }
        Some("object") => "map".to_owned(),
        None if field.get("type").is_none() && field["oneOf"].is_null() => "anything".to_owned(),
        _ => panic!("a type that the reference cannot show: {field}"),
    }
}

#[test]
fn the_schema_and_the_reference_are_current() {
    let schema = serde_json::to_value(schemars::schema_for!(Profile)).unwrap();
    let pretty = serde_json::to_string_pretty(&file_schema(&schema)).unwrap() + "\n";
    let files = [("profiles/profile.schema.json", pretty), ("docs/profile.md", reference(&schema))];
    #[expect(clippy::disallowed_methods, reason = "a test's own switch, not input of the program")]
    let bless = std::env::var("TODOCTL_BLESS").is_ok();
    for (path, wanted) in files {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
        if bless {
            std::fs::write(&file, wanted).unwrap();
        } else {
            let found = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(found == wanted, "{path} is not what the types say; run: {BLESS}");
        }
    }
}
