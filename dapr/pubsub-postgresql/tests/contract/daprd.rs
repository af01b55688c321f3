//! What stands for daprd's HTTP port: says whether it is ready, and keeps what it was asked.

#![expect(clippy::unwrap_used, reason = "only tests use it: they fail by a panic")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// It answers as long as the test runs.
pub(super) struct Daprd {
    pub(super) port: u16,
    ready: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Daprd {
    pub(super) async fn start(ready: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let daprd = Self { port, ready: Arc::new(ready.into()), asked: Arc::default() };
        let (ready, asked) = (Arc::clone(&daprd.ready), Arc::clone(&daprd.asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let waits = request.starts_with("GET") && !ready.load(Ordering::Relaxed);
                let status = if waits { "500 Internal Server Error" } else { "204 No Content" };
                asked.lock().unwrap().push(request);
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        daprd
    }

    pub(super) fn get_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// How many requests there were.
    pub(super) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// The requests to end.
    pub(super) fn shutdowns(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| one.starts_with("POST /v1.0/shutdown HTTP/1.1")).cloned().collect()
    }
}
