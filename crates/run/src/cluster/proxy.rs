//! Owns requests to programs through the API server's service proxy: exactly what is asked, and whether the answer is
//! the program's or the API server's.
//! Refuses to send anything twice: whether that would repeat something is told.

use std::time::Duration;

use http::{HeaderValue, Method, Request, header};
use kube::client::Body;

use super::{Connection, Refusal};
use todoctl_core::text;
use todoctl_plan::step;
use todoctl_project::profile;

/// How long a program may take to answer.
const LIMIT: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const LARGEST: usize = 4 * 1024 * 1024;
/// How often a program may lead elsewhere.
const REDIRECTS: usize = 5;
/// How the API server begins when no program got a request: no pod is ready, the Service has no such port (kubernetes
/// `pkg/registry/core/service/storage`), or the pod could not be connected to (apimachinery
/// `pkg/util/proxy/transport.go`; any other "trying to reach service" may come after the request was read).
const UNDELIVERED: [&str; 3] =
    ["no endpoints available for service ", "no service port ", "error trying to reach service: dial tcp "];

/// Why a request was not answered with a 2xx status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// In one line.
    pub why: String,
    /// Whether it certainly reached no program, so that sending it again repeats nothing.
    pub undelivered: bool,
    /// Whether the program said 404.
    pub absent: bool,
}

impl Connection {
    /// The body of a program's answer with a 2xx status. A body that is sent is JSON, and says so. A `GET` that is led
    /// elsewhere in the same program follows, as kubectl does.
    pub async fn ask(&self, asked: &step::Request) -> Result<String, Unanswered> {
        let place = place(asked);
        let mut address = format!("{place}{}", asked.path);
        for _ in 0..REDIRECTS {
            let request = || request(asked, &address).map_err(|error| Refusal::no_address(&address, &error));
            match self.ask_for(request, LIMIT, LARGEST).await {
                Ok(body) => return Ok(String::from_utf8_lossy(&body).into_owned()),
                Err(refusal) => match elsewhere(&refusal, &place) {
                    Some(next) if asked.method == profile::Method::Get => address = next,
                    Some(_) | None => return Err(unanswered(&refusal)),
                },
            }
        }
        let why = format!("the program leads elsewhere {REDIRECTS} times");
        Err(Unanswered { why, undelivered: false, absent: false })
    }
}

/// Where a redirect within the same program leads: the API server writes its address behind its own.
fn elsewhere(refusal: &Refusal, place: &str) -> Option<String> {
    let Refusal::Status(status) = refusal else { return None };
    let next = status.location.parse::<http::Uri>().ok().filter(|_| (300..400).contains(&status.code))?;
    let path = next.path_and_query()?.as_str();
    path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/')).then(|| path.to_owned())
}

/// The address of a program.
fn place(asked: &step::Request) -> String {
    let step::Request { namespace, service, port, .. } = asked;
    format!("/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy")
}

fn request(asked: &step::Request, address: &str) -> Result<Request<Body>, http::Error> {
    let step::Request { method, body, .. } = asked;
    let method = match method {
        profile::Method::Get => Method::GET,
        profile::Method::Post => Method::POST,
        profile::Method::Put => Method::PUT,
        profile::Method::Delete => Method::DELETE,
    };
    let request = Request::builder().method(method).uri(address);
    match body {
        None => request.body(Body::empty()),
        Some(body) => request
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Body::from(body.to_string().into_bytes())),
    }
}

fn unanswered(refusal: &Refusal) -> Unanswered {
    match refusal {
        Refusal::Status(status) if status.is_of_a_program() => {
            let said = text::clean_line(status.message.trim());
            let said = if said.is_empty() { said } else { format!(": {said}") };
            Unanswered {
                why: format!("the program answered {}{said}", status.code),
                undelivered: false,
                absent: status.code == 404,
            }
        }
        Refusal::Status(status) => Unanswered {
            why: refusal.to_string(),
            undelivered: refusal.lacks_object()
                || UNDELIVERED.iter().any(|start| status.message.starts_with(start)),
            absent: false,
        },
        Refusal::Lost { sent, .. } => {
            Unanswered { why: refusal.to_string(), undelivered: !sent, absent: false }
        }
    }
}
