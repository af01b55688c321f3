//! Owns what todoctl keeps for itself in a cluster: one object is created, patched or deleted, if it is as it should be.
//! Refuses changes of the application: those are commands that a person could type (`runner`). Refuses to send a change
//! again whose answer is lost: whoever asked for it reads what came of it.

use std::time::Duration;

use http::{Method, Request, header};
use kube::client::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Connection, Refusal, patiently, present};
use todoctl_plan::bookkeeping::{How, Write};
use todoctl_plan::look::Look;

/// How long an answer may take: less than the age at which a renewal of a Lease is too old, so that one that hangs can be
/// tried again.
const LIMIT: Duration = Duration::from_secs(10);
/// Bytes of an answer, which is metadata.
const LARGEST: usize = 8 * 1024 * 1024;
/// Only metadata of the object that was changed: what is in it need not come back.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// Who owns the fields that are written, as with the commands (`--field-manager`).
const MANAGER: &str = "fieldManager=todoctl";

#[derive(Deserialize)]
struct Changed {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
}

impl Connection {
    /// Creates an object where a look finds it, if there is none of its name: its version.
    pub async fn create(&self, look: &Look, object: &Value) -> Result<String, Refusal> {
        version(&self.change((Method::POST, &look.path()), "application/json", object).await?)
    }

    /// One of todoctl's own objects as it is now; nothing when it is not there. Unlike a look it waits for no turn.
    pub async fn own(&self, look: &Look, name: &str) -> Result<Option<Value>, Refusal> {
        let path = look.path_of(name);
        let request =
            || Request::get(&path).body(Body::empty()).map_err(|error| Refusal::no_address(&path, &error));
        let body = patiently(LIMIT, Refusal::is_busy, || self.answer(request, LIMIT, LARGEST)).await;
        let read = |body: Vec<u8>| serde_json::from_slice(&body).map_err(|error| Refusal::unreadable(&error));
        present(body.and_then(read))
    }

    /// Changes an object by a JSON patch, all of it or nothing: its new version.
    pub async fn patch(&self, look: &Look, name: &str, patch: &Value) -> Result<String, Refusal> {
        let place = (Method::PATCH, &*look.path_of(name));
        version(&self.change(place, "application/json-patch+json", patch).await?)
    }

    /// Does what is to be done to one object of todoctl's own books; what is gone already may be removed again.
    pub async fn write(&self, Write { look, name, how }: &Write) -> Result<(), Refusal> {
        let address = look.path_of(name);
        match how {
            How::Merged(patch) => {
                let place = (Method::PATCH, &*format!("{address}?{MANAGER}"));
                self.change(place, "application/merge-patch+json", patch).await.map(|_| ())
            }
            How::Applied(object) => {
                let place = (Method::PATCH, &*format!("{address}?{MANAGER}&force=true"));
                // JSON is YAML.
                self.change(place, "application/apply-patch+yaml", object).await.map(|_| ())
            }
            How::Removed => match self.delete(look, name, None).await {
                Err(refusal) if refusal.lacks_object() => Ok(()),
                answer => answer,
            },
        }
    }

    /// Deletes an object, if it still has a version when one is given.
    pub async fn delete(&self, look: &Look, name: &str, version: Option<&str>) -> Result<(), Refusal> {
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        if let Some(version) = version {
            options["preconditions"] = json!({"resourceVersion": version});
        }
        let place = (Method::DELETE, &*look.path_of(name));
        self.change(place, "application/json", &options).await.map(|_| ())
    }

    async fn change(
        &self,
        (method, path): (Method, &str),
        form: &'static str,
        body: &Value,
    ) -> Result<Vec<u8>, Refusal> {
        let body = body.to_string().into_bytes();
        let request = || {
            let request = Request::builder().method(method.clone()).uri(path);
            let request = request.header(header::ACCEPT, METADATA).header(header::CONTENT_TYPE, form);
            request.body(Body::from(body.clone())).map_err(|error| Refusal::no_address(path, &error))
        };
        // Then nothing was done (apiserver `pkg/server/filters`: before any handler).
        patiently(LIMIT, Refusal::is_put_off, || self.answer(request, LIMIT, LARGEST)).await
    }
}

fn version(answer: &[u8]) -> Result<String, Refusal> {
    let changed: Changed = serde_json::from_slice(answer).map_err(|error| Refusal::unreadable(&error))?;
    Ok(changed.metadata.resource_version)
}
