//! Owns the fake API server on the network: HTTP on a port of this machine, as a proxy that leads every address to it,
//! with TLS inside. Its faults are those of the state, with the tool's name `api`.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::watch::{self, Clock, Snapshot};
use super::{Request, Response, answer, discover};
use crate::fault::{self, Fault};
use crate::journal::{self, Line};
use crate::state::ApiServer;
use crate::store::Store;
use crate::{kubeconfig, minikube};

/// Name of the server in its certificate.
pub const NAME: &str = "kubernetes.test";
/// The name by which faults and the log know it.
const TOOL: &str = "api";

type Answer = UnsyncBoxBody<Bytes, io::Error>;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    runtime: Option<tokio::runtime::Runtime>,
    /// How it is reached.
    pub address: ApiServer,
}

#[derive(Clone)]
struct Shared {
    store: Store,
    tls: TlsAcceptor,
    /// What lists were, by their version.
    versions: Arc<Mutex<BTreeMap<u64, Snapshot>>>,
    clock: Clock,
    /// The address that the client wanted.
    host: String,
}

impl Server {
    /// Starts it over a state.
    pub fn start(store: &Store) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (tls, authority) = certificate()?;
        // Not asked of the runtime, because a test may be inside another one.
        let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        listener.set_nonblocking(true)?;
        let address = ApiServer { proxy: format!("http://{}", listener.local_addr()?), authority };
        let shared = Shared {
            store: store.clone(),
            tls,
            versions: Arc::default(),
            clock: Clock::default(),
            host: String::new(),
        };
        runtime.spawn(async move {
            let Ok(listener) = TcpListener::from_std(listener) else { return };
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(TokioIo::new(stream), shared.clone()));
            }
        });
        Ok(Self { runtime: Some(runtime), address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A certificate that signs itself, and the same in the form of a kubeconfig.
fn certificate() -> io::Result<(TlsAcceptor, String)> {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).map_err(io::Error::other)?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)
        })
        .map_err(io::Error::other)?;
    Ok((TlsAcceptor::from(Arc::new(config)), STANDARD.encode(made.cert.pem())))
}

/// Serves one connection; whatever ends it is its peer's business. A connection may lead to another one inside it.
fn serve(
    stream: impl Read + Write + Unpin + Send + 'static,
    shared: Shared,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let service = service_fn(move |request| respond(request, shared.clone()));
    Box::pin(async move {
        let _ = Builder::new(TokioExecutor::new()).serve_connection_with_upgrades(stream, service).await;
    })
}

async fn respond(request: hyper::Request<Incoming>, shared: Shared) -> io::Result<hyper::Response<Answer>> {
    if request.method() == hyper::Method::CONNECT {
        tokio::spawn(async move {
            let host = request.uri().to_string();
            let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
            let shared = Shared { host, ..shared };
            if let Ok(stream) = shared.tls.clone().accept(TokioIo::new(upgraded)).await {
                serve(TokioIo::new(stream), shared).await;
            }
        });
        return Ok(hyper::Response::new(whole(String::new())));
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let header =
        |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let request = Request {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        authorization: header("authorization").to_owned(),
        accept: header("accept").to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        now: now(),
    };
    let Response { status, body } = told(&shared, &request).await?;
    let body = if status == 200 && request.query("watch") == Some("true") {
        stream(&shared, request)
    } else if status == 200 && request.query("follow") == Some("true") {
        log(&shared, request, body)
    } else if request.path.contains("/proxy/") || request.path.contains("/log?") {
        whole(body)
    } else {
        whole(shared.remember(body))
    };
    let answer = hyper::Response::builder().status(status).header("content-type", "application/json");
    answer.body(body).map_err(io::Error::other)
}

fn whole(text: String) -> Answer {
    Full::from(text).map_err(io::Error::other).boxed_unsync()
}

/// What changes after the list that had a version.
fn stream(shared: &Shared, request: Request) -> Answer {
    let version =
        request.query("resourceVersion").and_then(|version| version.parse().ok()).unwrap_or_default();
    let known = shared.versions.lock().unwrap_or_else(PoisonError::into_inner).get(&version).cloned();
    let (sender, lines) = mpsc::unbounded_channel();
    let place = (shared.store.clone(), shared.clock.clone());
    tokio::spawn(watch::follow(place, request, known.unwrap_or_default(), sender));
    streamed(lines)
}

fn streamed(lines: mpsc::UnboundedReceiver<Bytes>) -> Answer {
    let frames = futures_util::stream::unfold(lines, |mut lines| async {
        lines.recv().await.map(|line| (Ok(Frame::data(line)), lines))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// What a container has said; it ends when the pod is gone.
fn log(shared: &Shared, request: Request, said: String) -> Answer {
    let (sender, lines) = mpsc::unbounded_channel();
    let store = shared.store.clone();
    tokio::spawn(async move {
        let _ = sender.send(Bytes::from(said));
        let is_there = || {
            store
                .load()
                .is_ok_and(|state| discover::has_pod(&state, &Request { now: now(), ..request.clone() }))
        };
        while !sender.is_closed() && is_there() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    streamed(lines)
}

impl Shared {
    /// An answer with the versions that objects have on the network: a list keeps its own, so that a watch can go on
    /// from there.
    fn remember(&self, body: String) -> String {
        let Ok(mut answer) = serde_json::from_str::<Value>(&body) else { return body };
        let version = self.clock.tick();
        if let Some(items) = answer["items"].as_array() {
            let snapshot = watch::snapshot(items);
            self.versions.lock().unwrap_or_else(PoisonError::into_inner).insert(version, snapshot);
            answer["metadata"]["resourceVersion"] = json!(version.to_string());
        }
        let items = answer["items"].as_array_mut().into_iter().flatten();
        items.for_each(|item| watch::mark(item, version));
        watch::mark(&mut answer, version);
        answer.to_string()
    }
}

/// The answer, or the fault that the state has for the request; an error ends the connection.
async fn told(Shared { store, host, .. }: &Shared, request: &Request) -> io::Result<Response> {
    let args = vec![request.method.clone(), request.path.clone()];
    let whole = [args.as_slice(), std::slice::from_ref(&request.body)].concat();
    let locks = journal::locks(TOOL, &whole);
    let line = Line {
        pid: 0,
        tool: TOOL.to_owned(),
        args: args.clone(),
        changes: false,
        locks,
        exit: None,
        stdin: request.body.clone(),
        environment: [].into(),
    };
    let log = store.sibling("log");
    journal::append(&log, &line)?;
    let fault = store.change(|state| fault::next(state, TOOL, &whole))?.unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(fault.delay)).await;
    if fault.loses {
        store.change(minikube::delete)?;
    }
    let answer = match fault {
        Fault { garbage: true, .. } => Response { status: 200, body: "\u{1b}[31m{]".to_owned() },
        Fault { exit: Some(0), .. } => return Err(io::Error::other("cut")),
        Fault { exit: Some(status), stderr, writes, .. } => {
            if writes {
                store.change(|state| answer(state, request))?;
            }
            // What is no HTTP status is an exit status, of a fault that meets every tool.
            let status = u16::try_from(status).ok().filter(|status| *status >= 100);
            Response { status: status.unwrap_or(500), body: stderr }
        }
        Fault { exit: None, .. } => {
            if !kubeconfig::runs(&store.load()?, host) {
                return Err(io::Error::other("the cluster does not run"));
            }
            store.change(|state| answer(state, request))?
        }
    };
    tokio::time::sleep(Duration::from_millis(fault.linger)).await;
    journal::append(&log, &Line { exit: Some(i32::from(answer.status)), stdin: String::new(), ..line })?;
    Ok(answer)
}

pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
