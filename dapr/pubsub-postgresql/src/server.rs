//! Owns the socket: where daprd finds this process, and the end of it.

mod connection;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;

use self::connection::{Connection, Connections};
use crate::config::Config;
use crate::message::MOST_BYTES;
use crate::proto::pub_sub::pub_sub_server::PubSubServer;
use crate::proto::server_reflection::server_reflection_server::ServerReflectionServer;
use crate::reflection::Reflection;
use crate::service::Service;
use crate::sidecar::Sidecar;

/// How long the sidecar may take to finish, after this process was asked to end. Kubernetes is less patient by default.
const PATIENCE: Duration = Duration::from_mins(1);

/// Serves until the process is asked to end and the sidecar has finished. An error says why it cannot serve.
pub async fn serve(config: Config) -> Result<(), String> {
    // Signals first: a process that is number 1 of its container ignores those that it does not handle.
    let mut signals = Signals::listen()?;
    let service = Arc::new(Service::new(config.host));
    let connections = Connections::default();
    let socket = bind(&config.socket)?;
    let incoming = UnixListenerStream::new(socket).map({
        let connections = connections.clone();
        move |stream| stream.map(|stream| Connection::new(stream, &connections))
    });
    let pub_sub = PubSubServer::from_arc(Arc::clone(&service))
        .max_decoding_message_size(2 * MOST_BYTES)
        .max_encoding_message_size(2 * MOST_BYTES);
    let server = Server::builder()
        .add_service(pub_sub)
        .add_service(ServerReflectionServer::new(Reflection))
        .serve_with_incoming(incoming);
    tracing::info!(socket = %config.socket.display(), version = env!("CARGO_PKG_VERSION"), "serving");
    let sidecar = Sidecar { port: config.sidecar_port, token: config.sidecar_token };
    tokio::spawn(sidecar.watch(service.initialised()));
    let end = async {
        signals.end().await;
        // The sidecar still publishes and acknowledges, until it has finished itself.
        service.stop();
        finish(&connections, &mut signals).await;
    };
    tokio::select! {
        result = server => result.map_err(|error| format!("cannot serve: {error}")),
        () = end => Ok(()),
    }
}

/// Waits until the sidecar has gone.
async fn finish(connections: &Connections, signals: &mut Signals) {
    tokio::select! {
        () = connections.none() => tracing::info!("ended: the sidecar has gone"),
        () = tokio::time::sleep(PATIENCE) => tracing::warn!("ended: the sidecar did not go"),
        () = signals.end() => tracing::warn!("ended: asked twice"),
    }
}

/// A socket that an earlier process left is replaced.
fn bind(path: &Path) -> Result<UnixListener, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(wrong(error)),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path).map_err(wrong)?;
    // daprd may be another user. Nobody else has the folder: it is a volume of the pod.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).map_err(wrong)?;
    Ok(listener)
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("cannot handle signals: {error}"));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
