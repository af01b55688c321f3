//! Owns the comparison of `pubsub.postgresql` with the sandbox's Kafka broker: both on this machine, both with their data
//! on disk before they answer, in turns. The table goes to stdout, progress to stderr.
//!
//! Refuses to say which is better: a real Kafka has replicas, and a machine of its own.

#![expect(clippy::print_stdout, reason = "the table is its result")]
#![expect(clippy::print_stderr, reason = "progress")]

mod bus;

use std::time::Duration;

use test_postgres::Server;

use crate::broker::{Broker, Kafka};
use crate::figures::{memory, percentile};
use bus::Bus;

/// How often each is measured, in turns.
const ROUNDS: u32 = 3;
/// Nothing else happens: so few events that each is alone.
const ALONE: Load = Load { per_second: 4, seconds: 15 };
/// The load that the figures are given for.
const STEADY: Load = Load { per_second: 200, seconds: 15 };
/// How long as many events go through as can, per round.
const HIGHEST: Duration = Duration::from_secs(15);
/// How long the database is watched while nobody publishes.
const IDLE: Duration = Duration::from_mins(1);

/// Events at even distances.
#[derive(Clone, Copy)]
struct Load {
    per_second: u32,
    seconds: u32,
}

/// What one bus showed.
#[derive(Default)]
struct Figures {
    alone: Vec<u64>,
    steady: Vec<u64>,
    rates: Vec<u64>,
}

/// Measures, and prints the table.
pub async fn run() {
    let server = Server::start_durable().expect("PostgreSQL is installed");
    server.create("bench");
    let folder = tempfile::tempdir().expect("a folder");
    let kafka = Kafka::start(folder.path(), bus::TOPIC);
    let url = server.url("bench", "?sslmode=require");
    let mut buses = [
        Bus::start(&folder.path().join("postgresql"), &Broker::Postgres { url, metadata: Vec::new() }).await,
        Bus::start(&folder.path().join("kafka"), &kafka.broker()).await,
    ];
    let mut figures = [Figures::default(), Figures::default()];
    eprintln!("nobody publishes");
    let queries = idle(&server).await;
    for round in 1..=ROUNDS {
        for (bus, figures) in buses.iter_mut().zip(&mut figures) {
            eprintln!("round {round} of {ROUNDS}: {}", bus.kind);
            figures.alone.extend(bus.latencies(ALONE).await);
            figures.steady.extend(bus.latencies(STEADY).await);
            figures.rates.push(bus.highest(HIGHEST).await);
        }
    }
    let [postgres, _] = &buses;
    let component = postgres.components().filter_map(|pid| memory(pid, "VmHWM")).max();
    let broker = kafka.process().pid().and_then(|pid| memory(pid, "VmHWM"));
    print(&figures, component, broker, queries);
}

/// The queries of two components that nobody needs, per second.
async fn idle(server: &Server) -> f64 {
    let queries = || {
        let counted = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'bench'";
        server.sql("postgres", counted).parse::<f64>().expect("it is a number")
    };
    // What was done before is counted with a delay.
    tokio::time::sleep(IDLE / 4).await;
    let before = queries();
    tokio::time::sleep(IDLE).await;
    (queries() - before) / IDLE.as_secs_f64()
}

fn print([postgres, kafka]: &[Figures; 2], component: Option<u64>, broker: Option<u64>, queries: f64) {
    println!("|  | `pubsub.postgresql` | `pubsub.kafka`, the sandbox's broker |");
    println!("|---|---|---|");
    let row = |what: &str, values: [String; 2]| println!("| {what} | {} | {} |", values[0], values[1]);
    for (percent, name) in [(50, "p50"), (99, "p99")] {
        let values = [&postgres.alone, &kafka.alone].map(|values| milliseconds(values, percent));
        row(&format!("publish to receive, {} events/s, {name}", ALONE.per_second), values);
    }
    for (percent, name) in [(50, "p50"), (99, "p99")] {
        let values = [&postgres.steady, &kafka.steady].map(|values| milliseconds(values, percent));
        row(&format!("publish to receive, {} events/s, {name}", STEADY.per_second), values);
    }
    let rates = [&postgres.rates, &kafka.rates].map(|rates| match percentile(rates, 50) {
        Some(rate) => format!("{rate} events/s"),
        None => "–".to_owned(),
    });
    row("highest rate, one publisher and one consumer", rates);
    row("most memory of the component, of the broker", [mebibytes(component), mebibytes(broker)]);
    row("queries of two components while nobody publishes", [format!("{queries:.1}/s"), "–".to_owned()]);
}

fn milliseconds(micros: &[u64], percent: usize) -> String {
    match percentile(micros, percent) {
        Some(value) => format!("{}.{} ms", value / 1000, value % 1000 / 100),
        None => "–".to_owned(),
    }
}

fn mebibytes(kib: Option<u64>) -> String {
    kib.map_or_else(|| "–".to_owned(), |kib| format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024))
}
