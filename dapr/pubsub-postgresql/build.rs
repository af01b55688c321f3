//! Makes the gRPC glue of the two services from a description of their methods: no protoc, no copy of Dapr's files.

use tonic_build::manual::{Builder, Method, Service};

const CODEC: &str = "tonic_prost::ProstCodec";

/// A method: its name in Rust and in gRPC, its messages without `Request` and `Response`.
fn method(name: &str, route: &str, messages: &str, streams: bool) -> Method {
    let method = Method::builder()
        .name(name)
        .route_name(route)
        .input_type(format!("crate::proto::{messages}Request"))
        .output_type(format!("crate::proto::{messages}Response"))
        .codec_path(CODEC);
    if streams { method.client_streaming().server_streaming() } else { method }.build()
}

fn main() {
    let unary = [
        ("init", "Init", "PubSubInit"),
        ("features", "Features", "Features"),
        ("publish", "Publish", "Publish"),
        ("bulk_publish", "BulkPublish", "BulkPublish"),
        ("pause", "Pause", "Pause"),
        ("resume", "Resume", "Resume"),
        ("ping", "Ping", "Ping"),
    ];
    let mut pub_sub = Service::builder().name("PubSub").package("dapr.proto.components.v1");
    for (name, route, messages) in unary {
        pub_sub = pub_sub.method(method(name, route, messages, false));
    }
    let pub_sub = pub_sub.method(method("pull_messages", "PullMessages", "PullMessages", true)).build();
    let reflection = Service::builder()
        .name("ServerReflection")
        .package("grpc.reflection.v1alpha")
        .method(method("server_reflection_info", "ServerReflectionInfo", "ServerReflection", true))
        .build();
    Builder::new().compile(&[pub_sub, reflection]);
    println!("cargo::rerun-if-changed=build.rs");
}
