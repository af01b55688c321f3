//! Owns opening a connection, as `sslmode` wants it.

use std::pin::Pin;

use deadpool_postgres::Connect;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address::Address;
use crate::tls::Mode;

/// What a connection speaks over, with TLS.
type Stream = <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream;

/// Opens connections.
#[derive(Clone)]
pub struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    /// Whether to try again with TLS, when the server refuses a connection without.
    allow: bool,
}

impl Connector {
    pub(super) fn new(address: &Address) -> Result<Self, String> {
        let allow = address.tls.mode == Mode::Allow;
        Ok(Self { config: address.config.clone(), tls: address.tls.connector()?, allow })
    }

    /// A connection. Nothing happens on it unless the second half is polled.
    pub async fn open(&self) -> Result<(Client, Connection<Socket, Stream>), Error> {
        match self.config.connect(self.tls.clone()).await {
            Err(error) if self.allow && error.as_db_error().is_some() => {
                let mut config = self.config.clone();
                config.ssl_mode(SslMode::Require).connect(self.tls.clone()).await
            }
            other => other,
        }
    }
}

impl Connect for Connector {
    fn connect(
        &self,
        _: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(async move {
            let (client, connection) = self.open().await?;
            // Its end is seen by whoever uses the client.
            let task = tokio::spawn(async move { drop(connection.await) });
            Ok((client, task))
        })
    }
}
