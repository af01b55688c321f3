//! The sample application: one program, one role per service.
//!
//! Owns the choice of the role and the life of the process: start, faults, signals, exit status.
//! Refuses to know what a role does.

mod audit;
mod backend;
mod config;
mod consumer;
mod event;
mod faults;
mod frontend;
mod http;
mod ledger;
mod log;
mod metrics;
mod notification;
mod recurring;
mod server;
mod sidecar;
mod signals;
#[cfg(test)]
mod testing;

use std::process::ExitCode;

use config::{Config, Role};
use faults::Fault;

fn main() -> ExitCode {
    let config = match Config::from_process() {
        Ok(config) => config,
        Err(problems) => {
            log::error("cannot start", &[("problems", problems.as_slice().into())]);
            return ExitCode::FAILURE;
        }
    };
    log::set_level(config.log_level);
    // One thread: the work is waiting for the network.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            log::error("cannot start", &[("problems", error.to_string().into())]);
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            log::error("stopped", &[("problem", problem.into())]);
            ExitCode::FAILURE
        }
    }
}

/// Runs the role until a signal or a fault ends it.
async fn run(config: Config) -> Result<(), String> {
    // Signals first: a process that is number 1 of its container ignores those that it does not handle.
    let mut stop = signals::Stop::listen().map_err(|error| format!("cannot handle signals: {error}"))?;
    let faults = config.faults.clone();
    if faults.exit_at_start {
        return Err("fault: exit at start".to_owned());
    }
    if let Some(delay) = faults.slow_start {
        log::warn("fault: slow start", &[("seconds", delay.as_secs().into())]);
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = stop.received() => return Ok(()),
        }
    }
    let role = config.role;
    let serving = async {
        match role {
            Role::Backend => backend::run(config, stop).await,
            Role::Frontend => frontend::run(config, stop).await,
            Role::Notification => notification::run(config, stop).await,
            Role::Recurring => recurring::run(config, stop).await,
            Role::Audit => audit::run(config, stop).await,
        }
    };
    tokio::select! {
        result = serving => result,
        fault = Fault::crash(faults.crash_after) => Err(fault),
    }
}
