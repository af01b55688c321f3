//! Asking another process over plain HTTP: the backend, the sidecar.
//!
//! Owns the client, its patience and the text of a failure, which is for a person.

use std::error::Error as _;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;

use crate::server::{REQUEST_ID, RequestId};

/// The largest answer that is read.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// A request, apart from who gets it.
pub(crate) struct Question<'a> {
    pub(crate) method: Method,
    /// Path and query, from `/` on.
    pub(crate) path: &'a str,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
    pub(crate) id: Option<&'a RequestId>,
    pub(crate) patience: Duration,
}

impl<'a> Question<'a> {
    /// A question without a body.
    pub(crate) fn get(path: &'a str, patience: Duration) -> Self {
        Self { method: Method::GET, body: Bytes::new(), ..Self::post(path, Bytes::new(), patience) }
    }

    /// A question with a body of JSON.
    pub(crate) fn post(path: &'a str, body: Bytes, patience: Duration) -> Self {
        Self { method: Method::POST, path, content_type: "application/json", body, id: None, patience }
    }
}

/// What the other process answered.
pub(crate) struct Answer {
    /// Who answered, for texts.
    from: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// What an answer that is no success says: the text of `error` (this application) or `message` (Dapr), else its status.
    pub(crate) fn problem(&self) -> String {
        let body = serde_json::from_slice::<serde_json::Value>(&self.body).unwrap_or_default();
        let text = ["error", "message"].into_iter().find_map(|name| body.get(name)?.as_str());
        text.map_or_else(|| format!("{} answered {}", self.from, self.status), str::to_owned)
    }

    /// The answer when it is a success, else what it says.
    pub(crate) fn success(self) -> Result<Self, String> {
        if self.status.is_success() { Ok(self) } else { Err(self.problem()) }
    }

    /// The body read as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body)
            .map_err(|error| format!("the answer of {} cannot be read: {error}", self.from))
    }
}

/// Another process that answers HTTP.
pub(crate) struct Peer {
    name: &'static str,
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Peer {
    /// A peer at an `http://` URL without a slash at its end. `name` is for texts: "the backend".
    pub(crate) fn new(name: &'static str, url: &str) -> Result<Self, String> {
        let usable =
            url.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
        if !usable {
            return Err(format!("the URL of {name} must begin with http://"));
        }
        // A connection per request: kept ones would stay with one replica, also with one that is leaving.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Ok(Self { name, url: url.to_owned(), client })
    }

    #[cfg(test)]
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Sends one request and reads its answer, whatever its status.
    pub(crate) async fn ask(&self, question: Question<'_>) -> Result<Answer, String> {
        let mut request = Request::builder()
            .method(question.method)
            .uri(format!("{}{}", self.url, question.path))
            .header(header::CONTENT_TYPE, question.content_type);
        if let Some(RequestId(id)) = question.id {
            request = request.header(REQUEST_ID, id);
        }
        let request = request
            .body(Full::new(question.body))
            .map_err(|error| format!("the request cannot be sent: {error}"))?;
        match tokio::time::timeout(question.patience, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => {
                Err(format!("{} did not answer within {} ms", self.name, question.patience.as_millis()))
            }
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| format!("{} cannot be reached: {}", self.name, cause(&error)))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_LIMIT)
            .collect()
            .await
            .map_err(|error| format!("the answer of {} broke off: {error}", self.name))?;
        Ok(Answer { from: self.name, status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}

/// The innermost cause: the client's own text is only "client error (Connect)".
fn cause(error: &hyper_util::client::legacy::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = source.to_string();
        next = source.source();
    }
    text
}
