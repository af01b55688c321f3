//! `traffic`: measures `pubsub.postgresql` beside the sandbox's Kafka broker; `scripts/bench-pubsub` runs it.

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    traffic::comparison::run().await;
}
