//! Owns the calls of daprd: which Component they are for, what is wrong with them, and their answers.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use crate::instance::Instance;
use crate::message::Outgoing;
use crate::proto::pub_sub::pub_sub_server::PubSub;
use crate::proto::{
    BulkMessageEntry, BulkPublishRequest, BulkPublishResponse, BulkPublishResponseFailedEntry,
    FeaturesRequest, FeaturesResponse, PauseRequest, PauseResponse, PingRequest, PingResponse,
    PubSubInitRequest, PubSubInitResponse, PublishRequest, PublishResponse, PullMessagesRequest,
    PullMessagesResponse, ResumeRequest, ResumeResponse,
};
use crate::settings::Settings;

/// What daprd would otherwise do itself, or not do at all: publish several messages in one call, and hand a bulk
/// subscriber each message when it comes (dapr/components-contrib v1.18.0, `pubsub/feature.go`).
const FEATURES: [&str; 2] = ["BULK_PUBSUB", "BULK_SUBSCRIBE_IMMEDIATE"];
/// The name of the Component, with each call: one container serves all Components of its type in a pod
/// (dapr/dapr v1.18.1, `pkg/components/pluggable/grpc.go`).
const INSTANCE: &str = "x-component-instance";

/// The Components of a pod.
pub struct Service {
    host: u32,
    instances: Mutex<HashMap<String, Arc<Instance>>>,
    /// Whether daprd has initialised any, for whoever waits for it.
    initialised: watch::Sender<bool>,
}

impl Service {
    /// No Component yet.
    pub fn new(host: u32) -> Self {
        Self { host, instances: Mutex::default(), initialised: watch::Sender::new(false) }
    }

    /// Whether daprd has initialised a Component here.
    pub fn initialised(&self) -> watch::Receiver<bool> {
        self.initialised.subscribe()
    }

    /// Keeps messages back from every subscriber: the process ends.
    pub fn stop(&self) {
        for instance in self.instances.lock().unwrap_or_else(PoisonError::into_inner).values() {
            instance.flow(false);
        }
    }

    fn instance(&self, metadata: &MetadataMap) -> Result<Arc<Instance>, Status> {
        let name = name(metadata);
        let instances = self.instances.lock().unwrap_or_else(PoisonError::into_inner);
        instances.get(&name).cloned().ok_or_else(|| {
            Status::failed_precondition(format!(
                "Component {name} is not initialised: the component was restarted, and its sidecar must be too"
            ))
        })
    }
}

fn name(metadata: &MetadataMap) -> String {
    let name = metadata.get_all(INSTANCE).iter().next_back();
    name.and_then(|name| name.to_str().ok()).unwrap_or_default().to_owned()
}

fn topic_of(name: &str) -> Result<(), Status> {
    match name {
        "" => Err(Status::invalid_argument("the topic is missing")),
        name if name.contains('\0') => Err(Status::invalid_argument("the topic holds a NUL")),
        _ => Ok(()),
    }
}

#[tonic::async_trait]
impl PubSub for Service {
    type PullMessagesStream = Pin<Box<dyn Stream<Item = Result<PullMessagesResponse, Status>> + Send>>;

    async fn init(
        &self,
        request: Request<PubSubInitRequest>,
    ) -> Result<Response<PubSubInitResponse>, Status> {
        let name = name(request.metadata());
        let properties = request.into_inner().metadata.unwrap_or_default().properties;
        let refuse = |status: Status| {
            tracing::error!(component = name, error = status.message(), "not initialised");
            status
        };
        let settings =
            Settings::read(&properties).map_err(|problem| refuse(Status::invalid_argument(problem)))?;
        let instance = Instance::open(settings, self.host).await.map_err(|failure| refuse(failure.into()))?;
        self.instances.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::new(instance));
        self.initialised.send_replace(true);
        Ok(Response::new(PubSubInitResponse {}))
    }

    async fn features(&self, _: Request<FeaturesRequest>) -> Result<Response<FeaturesResponse>, Status> {
        Ok(Response::new(FeaturesResponse { features: FEATURES.map(str::to_owned).into() }))
    }

    async fn publish(&self, request: Request<PublishRequest>) -> Result<Response<PublishResponse>, Status> {
        let instance = self.instance(request.metadata())?;
        let PublishRequest { data, topic, metadata, content_type, .. } = request.into_inner();
        topic_of(&topic)?;
        let message = Outgoing::new(data, content_type, &metadata).map_err(Status::invalid_argument)?;
        instance.publish(&topic, vec![message]).await?;
        Ok(Response::new(PublishResponse {}))
    }

    async fn bulk_publish(
        &self,
        request: Request<BulkPublishRequest>,
    ) -> Result<Response<BulkPublishResponse>, Status> {
        let instance = self.instance(request.metadata())?;
        let BulkPublishRequest { entries, topic, metadata, .. } = request.into_inner();
        topic_of(&topic)?;
        let mut failed_entries = Vec::new();
        let mut fail = |entry_id: String, error: String| {
            failed_entries.push(BulkPublishResponseFailedEntry { entry_id, error });
        };
        let (mut ids, mut messages) = (Vec::new(), Vec::new());
        for BulkMessageEntry { entry_id, event, content_type, metadata: own } in entries {
            let mut all = metadata.clone();
            all.extend(own);
            match Outgoing::new(event, content_type, &all) {
                Ok(message) => {
                    ids.push(entry_id);
                    messages.push(message);
                }
                Err(error) => fail(entry_id, error),
            }
        }
        if !messages.is_empty()
            && let Err(failure) = instance.publish(&topic, messages).await
        {
            for id in ids {
                fail(id, failure.to_string());
            }
        }
        Ok(Response::new(BulkPublishResponse { failed_entries }))
    }

    async fn pull_messages(
        &self,
        request: Request<Streaming<PullMessagesRequest>>,
    ) -> Result<Response<Self::PullMessagesStream>, Status> {
        let instance = self.instance(request.metadata())?;
        let mut answers = request.into_inner();
        let first = answers.message().await?.and_then(|first| first.topic);
        let topic = first.ok_or_else(|| Status::invalid_argument("the first request names no topic"))?.name;
        topic_of(&topic)?;
        let (outbox, messages) = mpsc::channel(1);
        tokio::spawn(async move { instance.serve(topic, answers, outbox).await });
        Ok(Response::new(Box::pin(ReceiverStream::new(messages))))
    }

    async fn pause(&self, request: Request<PauseRequest>) -> Result<Response<PauseResponse>, Status> {
        self.instance(request.metadata())?.flow(false);
        Ok(Response::new(PauseResponse {}))
    }

    async fn resume(&self, request: Request<ResumeRequest>) -> Result<Response<ResumeResponse>, Status> {
        self.instance(request.metadata())?.flow(true);
        Ok(Response::new(ResumeResponse {}))
    }

    /// Whether this process lives. The database is not asked: a restart would not bring it back.
    async fn ping(&self, _: Request<PingRequest>) -> Result<Response<PingResponse>, Status> {
        Ok(Response::new(PingResponse {}))
    }
}
