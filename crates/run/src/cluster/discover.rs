//! Owns questions about the API server itself: which resources it serves, and what it would make of an object.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use http::{Method, Request, header};
use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;

use super::{Connection, LARGEST, LIMIT, Refusal};
use todoctl_plan::look::Look;

/// `APIGroup` of the API.
#[derive(Deserialize)]
struct Group {
    versions: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    group_version: String,
}

/// `APIResourceList` of the API.
#[derive(Deserialize)]
struct Resources {
    resources: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Connection {
    /// The resources of a group that are served in any version, `plural.group`; none of a group that is not there.
    pub async fn served(&self, group: &str) -> Result<BTreeSet<String>, Refusal> {
        let versions = match self.get::<Group>(&format!("/apis/{group}"), None).await {
            Ok(found) => found.versions,
            Err(refusal) if refusal.lacks_resource() => return Ok(BTreeSet::new()),
            Err(refusal) => return Err(refusal),
        };
        let lists = try_join_all(versions.iter().map(|version| async {
            match self.get::<Resources>(&format!("/apis/{}", version.group_version), None).await {
                Ok(list) => Ok(list.resources),
                // It went in the meantime.
                Err(refusal) if refusal.lacks_resource() => Ok(Vec::new()),
                Err(refusal) => Err(refusal),
            }
        }))
        .await?;
        Ok(lists.into_iter().flatten().map(|one| format!("{}.{group}", one.name)).collect())
    }

    /// What the server, with its webhooks, would make of an object; nothing is made.
    pub async fn would_create(&self, look: &Look, object: &Value) -> Result<Value, Refusal> {
        let path = format!("{}?dryRun=All", look.path());
        let body = object.to_string().into_bytes();
        let request = || {
            let request = Request::builder().method(Method::POST).uri(&path);
            let request = request.header(header::CONTENT_TYPE, "application/json");
            request.body(Body::from(body.clone())).map_err(|error| Refusal::no_address(&path, &error))
        };
        let answer = self.answer(request, LIMIT, LARGEST).await?;
        serde_json::from_slice(&answer).map_err(|error| Refusal::unreadable(&error))
    }
}
