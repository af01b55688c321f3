//! Owns what the process is told by its environment: the one place that reads it.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the place that reads the environment of this program"
)]

use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// The folder that Dapr's injector mounts into both containers, and what it is where nobody says
/// (dapr/dapr v1.18.1, `pkg/injector/consts/consts.go`).
const FOLDER: (&str, &str) = ("DAPR_COMPONENT_SOCKETS_FOLDER", "/tmp/dapr-components-sockets");

/// The name of the socket is the name of the type: `pubsub.postgresql`.
const SOCKET: &str = "postgresql.sock";

/// daprd's HTTP port where nobody says another (`dapr.io/http-port`).
const HTTP_PORT: u16 = 3500;

/// What the environment says.
#[derive(Clone)]
pub struct Config {
    /// Where daprd looks for the socket.
    pub socket: PathBuf,
    /// daprd's HTTP port on this machine.
    pub sidecar_port: u16,
    /// daprd's API token, where it asks for one.
    pub sidecar_token: Option<String>,
    /// Which host this is, among those that use the database: 32 bits of the digest of its name. In a pod that is the
    /// pod's name, which stays when a container is restarted.
    pub host: u32,
}

impl Config {
    /// Reads the environment; an error says what is wrong with it.
    pub fn from_process() -> Result<Self, String> {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let folder = text(FOLDER.0).unwrap_or_else(|| FOLDER.1.to_owned());
        let sidecar_port = match text("DAPR_HTTP_PORT").map(|port| port.parse()) {
            None => HTTP_PORT,
            Some(Ok(port)) => port,
            Some(Err(_)) => return Err("DAPR_HTTP_PORT is not a port".to_owned()),
        };
        Ok(Self {
            socket: PathBuf::from(folder).join(SOCKET),
            sidecar_port,
            sidecar_token: text("DAPR_API_TOKEN"),
            host: host(&text("HOSTNAME").unwrap_or_default()),
        })
    }
}

fn host(name: &str) -> u32 {
    let digest = Sha256::digest(name);
    u32::from_be_bytes([digest[0] & 0x7f, digest[1], digest[2], digest[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_differ_and_fit_into_the_upper_half_of_a_bigint() {
        assert_eq!(host("audit-1"), host("audit-1"));
        assert_ne!(host("audit-1"), host("audit-2"));
        for name in ["", "a", "b", "c", "d"] {
            assert!(i32::try_from(host(name)).is_ok());
        }
    }
}
