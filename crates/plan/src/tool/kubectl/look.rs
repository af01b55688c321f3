//! Owns kubectl's questions that only look: versions, Services, what the user may do.

use serde_json::{Value, json};

use super::{Kubectl, REQUEST};
use crate::tool::version::Version;
use todoctl_core::invocation::{Invocation, Tool};

/// `kubectl version` of the program alone.
pub fn client_version() -> Invocation {
    Invocation::new(Tool::Kubectl, ["version", "--client", "-o", "json"])
}

/// Versions of kubectl and of the server. The JSON is printed also when the server does not answer; then the exit
/// status is 1 (kubectl `pkg/cmd/version`).
pub fn parse_versions(json: &[u8]) -> (Option<Version>, Option<Version>) {
    let value: Value = serde_json::from_slice(json).unwrap_or_default();
    let version = |which: &str| crate::tool::version::find(value[which]["gitVersion"].as_str()?);
    (version("clientVersion"), version("serverVersion"))
}

/// Something that a user may or may not do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// Namespace; empty for what belongs to the whole cluster.
    pub namespace: String,
    /// API group; empty for the core.
    pub group: String,
    /// Resource in the plural, with a subresource after a slash.
    pub resource: String,
    /// `get`, `create` and so on.
    pub verb: &'static str,
}

impl Kubectl {
    /// Versions of kubectl and of the server, as JSON.
    pub fn versions(&self) -> Invocation {
        self.invocation(["version", "-o", "json", REQUEST])
    }

    /// The ports of every Service, as a table: namespace, name, node ports separated by commas.
    pub fn node_ports(&self) -> Invocation {
        let columns =
            "custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,PORTS:.spec.ports[*].nodePort";
        self.invocation(["get", "services", "--all-namespaces", "--no-headers", "-o", columns, REQUEST])
    }

    /// Asks whether the user may do some things: one review for each, made and answered, never stored. Every user may
    /// ask (`system:basic-user`). Rules of a whole namespace would be fewer requests, and are incomplete where another
    /// service decides, as on OKE (kubernetes pkg/registry/authorization/selfsubjectrulesreview).
    pub fn may(&self, rights: &[Right]) -> Invocation {
        let review = |right: &Right| {
            let (resource, sub) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
            json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {"namespace": right.namespace, "group": right.group,
                    "resource": resource, "subresource": sub, "verb": right.verb}}})
        };
        let all = super::list(&rights.iter().map(review).collect::<Vec<_>>());
        self.invocation(["create", "-f", "-", "-o", "json", REQUEST]).input(all.to_string())
    }
}

/// The rights that were refused. kubectl prints the reviews one after another or as a list; each must be there.
pub fn parse_refused<'a>(rights: &'a [Right], json: &[u8]) -> Result<Vec<&'a Right>, String> {
    let mut reviews = Vec::new();
    for value in serde_json::Deserializer::from_slice(json).into_iter::<Value>() {
        let value = value.map_err(|error| format!("kubectl's answer is not readable: {error}"))?;
        match value.get("items").and_then(Value::as_array) {
            Some(items) => reviews.extend(items.iter().cloned()),
            None => reviews.push(value),
        }
    }
    if reviews.len() != rights.len() {
        return Err(format!("{} questions, {} answers", rights.len(), reviews.len()));
    }
    let refused = rights.iter().zip(&reviews).filter(|(_, review)| review["status"]["allowed"] != true);
    Ok(refused.map(|(right, _)| right).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(resource: &str) -> Right {
        Right { namespace: "todo".into(), group: String::new(), resource: resource.into(), verb: "create" }
    }

    #[test]
    fn a_right_is_refused_unless_it_is_granted() {
        let rights = [right("pods"), right("secrets")];
        let review = |allowed: Value| json!({"kind": "SelfSubjectAccessReview", "status": allowed});
        let rows = format!("{}\n{}\n", review(json!({"allowed": true})), review(json!({"denied": true})));
        assert_eq!(parse_refused(&rights, rows.as_bytes()).unwrap(), [&rights[1]]);
        let list = json!({"kind": "List", "items": [review(json!({"allowed": true})), review(json!({"allowed": true}))]});
        assert!(parse_refused(&rights, list.to_string().as_bytes()).unwrap().is_empty());
        assert!(parse_refused(&rights, b"{}").is_err());
        assert!(parse_refused(&rights, b"oops").is_err());
    }

    #[test]
    fn the_server_may_be_silent() {
        let both =
            br#"{"clientVersion":{"gitVersion":"v1.36.1"},"serverVersion":{"gitVersion":"v1.34.4+k3s1"}}"#;
        assert_eq!(parse_versions(both), (Some(Version(1, 36)), Some(Version(1, 34))));
        assert_eq!(
            parse_versions(br#"{"clientVersion":{"gitVersion":"v1.36.1"}}"#),
            (Some(Version(1, 36)), None)
        );
    }
}
