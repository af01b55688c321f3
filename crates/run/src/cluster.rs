//! Owns the door to the API server: one connection for every look, and for what todoctl keeps for itself. `cluster/` is
//! the only place that names the client.
//! Refuses to know what is looked for (`look`) and to change the application: that is done by commands that a person
//! could type (`runner`).

mod connect;
mod detour;
mod discover;
mod follow;
mod login;
mod logs;
mod program;
mod proxy;
mod refusal;
mod session;
mod transport;
mod usable;
mod write;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use http::{Request, header};
use http_body_util::{BodyExt, Limited};
#[cfg(test)]
pub(crate) use kube::Client;
pub(crate) use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use connect::Surroundings;
pub use follow::Change;
pub use proxy::Unanswered;
pub use refusal::Refusal;

use self::session::Session;
use todoctl_plan::look::{Look, Part};

/// How long an answer may take, connecting included, so that a dead server is noticed.
const LIMIT: Duration = Duration::from_secs(20);
/// Questions that are on the way at once; more wait for their turn. What todoctl writes does not wait, nor do streams.
const AT_ONCE: usize = 24;
/// Objects in one answer: what kubectl asks for at once (`--chunk-size`).
const PAGE: usize = 500;
/// Bytes of one answer; a page of the largest objects that the API server stores stays below it.
const LARGEST: usize = 512 * 1024 * 1024;
/// Only metadata of the objects of a list, which every supported API server can give (kubernetes
/// `apimachinery/pkg/apis/meta/v1`, since 1.15).
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// A connection to the API server of one cluster, as one user. A copy is the same connection.
#[derive(Clone)]
pub struct Connection {
    session: Session,
    places: Arc<Semaphore>,
    /// The context of the kubeconfig, for commands that a person can try.
    context: String,
    /// The address of the server, for messages.
    server: String,
}

/// One page of a list.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    /// Null where a list of metadata is empty (tried with Kubernetes 1.34); a list without the field is none.
    #[serde(deserialize_with = "Option::deserialize")]
    items: Option<Vec<Value>>,
}

#[derive(Deserialize, Default)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

impl Connection {
    /// A connection to an API server that a test has.
    #[cfg(test)]
    pub(crate) fn over(client: Client) -> Self {
        Self::of(Session::fixed(client), "test", "https://test".to_owned())
    }

    fn of(session: Session, context: &str, server: String) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self { session, places, context: context.to_owned(), server }
    }

    /// The context that a person names to reach the same cluster.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// Every object that is asked for, page by page. Each has its kind, which lists leave out.
    pub async fn objects(&self, look: &Look) -> Result<Vec<Value>, Refusal> {
        match self.pages(look, Some(PAGE)).await {
            // The list changed too much while it was read in pages; then it is read at once (client-go `tools/pager`).
            Err(refusal) if refusal.is_expired() => self.pages(look, None).await,
            answer => answer,
        }
    }

    /// The objects of several questions, side by side, in the order of the questions.
    pub async fn all(&self, looks: &[Look]) -> Result<Vec<Value>, (Look, Refusal)> {
        let answers = looks
            .iter()
            .map(|look| async move { self.objects(look).await.map_err(|refusal| (look.clone(), refusal)) });
        // Of several failures the first in order is told, whichever came first.
        let found: Vec<Vec<Value>> = join_all(answers).await.into_iter().collect::<Result<_, _>>()?;
        Ok(found.into_iter().flatten().collect())
    }

    /// One object by name; nothing when the server says that it is not there.
    pub async fn object(&self, look: &Look, name: &str) -> Result<Option<Value>, Refusal> {
        present(self.get(&look.path_of(name), None).await)
    }

    async fn pages(&self, look: &Look, limit: Option<usize>) -> Result<Vec<Value>, Refusal> {
        let path = look.path();
        let accept = match look.part {
            Part::Whole => None,
            Part::Metadata => Some(METADATA),
        };
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let page: Page = self.get(&paged(&path, limit, &next), accept).await?;
            all.extend(page.items.into_iter().flatten().map(|item| named(item, look)));
            next = page.metadata.next;
            if next.is_empty() {
                return Ok(all);
            }
        }
    }

    /// A look may be tried again: a server that is busy says so, and when.
    async fn get<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        accept: Option<&'static str>,
    ) -> Result<T, Refusal> {
        patiently(LIMIT, Refusal::is_busy, || self.get_once(path, accept)).await
    }

    async fn get_once<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        accept: Option<&'static str>,
    ) -> Result<T, Refusal> {
        let request = || {
            let request = Request::get(path).header(header::ACCEPT, accept.unwrap_or("application/json"));
            request.body(Body::empty()).map_err(|error| Refusal::no_address(path, &error))
        };
        let body = self.ask_for(request, LIMIT, LARGEST).await?;
        serde_json::from_slice(&body).map_err(|error| Refusal::unreadable(&error))
    }

    /// The answer to a question, in its turn.
    async fn ask_for(
        &self,
        request: impl Fn() -> Result<Request<Body>, Refusal>,
        limit: Duration,
        largest: usize,
    ) -> Result<Vec<u8>, Refusal> {
        // It is never closed.
        let _place = self.places.acquire().await;
        self.answer(request, limit, largest).await
    }

    /// The body of an answer with a 2xx status, within a time and a size.
    async fn answer(
        &self,
        request: impl Fn() -> Result<Request<Body>, Refusal>,
        limit: Duration,
        largest: usize,
    ) -> Result<Vec<u8>, Refusal> {
        self.known(|| async { self.answer_once(request()?, limit, largest).await }).await
    }

    /// A server that does not know the user any more has done nothing else: then it is asked once more, after another
    /// login.
    async fn known<T, F: Future<Output = Result<T, Refusal>>>(&self, ask: impl Fn() -> F) -> F::Output {
        let login = self.session.fresh().await?;
        match ask().await {
            Err(refusal) if refusal.is_unknown_user() => {
                self.session.renew(login).await?;
                ask().await
            }
            answer => answer,
        }
    }

    async fn answer_once(
        &self,
        request: Request<Body>,
        limit: Duration,
        largest: usize,
    ) -> Result<Vec<u8>, Refusal> {
        let answered = async {
            let answer = self
                .session
                .client()
                .send(request)
                .await
                .map_err(|error| Refusal::lost(&error, &self.server))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, largest).collect().await;
            let body = body.map_err(|error| Refusal::lost(error.as_ref(), &self.server))?.to_bytes();
            if head.status.is_success() {
                Ok(body.to_vec())
            } else {
                Err(Refusal::answered(head.status.as_u16(), &head.headers, &body))
            }
        };
        tokio::time::timeout(limit, answered)
            .await
            .unwrap_or_else(|_| Err(Refusal::slow(&self.server, limit)))
    }
}

/// Asks again while the server refuses in a way that allows it, after the pause that it wants, within a time.
async fn patiently<T, F: Future<Output = Result<T, Refusal>>>(
    limit: Duration,
    may_ask_again: impl Fn(&Refusal) -> bool,
    ask: impl Fn() -> F,
) -> Result<T, Refusal> {
    let until = Instant::now() + limit;
    loop {
        match ask().await {
            Err(refusal) if may_ask_again(&refusal) && Instant::now() + refusal.pause() < until => {
                tokio::time::sleep(refusal.pause()).await;
            }
            answer => return answer,
        }
    }
}

/// An object that was asked for by name: that it is not there is an answer.
fn present<T>(answer: Result<T, Refusal>) -> Result<Option<T>, Refusal> {
    match answer {
        Ok(object) => Ok(Some(object)),
        Err(refusal) if refusal.lacks_object() => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// The address of one page.
fn paged(path: &str, limit: Option<usize>, next: &str) -> String {
    let Some(limit) = limit else { return path.to_owned() };
    let sign = if path.contains('?') { '&' } else { '?' };
    // A token is URL-safe base64 (apiserver `pkg/storage/continue.go`).
    let next = if next.is_empty() { String::new() } else { format!("&continue={next}") };
    format!("{path}{sign}limit={limit}{next}")
}

/// An object with its version and kind.
fn named(mut item: Value, look: &Look) -> Value {
    if let Some(fields) = item.as_object_mut() {
        fields.insert("apiVersion".to_owned(), look.resource.api_version().into());
        fields.insert("kind".to_owned(), look.resource.kind.into());
    }
    item
}

#[cfg(test)]
mod tests;
