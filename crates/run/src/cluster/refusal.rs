//! Owns why the API server gave no answer to a question: it said no, or it was not reached.
//! Refuses to say what to do about it: that depends on what was asked.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use http::{HeaderMap, header};
use hyper_util::client::legacy::Error as LegacyError;
use kube::client::AuthError;
use kube::runtime::watcher;
use serde::Deserialize;

use super::login;
use todoctl_core::text;

/// Most characters of an answer that is no `Status`.
const SHOWN: usize = 400;

/// Pause before a server that is busy is asked again, when it says none.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest that a server may ask for.
const LONGEST: Duration = Duration::from_hours(1);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The server says no.
    Status(Status),
    /// The server was not reached, or what came is no answer.
    Lost {
        /// Why, in one line.
        why: String,
        /// Whether the question may have been read all the same.
        sent: bool,
    },
}

/// What the server says, as `Status` of the API has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// HTTP status.
    pub code: u16,
    /// For programs, such as `Forbidden`.
    pub reason: String,
    /// For people.
    pub message: String,
    /// Where a redirect leads.
    #[serde(skip)]
    pub(super) location: String,
    #[serde(skip)]
    retry_after: Option<u64>,
    details: Details,
}

impl Status {
    /// Whether a program behind the service proxy gave the answer: the API server's own has a reason.
    pub(super) fn is_of_a_program(&self) -> bool {
        self.reason.is_empty()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Details {
    name: String,
}

impl Refusal {
    /// An answer with another status than 2xx.
    pub(super) fn answered(code: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let said = serde_json::from_slice::<Status>(body).ok().filter(|said| !said.message.is_empty());
        // Without one: a proxy on the way, or an address that is not served.
        let plain = || {
            let message = text::cut(&text::clean_line(&String::from_utf8_lossy(body)), SHOWN, "…");
            let message = match text(header::LOCATION).filter(|_| message.is_empty()) {
                Some(place) => format!("it leads to {}", text::clean_line(place)),
                None => message,
            };
            Status { message, ..Status::default() }
        };
        Self::Status(Status {
            code,
            location: text(header::LOCATION).unwrap_or_default().to_owned(),
            retry_after: text(header::RETRY_AFTER).and_then(|seconds| seconds.parse().ok()),
            ..said.unwrap_or_else(plain)
        })
    }

    /// A stream that was cut or refused.
    pub(super) fn of_stream(error: &watcher::Error, server: &str) -> Self {
        match source(error) {
            Some(status) => Self::Status(Status {
                code: status.code,
                reason: status.reason.clone(),
                message: status.message.clone(),
                ..Status::default()
            }),
            None => Self::lost(error, server),
        }
    }

    /// An answer that never began, or ended early.
    pub(super) fn lost(error: &(dyn Error + 'static), server: &str) -> Self {
        let (mut last, mut kind, mut sent) = (error, kind(error), !is_connecting(error));
        loop {
            if let Some(login) = last.downcast_ref::<AuthError>() {
                return Self::Lost { why: login::failed(login), sent: false };
            }
            let Some(source) = last.source() else { break };
            last = source;
            kind = kind.or(self::kind(last));
            sent &= !is_connecting(last);
        }
        let why = match kind {
            Some(io::ErrorKind::ConnectionRefused) => {
                format!("the connection to the API server {server} was refused")
            }
            Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
                format!("the API server {server} closed the connection")
            }
            Some(_) | None => format!("the API server {server} cannot be reached: {last}"),
        };
        Self::Lost { why, sent }
    }

    /// An answer that did not come.
    pub(super) fn slow(server: &str, limit: Duration) -> Self {
        Self::Lost {
            why: format!("the API server {server} gave no answer within {} s", limit.as_secs()),
            sent: true,
        }
    }

    /// An answer that cannot be understood.
    pub(super) fn unreadable(error: &dyn fmt::Display) -> Self {
        Self::Lost { why: format!("the API server's answer is not readable: {error}"), sent: true }
    }

    /// A question that cannot be put.
    pub(super) fn no_address(path: &str, error: &dyn fmt::Display) -> Self {
        Self::Lost { why: format!("{path} is no address: {error}"), sent: false }
    }

    /// A kubeconfig that leads nowhere. The caller says what is wrong with it, without its lines. It is told by its
    /// context, which a person knows: what is read may be a copy.
    pub(super) fn unusable(context: &str, error: &dyn fmt::Display) -> Self {
        Self::Lost { why: format!("the kubeconfig's context {context} is of no use: {error}"), sent: false }
    }

    /// Whether it is not known what became of the question.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// What a person is told where it is clear who says it.
    pub fn told(&self) -> String {
        match self {
            Self::Status(status) => status.message.clone(),
            Self::Lost { why, .. } => why.clone(),
        }
    }

    /// Whether this user may not see it.
    pub fn is_forbidden(&self) -> bool {
        self.code() == Some(403)
    }

    /// Whether the server does not know the resource: the one answer that proves that there is no object of it.
    pub fn lacks_resource(&self) -> bool {
        self.code() == Some(404) && !self.lacks_object()
    }

    /// Whether the server knows the resource and has no object of that name.
    pub fn lacks_object(&self) -> bool {
        match self {
            Self::Status(status) => status.code == 404 && !status.details.name.is_empty(),
            Self::Lost { .. } => false,
        }
    }

    /// Whether the server itself does not accept the user's token or certificate: it did nothing else.
    pub(super) fn is_unknown_user(&self) -> bool {
        match self {
            Self::Status(status) => status.code == 401 && !status.is_of_a_program(),
            Self::Lost { .. } => false,
        }
    }

    /// Whether the server has no time now.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.code(), Some(429 | 503 | 504))
    }

    /// Whether the server has refused to begin, because it has too much to do.
    pub(super) fn is_put_off(&self) -> bool {
        self.code() == Some(429)
    }

    /// Whether the same may be answered well when it is asked again.
    pub fn may_pass(&self) -> bool {
        self.is_lost() || self.code().is_some_and(|code| code == 429 || code >= 500)
    }

    /// Whether there is an object of that name already.
    pub fn already_exists(&self) -> bool {
        match self {
            Self::Status(status) => status.code == 409 && status.reason == "AlreadyExists",
            Self::Lost { .. } => false,
        }
    }

    /// How long to wait before the same is asked again.
    pub(super) fn pause(&self) -> Duration {
        match self {
            // Nobody waits longer, and there are clocks that end.
            Self::Status(Status { retry_after: Some(seconds), .. }) => {
                Duration::from_secs(*seconds).min(LONGEST)
            }
            Self::Status(_) | Self::Lost { .. } => PAUSE,
        }
    }

    /// Whether a list that is read in pages is too old to go on.
    pub(super) fn is_expired(&self) -> bool {
        self.code() == Some(410)
    }

    pub(super) fn code(&self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(status.code),
            Self::Lost { .. } => None,
        }
    }
}

/// The server's own word behind a failure.
fn source<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e kube::core::Status> {
    let own = error.downcast_ref::<kube::core::Status>();
    own.or_else(|| error.source().and_then(source))
}

/// Whether it happened before a connection was there, so that nothing was sent.
fn is_connecting(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<LegacyError>().is_some_and(LegacyError::is_connect)
}

fn kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    error.downcast_ref::<io::Error>().map(io::Error::kind)
}

/// As kubectl says it.
impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(Status { code, reason, message, .. }) => {
                let reason = if reason.is_empty() { code.to_string() } else { reason.clone() };
                write!(out, "Error from server ({reason}): {message}")
            }
            Self::Lost { why, .. } => out.write_str(why),
        }
    }
}
