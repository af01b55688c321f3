//! Owns the message buses that events go through, and the Component for each.

use std::fmt::Write as _;
use std::path::Path;

use test_postgres::free_port;
use tokio::process::Command;

use crate::program;
use crate::supervised::Supervised;

/// A message bus, as a Component names it. Its name is `pubsub`.
#[derive(Clone)]
pub enum Broker {
    /// `pubsub.postgresql`, whose component is a process beside each sidecar.
    Postgres {
        /// The URL of the database.
        url: String,
        /// Further metadata.
        metadata: Vec<(&'static str, String)>,
    },
    /// `pubsub.kafka`.
    Kafka {
        /// `host:port` of the broker.
        address: String,
    },
}

impl Broker {
    /// Whether a component process belongs to each sidecar.
    pub fn is_pluggable(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// The Component's file.
    pub(crate) fn manifest(&self) -> String {
        let (kind, entries) = match self {
            Self::Postgres { url, metadata } => {
                let mut entries = vec![("connectionString", url.clone())];
                entries.extend(metadata.iter().cloned());
                ("pubsub.postgresql", entries)
            }
            Self::Kafka { address } => {
                ("pubsub.kafka", vec![("brokers", address.clone()), ("authType", "none".to_owned())])
            }
        };
        let mut text = format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: pubsub}}\nspec:\n  type: {kind}\n  \
             version: v1\n  initTimeout: 60s\n  metadata:\n    - {{name: initialOffset, value: oldest}}\n"
        );
        for (name, value) in entries {
            let _ = writeln!(text, "    - {{name: {name}, value: {value:?}}}");
        }
        text
    }
}

/// The broker of the sandbox, whose program is `KAFKA`: one partition per topic, records on disk before the answer.
pub struct Kafka {
    process: Supervised,
    address: String,
}

impl Kafka {
    /// Starts it with topics.
    pub fn start(folder: &Path, topics: &str) -> Self {
        let (program, port, topics) = (program("KAFKA"), free_port(), topics.to_owned());
        let data = folder.join("kafka");
        std::fs::create_dir_all(&data).expect("a folder");
        let process = Supervised::start(&folder.join("kafka.log"), move || {
            let mut command = Command::new(&program);
            command
                .env("KAFKA_ADVERTISED_HOST", "127.0.0.1")
                .env("KAFKA_PORT", port.to_string())
                .env("KAFKA_DATA_DIR", &data)
                .env("KAFKA_TOPICS", &topics);
            command
        });
        Self { process, address: format!("127.0.0.1:{port}") }
    }

    /// The Component for it.
    pub fn broker(&self) -> Broker {
        Broker::Kafka { address: self.address.clone() }
    }

    /// Its process.
    pub fn process(&self) -> &Supervised {
        &self.process
    }
}
