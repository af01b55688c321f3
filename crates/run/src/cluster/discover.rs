//! Owns questions about the API server itself: its version, which resources it serves, what it would make of an object,
//! what the user may do.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use http::{Method, Request, header};
use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;

use super::{Connection, LARGEST, LIMIT, Refusal, patiently};
use todoctl_plan::look::{Look, Right, grants};

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

/// `version.Info` of the API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    git_version: String,
}

impl Connection {
    /// The server's version as it writes it, such as `v1.34.4`.
    pub async fn version(&self) -> Result<String, Refusal> {
        Ok(self.get::<Info>("/version", None).await?.git_version)
    }

    /// Those of some rights that the user does not have.
    pub async fn refused<'r>(&self, rights: &'r [Right]) -> Result<Vec<&'r Right>, Refusal> {
        let granted = try_join_all(rights.iter().map(|right| self.may(right))).await?;
        Ok(rights.iter().zip(granted).filter_map(|(right, may)| (!may).then_some(right)).collect())
    }

    async fn may(&self, right: &Right) -> Result<bool, Refusal> {
        let (path, review) = ("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", right.review());
        let ask = || self.post(path, &review);
        Ok(grants(&patiently(LIMIT, Refusal::is_busy, ask).await?))
    }

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
        self.post(&format!("{}?dryRun=All", look.path()), object).await
    }

    /// What the server makes of an object that it does not keep.
    async fn post(&self, path: &str, object: &Value) -> Result<Value, Refusal> {
        let body = object.to_string().into_bytes();
        let request = || {
            let request = Request::builder().method(Method::POST).uri(path);
            let request = request.header(header::CONTENT_TYPE, "application/json");
            request.body(Body::from(body.clone())).map_err(|error| Refusal::no_address(path, &error))
        };
        let answer = self.ask_for(request, LIMIT, LARGEST).await?;
        serde_json::from_slice(&answer).map_err(|error| Refusal::unreadable(&error))
    }
}
