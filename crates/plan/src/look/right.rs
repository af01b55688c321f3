//! Owns the question whether the user may do something, as data, and what the API server's answer says.

use serde_json::{Value, json};

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

impl Right {
    /// The review that asks for it, which is made and answered, never stored. Every user may ask (`system:basic-user`).
    /// Rules of a whole namespace would be fewer requests, and are incomplete where another service decides, as on OKE
    /// (kubernetes `pkg/registry/authorization/selfsubjectrulesreview`).
    pub fn review(&self) -> Value {
        let Self { namespace, group, resource, verb } = self;
        let (resource, sub) = resource.split_once('/').unwrap_or((resource, ""));
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"namespace": namespace, "group": group,
                "resource": resource, "subresource": sub, "verb": verb}}})
    }
}

/// Whether an answered review grants what it asks; it is refused unless it says so.
pub fn grants(answered: &Value) -> bool {
    answered["status"]["allowed"] == true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_is_refused_unless_it_is_granted() {
        let right = Right {
            namespace: "todo".into(),
            group: String::new(),
            resource: "pods/log".into(),
            verb: "get",
        };
        let answered = |status: Value| {
            let mut review = right.review();
            review["status"] = status;
            review
        };
        assert!(grants(&answered(json!({"allowed": true}))));
        assert!(!grants(&answered(json!({"denied": true}))) && !grants(&right.review()));
        let asked = &right.review()["spec"]["resourceAttributes"];
        assert_eq!((&asked["resource"], &asked["subresource"]), (&json!("pods"), &json!("log")));
    }
}
