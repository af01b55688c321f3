//! The process: what it is told, its log, its thread, its exit status.

use std::process::ExitCode;

use pubsub_postgresql::config::Config;
use pubsub_postgresql::server;

fn main() -> ExitCode {
    // One object per line, as daprd does with `dapr.io/log-as-json`.
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_max_level(tracing::Level::INFO)
        .init();
    let result = Config::from_process().and_then(|config| {
        // One thread: the work is waiting for the network.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(server::serve(config))
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            tracing::error!(error = problem, "ended");
            ExitCode::FAILURE
        }
    }
}
