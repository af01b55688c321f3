//! Owns reading what containers say: up to a bound, or line by line for as long as they speak.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use http::{Request, header};
use http_body_util::{BodyExt, Collected, Limited};
use kube::client::Body;

use super::{Connection, LIMIT, Refusal};
use todoctl_plan::look::LogLook;

/// Bytes of one answer that is read as a whole.
const LARGEST: usize = 16 * 1024 * 1024;
/// Longer than anybody follows; a peer that is dead is noticed by the connection.
const FOREVER: Duration = Duration::from_hours(24 * 365);
/// Bytes of one line; of a longer one the rest counts as another.
const LONGEST: usize = 1024 * 1024;

impl Connection {
    /// The lines that are asked for. Sensitive as whatever a program writes.
    pub async fn log(&self, look: &LogLook) -> Result<String, Refusal> {
        let path = look.path();
        let body = self.ask_for(|| asked(&path), LIMIT, LARGEST).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// The lines of an address of a `LogLook`, as they come. An error is an answer that was cut off.
    pub async fn log_lines(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = Result<String, Refusal>> + Send + use<>, Refusal> {
        self.lines(path, LIMIT).await
    }

    /// The same of one that is followed: a kubelet answers with the first line, so that the answer begins when it is said.
    pub async fn log_lines_to_come(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = Result<String, Refusal>> + Send + use<>, Refusal> {
        self.lines(path, FOREVER).await
    }

    async fn lines(
        &self,
        path: &str,
        limit: Duration,
    ) -> Result<impl Stream<Item = Result<String, Refusal>> + Send + use<>, Refusal> {
        let body = self.known(|| self.log_body(path, limit)).await?;
        let server = self.server.clone();
        let state = (body.into_data_stream(), Lines::default(), server);
        Ok(stream::unfold(state, |(mut body, mut lines, server)| async move {
            loop {
                if let Some(line) = lines.next() {
                    return Some((Ok(line), (body, lines, server)));
                }
                match body.next().await {
                    Some(Ok(bytes)) => lines.take(&bytes),
                    Some(Err(error)) => {
                        let refusal = Refusal::lost(&error, &server);
                        return Some((Err(refusal), (body, lines, server)));
                    }
                    None => return lines.rest().map(|line| (Ok(line), (body, lines, server))),
                }
            }
        }))
    }

    /// The answer must begin in time; how long it goes on is the container's business.
    async fn log_body(&self, path: &str, limit: Duration) -> Result<Body, Refusal> {
        let client = self.session.client();
        let begun = tokio::time::timeout(limit, client.send(asked(path)?)).await;
        let answer = begun.map_err(|_| Refusal::slow(&self.server, limit))?;
        let (head, body) = answer.map_err(|error| Refusal::lost(&error, &self.server))?.into_parts();
        if head.status.is_success() {
            return Ok(body);
        }
        let body = tokio::time::timeout(LIMIT, Limited::new(body, LARGEST).collect()).await;
        let body = body.ok().and_then(Result::ok).map(Collected::to_bytes).unwrap_or_default();
        Err(Refusal::answered(head.status.as_u16(), &head.headers, &body))
    }
}

fn asked(path: &str) -> Result<Request<Body>, Refusal> {
    // The answer is text; a refusal is JSON all the same.
    let request = Request::get(path).header(header::ACCEPT, "*/*");
    request.body(Body::empty()).map_err(|error| Refusal::no_address(path, &error))
}

/// Bytes that become lines.
#[derive(Default)]
struct Lines {
    whole: VecDeque<String>,
    open: Vec<u8>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.open.extend_from_slice(part);
            if part.ends_with(b"\n") || self.open.len() > LONGEST {
                let line = self.rest();
                self.whole.extend(line);
            }
        }
    }

    fn next(&mut self) -> Option<String> {
        self.whole.pop_front()
    }

    /// What has no end yet.
    fn rest(&mut self) -> Option<String> {
        let open = std::mem::take(&mut self.open);
        let line = open.strip_suffix(b"\n").unwrap_or(&open);
        (!open.is_empty()).then(|| String::from_utf8_lossy(line).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_lines_wherever_they_are_cut() {
        let mut lines = Lines::default();
        for bytes in ["one\ntw", "o\n\nlast"] {
            lines.take(bytes.as_bytes());
        }
        let mut all: Vec<String> = std::iter::from_fn(|| lines.next()).collect();
        all.extend(lines.rest());
        assert_eq!(all, ["one", "two", "", "last"]);
        assert_eq!(lines.rest(), None);
    }

    #[test]
    fn a_line_without_an_end_is_not_kept_forever() {
        let mut lines = Lines::default();
        lines.take(&vec![b'x'; LONGEST + 1]);
        assert_eq!(lines.next().map(|line| line.len()), Some(LONGEST + 1));
    }
}
