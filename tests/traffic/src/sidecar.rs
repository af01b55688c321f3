//! Owns one pod without its cluster: a real daprd, and beside it the component's process where its message bus needs one.
//! Their programs are `DAPRD` and `PUBSUB_POSTGRESQL`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use test_postgres::free_port;
use tokio::process::Command;

use crate::broker::Broker;
use crate::program;
use crate::publisher::Http;
use crate::supervised::Supervised;

/// A sidecar. Its application listens before it is made.
pub struct Sidecar {
    /// The sidecar itself.
    pub daprd: Supervised,
    /// The component beside it.
    pub component: Option<Supervised>,
    /// The port of its HTTP API.
    pub port: u16,
    home: PathBuf,
}

impl Sidecar {
    /// Starts the sidecar of an application. `name` is that of the pod; pods of one application are one group.
    pub fn start(folder: &Path, name: &str, app_id: &str, app_port: Option<u16>, broker: &Broker) -> Self {
        let port = free_port();
        let home = folder.join(name);
        std::fs::create_dir_all(home.join("sockets")).expect("a folder");
        let component = broker.is_pluggable().then(|| component(&home, name, port));
        let daprd = daprd(&home, app_id, port, app_port, broker);
        Self { daprd, component, port, home }
    }

    /// The same, but the component comes when `start_component` is called.
    pub fn without_component(folder: &Path, name: &str, app_id: &str, broker: &Broker) -> Self {
        let port = free_port();
        let home = folder.join(name);
        let daprd = daprd(&home, app_id, port, None, broker);
        Self { daprd, component: None, port, home }
    }

    /// Starts the component.
    pub fn start_component(&mut self) {
        let name = self.home.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        self.component = Some(component(&self.home, &name, self.port));
    }

    /// What daprd said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("daprd.log")).unwrap_or_default()
    }

    /// What its component said so far.
    pub fn component_log(&self) -> String {
        std::fs::read_to_string(self.home.join("component.log")).unwrap_or_default()
    }

    /// Waits until it is ready.
    pub async fn ready(&self) {
        let http = Http::default();
        let url = format!("http://127.0.0.1:{}/v1.0/healthz/outbound", self.port);
        let ready = async {
            while !http.get(&url).await.is_ok_and(|(status, _)| status.is_success()) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), ready).await.expect("the sidecar gets ready");
    }
}

fn component(home: &Path, name: &str, port: u16) -> Supervised {
    let (program, sockets, name) = (program("PUBSUB_POSTGRESQL"), home.join("sockets"), name.to_owned());
    Supervised::start(&home.join("component.log"), move || {
        let mut command = Command::new(&program);
        command
            .env_clear()
            .env("HOSTNAME", &name)
            .env("DAPR_COMPONENT_SOCKETS_FOLDER", &sockets)
            .env("DAPR_HTTP_PORT", port.to_string());
        command
    })
}

fn daprd(home: &Path, app_id: &str, port: u16, app_port: Option<u16>, broker: &Broker) -> Supervised {
    let (resources, sockets) = (home.join("resources"), home.join("sockets"));
    std::fs::create_dir_all(&resources).expect("a folder");
    std::fs::write(resources.join("pubsub.yaml"), broker.manifest()).expect("a file");
    let (program, app_id) = (program("DAPRD"), app_id.to_owned());
    // Chosen once: a sidecar that comes back must find them free, and the application the same port.
    let others = [free_port(), free_port(), free_port(), free_port()].map(|port| port.to_string());
    Supervised::start(&home.join("daprd.log"), move || {
        let [grpc, internal, metrics, public] = &others;
        let mut command = Command::new(&program);
        command.env("DAPR_COMPONENTS_SOCKETS_FOLDER", &sockets).args(["--mode", "standalone"]);
        command.args(["--app-id", &app_id, "--log-level", "info", "--enable-mtls=false"]);
        command.arg("--resources-path").arg(&resources);
        command.args(["--dapr-http-port", &port.to_string(), "--dapr-grpc-port", grpc]);
        command.args(["--dapr-internal-grpc-port", internal, "--metrics-port", metrics]);
        command.args(["--dapr-public-port", public, "--dapr-graceful-shutdown-seconds", "2"]);
        if let Some(port) = app_port {
            command.args(["--app-protocol", "http", "--app-port", &port.to_string()]);
        }
        command
    })
}
