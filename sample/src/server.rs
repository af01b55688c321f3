//! What all roles serve alike.
//!
//! Owns listening, request ids, request logs, metrics, the liveness answer and the orderly end.
//! Refuses to decide readiness: that is the role's.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::config::{Config, Role};
use crate::consumer;
use crate::faults::Fault;
use crate::log;
use crate::metrics::Metrics;
use crate::signals::Stop;

/// The header that carries a request's id through the services.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// Time from the signal to the end, open requests or not.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// More than any task needs.
const BODY_LIMIT: usize = 64 * 1024;

/// The id of the request being answered.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// What every request may need to know about the process.
pub(crate) struct Process {
    role: Role,
    metrics: Metrics,
    faults: Fault,
}

impl Process {
    pub(crate) fn new(role: Role, faults: Fault) -> Arc<Self> {
        Arc::new(Self { role, metrics: Metrics::new(role), faults })
    }

    /// Why this process wants no requests, apart from the role's own reasons.
    pub(crate) fn unready(&self) -> Option<&'static str> {
        self.faults.never_ready.then_some("fault: never ready")
    }

    /// Why this process neither sends nor takes events.
    pub(crate) fn event_refusal(&self) -> Option<&'static str> {
        self.faults.refuse_events.then_some("fault: refuse events")
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The answer to a question of health when a fault is ordered up.
    pub(crate) fn sick(&self) -> Option<Response> {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        self.faults.bad_health.then(|| self.failing(status, "fault: bad health"))
    }

    /// The answer "all is well", with a remark.
    pub(crate) fn well(&self, remark: &[(&str, &str)]) -> Response {
        let mut body = serde_json::Map::new();
        body.insert("status".to_owned(), "ok".into());
        body.insert("service".to_owned(), self.role.name().into());
        for (name, value) in remark {
            body.insert((*name).to_owned(), (*value).into());
        }
        Json(body).into_response()
    }

    /// The answer "not well". The reason also goes to the request's log line.
    pub(crate) fn failing(&self, status: StatusCode, reason: &str) -> Response {
        let body = json!({ "status": "failing", "service": self.role.name(), "reason": reason });
        let mut response = (status, Json(body)).into_response();
        response.extensions_mut().insert(Reason(reason.to_owned()));
        response
    }

    /// The answer "not ready".
    pub(crate) fn not_ready(&self, reason: &str) -> Response {
        self.failing(StatusCode::SERVICE_UNAVAILABLE, reason)
    }
}

/// Why a service is not well, on the way to the log.
#[derive(Clone)]
struct Reason(String);

/// Adds to a role's routes what all roles have.
pub(crate) fn router(process: &Arc<Process>, routes: Router) -> Router {
    let common = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(process.clone());
    routes
        .merge(common)
        .fallback(async || error(StatusCode::NOT_FOUND, "no such path"))
        .method_not_allowed_fallback(async || error(StatusCode::METHOD_NOT_ALLOWED, "no such method here"))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(axum::middleware::from_fn_with_state(process.clone(), observe))
}

/// An error as all roles write it: `{"error": "..."}`.
pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}

async fn health(State(process): State<Arc<Process>>) -> Response {
    process.sick().unwrap_or_else(|| process.well(&[]))
}

async fn metrics(State(process): State<Arc<Process>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], process.metrics.render())
        .into_response()
}

/// Gives each request its id, counts it and logs it.
async fn observe(State(process): State<Arc<Process>>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request.headers().get(REQUEST_ID).and_then(accepted_id).unwrap_or_else(new_id);
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    let duration = begun.elapsed();
    let code = response.status().as_u16();
    process.metrics.record(&route, code, duration);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let milliseconds = (duration.as_secs_f64() * 10_000.0).round() / 10.0;
    let mut fields = vec![
        ("request_id", id.into()),
        ("method", method.into()),
        ("route", route.as_str().into()),
        ("status", code.into()),
        ("ms", milliseconds.into()),
    ];
    if let Some(Reason(reason)) = response.extensions_mut().remove() {
        fields.push(("reason", reason.into()));
    }
    // Probes come every second or two: in the log they are noise while they succeed. A delivered event has a line of its own.
    let quiet = ["/health", "/ready", "/readyz", "/api/health", "/metrics", consumer::DELIVERY];
    match code {
        500.. => log::warn("request", &fields),
        _ if quiet.contains(&route.as_str()) => log::debug("request", &fields),
        _ => log::info("request", &fields),
    }
    response
}

/// An id given by the caller, when it is fit for a log line.
fn accepted_id(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let fit = !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    fit.then(|| text.to_owned())
}

/// A new id: unguessable enough to tell requests apart, nothing more.
pub(crate) fn new_id() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// Serves until a signal comes, then ends in order: take requests for a moment more, because the cluster learns only
/// then that this pod is leaving, and finish those that are open.
pub(crate) async fn serve(
    config: &Config,
    process: &Arc<Process>,
    routes: Router,
    mut stop: Stop,
) -> Result<(), String> {
    let listener = TcpListener::bind(("0.0.0.0", config.port))
        .await
        .map_err(|error| format!("cannot listen on port {}: {error}", config.port))?;
    log::info(
        "listening",
        &[
            ("role", config.role.name().into()),
            ("port", config.port.into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
        ],
    );
    let (signalled, begun) = oneshot::channel::<()>();
    let delay = config.shutdown_delay;
    let leaving = async move {
        stop.received().await;
        drop(signalled);
        log::info("shutting down", &[]);
        tokio::time::sleep(delay).await;
    };
    let limit = async {
        let _ = begun.await;
        tokio::time::sleep(SHUTDOWN_LIMIT).await;
    };
    let serving = axum::serve(listener, router(process, routes)).with_graceful_shutdown(leaving);
    tokio::select! {
        result = serving => result.map_err(|error| format!("cannot serve: {error}"))?,
        () = limit => log::warn("requests were still open", &[("seconds", SHUTDOWN_LIMIT.as_secs().into())]),
    }
    log::info("stopped", &[]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_ids_fit_for_a_log() {
        assert_eq!(accepted_id(&HeaderValue::from_static("a-1_b.2")).as_deref(), Some("a-1_b.2"));
        assert_eq!(accepted_id(&HeaderValue::from_static("a b")), None);
        assert_eq!(accepted_id(&HeaderValue::from_str(&"x".repeat(65)).unwrap()), None);
        assert_ne!(new_id(), new_id());
    }

    #[test]
    fn faults_show_in_health_and_readiness() {
        let process =
            Process::new(Role::Backend, Fault { never_ready: true, bad_health: true, ..Fault::default() });
        assert_eq!(process.unready(), Some("fault: never ready"));
        assert_eq!(process.sick().unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
        let process = Process::new(Role::Backend, Fault::default());
        assert_eq!(process.unready(), None);
        assert!(process.sick().is_none());
    }
}
