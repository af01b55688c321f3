//! The program under test with its folder and its log, and what stands for daprd: a client of its socket.

#![expect(clippy::disallowed_methods, reason = "a test starts the program; the rule is for todoctl")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "only tests use it: they fail by a panic, and say why"
)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use pubsub_postgresql::proto::pub_sub::pub_sub_client::PubSubClient;
use pubsub_postgresql::proto::{
    AckMessageError, MetadataRequest, PubSubInitRequest, PublishRequest, PullMessagesRequest,
    PullMessagesResponse, Topic,
};
use tempfile::TempDir;
use test_postgres::Server;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

/// Longer than anything takes that does not wait for a time.
pub(super) const SOON: Duration = Duration::from_secs(10);
/// Long enough to believe that nothing comes.
pub(super) const NEVER: Duration = Duration::from_millis(700);

/// The client of one Component.
pub(super) type Client = PubSubClient<InterceptedService<Channel, Instance>>;

/// The name of the Component, as daprd says it with each call.
#[derive(Clone)]
pub(super) struct Instance(String);

impl Interceptor for Instance {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("x-component-instance", self.0.parse().unwrap());
        Ok(request)
    }
}

/// A server for tests that do not stop it, as long as any test uses it. Each test has a database of its own.
pub(super) fn shared() -> Option<Arc<Server>> {
    static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut server = SERVER.lock().unwrap();
    let found = server.upgrade().or_else(|| Server::start().map(Arc::new))?;
    *server = Arc::downgrade(&found);
    Some(found)
}

/// As its image has it where `scripts/test pubsub` says so, otherwise as cargo has built it for tests.
fn program() -> PathBuf {
    const IMAGE: &str = "PUBSUB_POSTGRESQL";
    match std::env::var_os(IMAGE) {
        Some(_) => traffic::program(IMAGE),
        None => env!("CARGO_BIN_EXE_pubsub-postgresql").into(),
    }
}

/// The program.
pub(super) struct Component {
    process: Option<Child>,
    folder: TempDir,
    log: Arc<Mutex<String>>,
    environment: Vec<(&'static str, String)>,
}

impl Component {
    /// Starts it on a host of that name.
    pub(super) fn start(host: &str) -> Self {
        // Nobody is daprd: port 1 of this machine refuses.
        Self::start_with(host, &[("DAPR_HTTP_PORT", "1".to_owned())])
    }

    pub(super) fn start_with(host: &str, environment: &[(&'static str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut all = vec![
            ("HOSTNAME", host.to_owned()),
            ("DAPR_COMPONENT_SOCKETS_FOLDER", folder.path().display().to_string()),
        ];
        all.extend_from_slice(environment);
        let mut component = Self { process: None, folder, log: Arc::default(), environment: all };
        component.again();
        component
    }

    /// Starts it again, in the same folder.
    pub(super) fn again(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        let mut process = Command::new(program())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (*name, value.as_str())))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let lines = BufReader::new(process.stdout.take().expect("it is a pipe")).lines();
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        self.process = Some(process);
    }

    /// What it said so far.
    pub(super) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("postgresql.sock")
    }

    /// Ends it as a crash does.
    pub(super) async fn kill(&mut self) {
        self.signal("-KILL");
        self.ended().await;
    }

    /// Asks it to end.
    pub(super) fn terminate(&mut self) {
        self.signal("-TERM");
    }

    /// Waits for its end; whether it succeeded.
    pub(super) async fn ended(&mut self) -> bool {
        let Some(mut process) = self.process.take() else { return false };
        let ended = tokio::task::spawn_blocking(move || process.wait()).await.unwrap();
        ended.is_ok_and(|status| status.success())
    }

    fn signal(&self, signal: &str) {
        if let Some(process) = &self.process {
            // Only this child is meant.
            let _ = Command::new("kill").args([signal, &process.id().to_string()]).status();
        }
    }

    /// A connection of the Component `pubsub`, once the program serves.
    pub(super) async fn connect(&self) -> Client {
        self.instance("pubsub").await
    }

    /// A connection of a Component.
    pub(super) async fn instance(&self, name: &str) -> Client {
        let client = PubSubClient::with_interceptor(self.channel().await, Instance(name.to_owned()));
        client.max_decoding_message_size(16 << 20).max_encoding_message_size(16 << 20)
    }

    /// A connection, once the program serves.
    pub(super) async fn channel(&self) -> Channel {
        let socket = self.socket();
        let connector = tower::service_fn(move |_| {
            let socket = socket.clone();
            async move { UnixStream::connect(socket).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://daprd");
        let connected = async {
            loop {
                match endpoint.connect_with_connector(connector.clone()).await {
                    Ok(channel) => return channel,
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        };
        timeout(SOON, connected).await.expect("it serves")
    }

    /// A connection with an initialised Component.
    pub(super) async fn ready(&self, url: &str, group: &str, more: &[(&str, &str)]) -> Client {
        let mut client = self.connect().await;
        init(&mut client, url, group, more).await.expect("it initialises");
        client
    }
}

impl Drop for Component {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            eprintln!("the component said:\n{}", self.log());
        }
    }
}

/// Initialises the Component.
pub(super) async fn init(
    client: &mut Client,
    url: &str,
    group: &str,
    more: &[(&str, &str)],
) -> Result<(), Status> {
    let given = [("connectionString", url), ("consumerID", group), ("initialOffset", "oldest")];
    let properties: HashMap<String, String> =
        given.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let metadata = Some(MetadataRequest { properties });
    client.init(PubSubInitRequest { metadata }).await.map(drop)
}

/// Publishes a text.
pub(super) async fn publish(client: &mut Client, topic: &str, text: &str) -> Result<(), Status> {
    let request = PublishRequest { data: text.into(), topic: topic.to_owned(), ..PublishRequest::default() };
    client.publish(request).await.map(drop)
}

/// A subscriber of a topic.
pub(super) struct Subscriber {
    answers: mpsc::Sender<PullMessagesRequest>,
    messages: Streaming<PullMessagesResponse>,
}

impl Subscriber {
    pub(super) async fn new(client: &mut Client, topic: &str) -> Self {
        let (answers, requests) = mpsc::channel(10);
        let topic = Some(Topic { name: topic.to_owned(), metadata: HashMap::new() });
        answers.send(PullMessagesRequest { topic, ..PullMessagesRequest::default() }).await.unwrap();
        let request = Request::new(ReceiverStream::new(requests));
        let messages = client.pull_messages(request).await.expect("it subscribes").into_inner();
        Self { answers, messages }
    }

    /// The next message; `None` when none comes in time.
    pub(super) async fn next_within(&mut self, within: Duration) -> Option<PullMessagesResponse> {
        let next = timeout(within, self.messages.message()).await.ok()?;
        Some(next.expect("the stream goes on").expect("the stream goes on"))
    }

    pub(super) async fn next(&mut self) -> PullMessagesResponse {
        self.next_within(SOON).await.expect("a message comes")
    }

    pub(super) async fn ack(&self, id: &str) {
        self.answer(id, None).await;
    }

    pub(super) async fn refuse(&self, id: &str) {
        self.answer(id, Some(AckMessageError { message: "no".to_owned() })).await;
    }

    async fn answer(&self, id: &str, ack_error: Option<AckMessageError>) {
        let request = PullMessagesRequest { topic: None, ack_message_id: id.to_owned(), ack_error };
        self.answers.send(request).await.expect("the stream goes on");
    }

    /// Takes and acknowledges so many messages: their texts.
    pub(super) async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for _ in 0..count {
            let message = self.next().await;
            self.ack(&message.id).await;
            texts.push(text(&message));
        }
        texts
    }
}

pub(super) fn text(message: &PullMessagesResponse) -> String {
    String::from_utf8(message.data.clone()).unwrap()
}

/// Waits until a condition holds.
pub(super) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = tokio::time::Instant::now() + SOON;
    while !holds() {
        assert!(tokio::time::Instant::now() < end, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
