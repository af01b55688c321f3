//! The frontend's way to the backend.
//!
//! Owns the HTTP client and its patience. A reason for failure is text for a person.

use std::error::Error as _;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::Task;
use crate::server::{REQUEST_ID, RequestId};

/// How long an answer may take; less for a question of health, which a probe with a timeout of 3 s waits for.
const PATIENCE: Duration = Duration::from_secs(5);
const HEALTH_PATIENCE: Duration = Duration::from_millis(1_500);

/// The largest answer that is read.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// The backend's answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: Option<HeaderValue>,
    pub(super) body: Bytes,
}

impl Answer {
    /// What an answer that is no success says.
    pub(super) fn problem(&self) -> String {
        let error = serde_json::from_slice::<serde_json::Value>(&self.body)
            .ok()
            .and_then(|body| body.get("error")?.as_str().map(str::to_owned));
        error.unwrap_or_else(|| format!("the backend answered {}", self.status))
    }
}

/// A client of the backend's API.
pub(super) struct Backend {
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Backend {
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let parsed = url
            .parse::<axum::http::Uri>()
            .ok()
            .filter(|uri| uri.scheme_str() == Some("http") && uri.host().is_some());
        if parsed.is_none() {
            return Err("BACKEND_URL must be an http:// URL".to_owned());
        }
        // A connection per request: kept ones would stay with one replica, also with one that is leaving.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Ok(Self { url: url.to_owned(), client })
    }

    #[cfg(test)]
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Sends one request and reads its answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        id: &RequestId,
    ) -> Result<Answer, String> {
        self.call_within(PATIENCE, method, path, body, id).await
    }

    /// The list of tasks.
    pub(super) async fn tasks(&self, id: &RequestId) -> Result<Vec<Task>, String> {
        let answer = self.call(Method::GET, "/api/tasks", Bytes::new(), id).await?;
        if !answer.status.is_success() {
            return Err(answer.problem());
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| format!("the backend's list cannot be read: {error}"))
    }

    /// Asks whether the backend answers at all.
    pub(super) async fn health(&self, id: &RequestId) -> Result<(), String> {
        let answer = self.call_within(HEALTH_PATIENCE, Method::GET, "/health", Bytes::new(), id).await?;
        if answer.status.is_success() { Ok(()) } else { Err(answer.problem()) }
    }

    async fn call_within(
        &self,
        patience: Duration,
        method: Method,
        path: &str,
        body: Bytes,
        id: &RequestId,
    ) -> Result<Answer, String> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(header::CONTENT_TYPE, "application/json")
            .header(REQUEST_ID, &id.0)
            .body(Full::new(body))
            .map_err(|error| format!("the request cannot be sent: {error}"))?;
        let exchange = async {
            let response = self
                .client
                .request(request)
                .await
                .map_err(|error| format!("the backend cannot be reached: {}", cause(&error)))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_LIMIT)
                .collect()
                .await
                .map_err(|error| format!("the backend's answer broke off: {error}"))?;
            Ok(Answer {
                status: head.status,
                content_type: head.headers.get(header::CONTENT_TYPE).cloned(),
                body: body.to_bytes(),
            })
        };
        match tokio::time::timeout(patience, exchange).await {
            Ok(result) => result,
            Err(_) => Err(format!("the backend did not answer within {} ms", patience.as_millis())),
        }
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
