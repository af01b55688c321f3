//! Owns what todoctl keeps for itself in the cluster beside the lock, as data: marks of helm's records, records of runs.
//! Refuses to write it (`run::cluster`). Whatever it says may be written twice: the second time changes nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::look::{Look, resource};

/// One thing that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Labels of a Secret that must be there: helm's record of a revision.
    Labels {
        /// Its namespace.
        namespace: String,
        /// Its name.
        secret: String,
        /// The labels that it gets; others stay.
        labels: BTreeMap<&'static str, String>,
    },
    /// A `ConfigMap` of todoctl's own, whole.
    Record {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The object.
        object: Value,
    },
    /// What is not needed any more: the record of a run, with the Secret that belongs to it.
    Removal {
        /// Their namespace.
        namespace: String,
        /// Their name.
        name: String,
    },
}

/// How an entry is written: one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Where the object is.
    pub look: Look,
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub how: How,
}

/// What becomes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// A merge patch (RFC 7386) of an object that must be there.
    Merged(Value),
    /// A server-side apply of what todoctl owns of it; it is made when it is not there.
    Applied(Value),
    /// It goes, if it is there.
    Removed,
}

impl Entry {
    /// The requests, which need nothing of each other.
    pub fn writes(&self) -> Vec<Write> {
        match self {
            Self::Labels { namespace, secret, labels } => {
                let look = Look::all(resource::SECRETS).within(namespace);
                let how = How::Merged(json!({"metadata": {"labels": labels}}));
                vec![Write { look, name: secret.clone(), how }]
            }
            Self::Record { namespace, name, object } => {
                let look = Look::all(resource::CONFIG_MAPS).within(namespace);
                vec![Write { look, name: name.clone(), how: How::Applied(object.clone()) }]
            }
            Self::Removal { namespace, name } => [resource::CONFIG_MAPS, resource::SECRETS]
                .into_iter()
                .map(|kind| Write {
                    look: Look::all(kind).within(namespace),
                    name: name.clone(),
                    how: How::Removed,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_is_requests_that_may_be_sent_twice() {
        let labels = Entry::Labels {
            namespace: "todo".to_owned(),
            secret: "sh.helm.release.v1.backend.v3".to_owned(),
            labels: [("todoctl.dev/verified", "3".to_owned())].into(),
        };
        let object = json!({"kind": "ConfigMap", "data": {"run.json": "{}"}});
        let record =
            Entry::Record { namespace: "todo".to_owned(), name: "todoctl-run-r1".to_owned(), object };
        let removal = Entry::Removal { namespace: "todo".to_owned(), name: "todoctl-run-r0".to_owned() };
        let all = [labels, record, removal];
        let told = all.iter().flat_map(Entry::writes).map(|Write { look, name, how }| {
            let how = match how {
                How::Merged(patch) => format!("merged {patch}"),
                How::Applied(object) => format!("applied {object}"),
                How::Removed => "removed".to_owned(),
            };
            format!("{} {how}", look.path_of(&name))
        });
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
        /api/v1/namespaces/todo/secrets/sh.helm.release.v1.backend.v3 merged {"metadata":{"labels":{"todoctl.dev/verified":"3"}}}
        /api/v1/namespaces/todo/configmaps/todoctl-run-r1 applied {"kind":"ConfigMap","data":{"run.json":"{}"}}
        /api/v1/namespaces/todo/configmaps/todoctl-run-r0 removed
        /api/v1/namespaces/todo/secrets/todoctl-run-r0 removed
        "#);
    }
}
