//! Owns noticing that daprd was initialised by a predecessor of this process, and asking it to start anew.
//!
//! daprd initialises a component once, at its own start, and subscribes once. When this container is killed and comes
//! back, daprd goes on: what it publishes meets a component without settings, and its subscriptions are gone for good,
//! silently. daprd says that it is ready when all its components are initialised. So when it is ready and this process was
//! not initialised, it has to start anew: `POST /v1.0/shutdown`, and Kubernetes starts it again.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Pause between two looks. daprd is started within some of them, or not at all.
const LOOK: Duration = Duration::from_millis(500);
/// How long daprd may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The sidecar of this pod.
pub struct Sidecar {
    /// Its HTTP port on this machine.
    pub port: u16,
    /// Its API token.
    pub token: Option<String>,
}

impl Sidecar {
    /// Waits until daprd has initialised a component here, and makes it start anew when it never will.
    pub async fn watch(self, mut initialised: watch::Receiver<bool>) {
        let mut refused = false;
        loop {
            tokio::select! {
                _ = initialised.wait_for(|done| *done) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            // In this order: it gets ready by initialising us.
            if self.ask(Method::GET, "/v1.0/healthz/outbound").await != Some(StatusCode::NO_CONTENT)
                || *initialised.borrow()
            {
                continue;
            }
            match self.ask(Method::POST, "/v1.0/shutdown").await {
                Some(status) if status.is_success() => {
                    tracing::warn!(
                        "the sidecar knew an earlier process of this component; it was asked to start anew"
                    );
                }
                answer if !refused => {
                    refused = true;
                    let answer = answer.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
                    tracing::error!(
                        answer,
                        "the sidecar knew an earlier process of this component and cannot be asked to start anew: \
                         delete the pod; if it asks for an API token, give the component DAPR_API_TOKEN"
                    );
                }
                _ => {}
            }
        }
    }

    /// The status of an answer; nothing when there is none.
    async fn ask(&self, method: Method, path: &str) -> Option<StatusCode> {
        tokio::time::timeout(PATIENCE, self.request(method, path)).await.ok()?.ok()
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
    ) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        if let Some(token) = &self.token {
            request = request.header("dapr-api-token", token);
        }
        let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await;
        connection.abort();
        Ok(response?.status())
    }
}
