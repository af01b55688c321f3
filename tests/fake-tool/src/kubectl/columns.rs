//! Owns two forms of output: names, and columns that the caller chooses.

use serde_json::Value;

/// `kind/name` per line.
pub(super) fn names(items: &[Value]) -> String {
    let line = |one: &Value| {
        let kind = one["kind"].as_str().unwrap_or_default().to_lowercase();
        format!("{kind}/{}\n", one["metadata"]["name"].as_str().unwrap_or_default())
    };
    items.iter().map(line).collect()
}

/// `custom-columns=HEADER:.path,…`, without headers.
pub(super) fn table(form: &str, items: &[Value]) -> String {
    let columns = form.trim_start_matches("custom-columns=").split(',');
    let paths: Vec<&str> = columns.filter_map(|column| Some(column.split_once(':')?.1)).collect();
    let line = |one: &Value| {
        let cells: Vec<String> = paths.iter().map(|path| cell(one, path)).collect();
        format!("{}\n", cells.join("   "))
    };
    items.iter().map(line).collect()
}

/// What a path like `.metadata.labels.a\\.b/c` leads to.
fn cell(object: &Value, path: &str) -> String {
    let path = path.replace("\\.", "\0");
    let keys = path.split('.').filter(|key| !key.is_empty()).map(|key| key.replace('\0', "."));
    let found = keys.fold(object, |place, key| &place[key.as_str()]);
    match found {
        Value::Null => "<none>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => found.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_in_labels_are_escaped_and_absent_fields_are_named() {
        let one = serde_json::json!({"kind": "Secret", "metadata": {"name": "a", "labels": {"x.y/z": "1"}}});
        let form = r"custom-columns=KIND:.kind,NAMESPACE:.metadata.namespace,LABEL:.metadata.labels.x\.y/z";
        assert_eq!(table(form, std::slice::from_ref(&one)), "Secret   <none>   1\n");
        assert_eq!(names(&[one]), "secret/a\n");
    }
}
