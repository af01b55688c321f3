//! Owns publishing numbered events through a sidecar, each until it is accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;

/// A client that keeps its connections.
#[derive(Clone)]
pub struct Http(Client<HttpConnector, Full<Bytes>>);

impl Default for Http {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Http {
    /// Asks.
    pub async fn get(&self, url: &str) -> Result<(StatusCode, Bytes), String> {
        self.send(Method::GET, url, "", Bytes::new()).await
    }

    /// Sends something.
    pub async fn post(
        &self,
        url: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), String> {
        self.send(Method::POST, url, content_type, body).await
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), String> {
        let request = Request::builder().method(method).uri(url).header("content-type", content_type);
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        let answer = async {
            let response = self.0.request(request).await.map_err(|error| error.to_string())?;
            let status = response.status();
            let body = response.into_body().collect().await.map_err(|error| error.to_string())?;
            Ok((status, body.to_bytes()))
        };
        tokio::time::timeout(Duration::from_secs(20), answer)
            .await
            .unwrap_or_else(|_| Err("no answer".to_owned()))
    }
}

/// Microseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Publishes into one topic through one sidecar.
#[derive(Clone)]
pub struct Publisher {
    http: Http,
    url: String,
    failures: Arc<AtomicU64>,
}

impl Publisher {
    /// Through the sidecar with that HTTP port.
    pub fn new(port: u16, topic: &str) -> Self {
        let url = format!("http://127.0.0.1:{port}/v1.0/publish/pubsub/{topic}");
        Self { http: Http::default(), url, failures: Arc::default() }
    }

    /// Publishes an event until it is accepted. What was refused may have been stored nevertheless.
    pub async fn publish(&self, number: u64) {
        while self.attempt(number).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Publishes an event; an error says why it was refused.
    pub async fn attempt(&self, number: u64) -> Result<(), String> {
        let body = json!({"number": number, "at": now()}).to_string();
        let refused = match self.http.post(&self.url, "application/json", body.into()).await {
            Ok((status, _)) if status.is_success() => return Ok(()),
            Ok((_, body)) => String::from_utf8_lossy(&body).into_owned(),
            Err(error) => error,
        };
        self.failures.fetch_add(1, Ordering::Relaxed);
        Err(refused)
    }

    /// How many attempts failed.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}
