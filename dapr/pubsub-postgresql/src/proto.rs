//! Owns the messages of the two services, written from the published field numbers, and the generated glue.
//! Refuses to mean anything: `service` and `reflection` do.
//!
//! `dapr.proto.components.v1` is that of dapr/dapr v1.18.1 (`dapr/proto/components/v1/pubsub.proto`, `common.proto`),
//! `grpc.reflection.v1alpha` that of gRPC (`grpc/reflection/v1alpha/reflection.proto`); of the latter only what lists
//! services, because daprd asks nothing else (`pkg/components/pluggable/discovery.go`).

use std::collections::HashMap;

/// Metadata of a component, or of a message.
pub type Metadata = HashMap<String, String>;

/// The properties of the Component, secrets filled in.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MetadataRequest {
    /// Name and value.
    #[prost(map = "string, string", tag = "1")]
    pub properties: Metadata,
}

/// What daprd calls first, at its own start.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PubSubInitRequest {
    /// The properties.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<MetadataRequest>,
}

/// Empty.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct PubSubInitResponse {}

/// Empty.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct FeaturesRequest {}

/// What the component can do itself.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FeaturesResponse {
    /// Names of features.
    #[prost(string, repeated, tag = "1")]
    pub features: Vec<String>,
}

/// One message to publish.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PublishRequest {
    /// Its content.
    #[prost(bytes = "vec", tag = "1")]
    pub data: Vec<u8>,
    /// Name of the Component.
    #[prost(string, tag = "2")]
    pub pubsub_name: String,
    /// The topic.
    #[prost(string, tag = "3")]
    pub topic: String,
    /// Its metadata.
    #[prost(map = "string, string", tag = "4")]
    pub metadata: Metadata,
    /// Its content type.
    #[prost(string, tag = "5")]
    pub content_type: String,
}

/// Empty: it is published.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct PublishResponse {}

/// Several messages to publish.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BulkPublishRequest {
    /// The messages.
    #[prost(message, repeated, tag = "1")]
    pub entries: Vec<BulkMessageEntry>,
    /// Name of the Component.
    #[prost(string, tag = "2")]
    pub pubsub_name: String,
    /// The topic of all of them.
    #[prost(string, tag = "3")]
    pub topic: String,
    /// Metadata of the request.
    #[prost(map = "string, string", tag = "4")]
    pub metadata: Metadata,
}

/// One of several messages.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BulkMessageEntry {
    /// What names it in the answer.
    #[prost(string, tag = "1")]
    pub entry_id: String,
    /// Its content.
    #[prost(bytes = "vec", tag = "2")]
    pub event: Vec<u8>,
    /// Its content type.
    #[prost(string, tag = "3")]
    pub content_type: String,
    /// Its metadata.
    #[prost(map = "string, string", tag = "4")]
    pub metadata: Metadata,
}

/// The messages that were not published.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BulkPublishResponse {
    /// Empty when all were.
    #[prost(message, repeated, tag = "1")]
    pub failed_entries: Vec<BulkPublishResponseFailedEntry>,
}

/// A message that was not published.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BulkPublishResponseFailedEntry {
    /// Which one.
    #[prost(string, tag = "1")]
    pub entry_id: String,
    /// Why.
    #[prost(string, tag = "2")]
    pub error: String,
}

/// What a subscriber wants.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Topic {
    /// Name of the topic.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Metadata of the subscription.
    #[prost(map = "string, string", tag = "2")]
    pub metadata: Metadata,
}

/// Why a message was not handled.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AckMessageError {
    /// The reason.
    #[prost(string, tag = "1")]
    pub message: String,
}

/// First the topic, then one acknowledgement each.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PullMessagesRequest {
    /// In the first request only.
    #[prost(message, optional, tag = "1")]
    pub topic: Option<Topic>,
    /// The message that is acknowledged.
    #[prost(string, tag = "2")]
    pub ack_message_id: String,
    /// There when the message was not handled.
    #[prost(message, optional, tag = "3")]
    pub ack_error: Option<AckMessageError>,
}

/// A message for a subscriber.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PullMessagesResponse {
    /// Its content.
    #[prost(bytes = "vec", tag = "1")]
    pub data: Vec<u8>,
    /// Its topic.
    #[prost(string, tag = "2")]
    pub topic_name: String,
    /// Its metadata.
    #[prost(map = "string, string", tag = "3")]
    pub metadata: Metadata,
    /// Its content type.
    #[prost(string, tag = "4")]
    pub content_type: String,
    /// What it is acknowledged by.
    #[prost(string, tag = "5")]
    pub id: String,
}

/// Empty.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct PauseRequest {}

/// Empty.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct PauseResponse {}

/// Empty.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct ResumeRequest {}

/// Empty.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct ResumeResponse {}

/// Empty.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct PingRequest {}

/// Empty.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct PingResponse {}

/// A question about the services; of the five kinds only the one that is answered.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ServerReflectionRequest {
    /// Said back in the answer.
    #[prost(string, tag = "1")]
    pub host: String,
    /// There when the services are asked for; its content means nothing.
    #[prost(string, optional, tag = "7")]
    pub list_services: Option<String>,
}

/// The answer to a question about the services.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ServerReflectionResponse {
    /// As it was asked.
    #[prost(string, tag = "1")]
    pub valid_host: String,
    /// The question.
    #[prost(message, optional, tag = "2")]
    pub original_request: Option<ServerReflectionRequest>,
    /// The services.
    #[prost(message, optional, tag = "6")]
    pub list_services_response: Option<ListServiceResponse>,
    /// Why there is no answer.
    #[prost(message, optional, tag = "7")]
    pub error_response: Option<ErrorResponse>,
}

/// The services.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ListServiceResponse {
    /// One each.
    #[prost(message, repeated, tag = "1")]
    pub service: Vec<ServiceResponse>,
}

/// A service.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ServiceResponse {
    /// Its full name.
    #[prost(string, tag = "1")]
    pub name: String,
}

/// Why a question is not answered.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ErrorResponse {
    /// Status code of gRPC.
    #[prost(int32, tag = "1")]
    pub error_code: i32,
    /// The reason.
    #[prost(string, tag = "2")]
    pub error_message: String,
}

/// The generated glue of `dapr.proto.components.v1.PubSub`.
#[expect(
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod pub_sub {
    include!(concat!(env!("OUT_DIR"), "/dapr.proto.components.v1.PubSub.rs"));
}

/// The generated glue of `grpc.reflection.v1alpha.ServerReflection`.
#[expect(
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod server_reflection {
    include!(concat!(env!("OUT_DIR"), "/grpc.reflection.v1alpha.ServerReflection.rs"));
}
