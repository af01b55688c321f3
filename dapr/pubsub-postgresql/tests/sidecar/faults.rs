//! Owns what goes wrong at random: the database is killed or restarted, a component or a sidecar is killed.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use test_postgres::Server;
use tokio::task::JoinHandle;
use traffic::sidecar::Sidecar;

/// Milliseconds between two faults.
const PAUSE: Range<u64> = 1_000..3_000;
/// Milliseconds that the database is away.
const AWAY: Range<u64> = 0..2_000;

/// How often what went wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// The database was killed or restarted.
    pub(super) databases: u64,
    /// A component was killed.
    pub(super) components: u64,
    /// A sidecar was killed.
    pub(super) sidecars: u64,
}

/// Faults that go on until they are ended.
pub(super) struct Faults {
    done: Arc<AtomicBool>,
    task: JoinHandle<(Counts, Server)>,
}

impl Faults {
    /// Begins; the seed says in which order.
    pub(super) fn begin(server: Server, sidecars: Vec<Sidecar>, seed: u64) -> Self {
        let done = Arc::<AtomicBool>::default();
        let random = SmallRng::seed_from_u64(seed);
        let task = tokio::spawn(go_wrong(server, sidecars, random, Arc::clone(&done)));
        Self { done, task }
    }

    /// Ends them: what there was, and the database, which runs. The sidecars go.
    pub(super) async fn end(self) -> (Counts, Server) {
        self.done.store(true, Ordering::Relaxed);
        self.task.await.expect("the faults end")
    }
}

async fn go_wrong(
    mut server: Server,
    sidecars: Vec<Sidecar>,
    mut random: SmallRng,
    done: Arc<AtomicBool>,
) -> (Counts, Server) {
    let mut counts = Counts::default();
    while !done.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(random.random_range(PAUSE))).await;
        let which = &sidecars[random.random_range(0..sidecars.len())];
        match (random.random_range(0..5_u32), &which.component) {
            (0, _) => {
                let away = Duration::from_millis(random.random_range(AWAY));
                server = restart(server, random.random_bool(0.5), away).await;
                counts.databases += 1;
            }
            (1 | 2, Some(component)) => {
                component.kill().await;
                counts.components += 1;
            }
            _ => {
                which.daprd.kill().await;
                counts.sidecars += 1;
            }
        }
    }
    (counts, server)
}

/// Kills or stops the server, and starts it again.
async fn restart(mut server: Server, crash: bool, away: Duration) -> Server {
    let restart = move || {
        if crash {
            server.kill();
        } else {
            server.stop();
        }
        std::thread::sleep(away);
        server.resume();
        server
    };
    tokio::task::spawn_blocking(restart).await.expect("the database comes back")
}
