//! Owns following the objects of a look as they change: a list, then every change, resumed where it was cut off, and a
//! new list where the server has forgotten that point (kube-runtime `watcher`).
//! Refuses to keep what it tells: who follows does.

use std::fmt;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use kube::api::{Api, ApiResource, DynamicObject};
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::Value;

use super::{Connection, Refusal, named};
use todoctl_plan::look::{Look, Resource};

/// How long one stream lasts before it is opened again where it ended. One whose peer is dead is noticed by then.
const LASTS: u32 = 60;
/// Pause after a failure.
const AGAIN: Duration = Duration::from_secs(1);

/// What became of the objects that are followed.
pub enum Change {
    /// These are all there are.
    All(Vec<Value>),
    /// One is new or another.
    Put(Value),
    /// One is gone.
    Gone(Value),
}

impl Connection {
    /// Follows the objects of a look; never ends. A failure is told, and then everything is listed anew: whoever heard
    /// of it hears when it is over.
    pub fn follow(&self, look: &Look) -> impl Stream<Item = Result<Change, Refusal>> + Send + use<> {
        let (connection, look) = (self.clone(), look.clone());
        let first = (connection.session.login(), Box::pin(connection.events(&look)));
        let state = (first, Vec::new(), connection, look);
        stream::unfold(state, |((mut login, mut events), mut listed, connection, look)| async move {
            loop {
                let change = match events.next().await? {
                    Ok(Event::Init) => {
                        listed.clear();
                        continue;
                    }
                    Ok(Event::InitApply(object)) => {
                        listed.push(value(&object, &look));
                        continue;
                    }
                    Ok(Event::InitDone) => Ok(Change::All(std::mem::take(&mut listed))),
                    Ok(Event::Apply(object)) => Ok(Change::Put(value(&object, &look))),
                    Ok(Event::Delete(object)) => Ok(Change::Gone(value(&object, &look))),
                    Err(error) => {
                        let refusal = Refusal::of_stream(&error, &connection.server);
                        // What comes of another login shows at the next try.
                        let _ = if refusal.is_unknown_user() {
                            connection.session.renew(login).await
                        } else {
                            connection.session.fresh().await.map(|_| ())
                        };
                        tokio::time::sleep(AGAIN).await;
                        // The one that failed would go on without a word where it was.
                        (login, events) = (connection.session.login(), Box::pin(connection.events(&look)));
                        Err(refusal)
                    }
                };
                return Some((change, ((login, events), listed, connection, look)));
            }
        })
    }

    fn events(
        &self,
        look: &Look,
    ) -> impl Stream<Item = watcher::Result<Event<DynamicObject>>> + Send + use<> {
        let config =
            watcher::Config { label_selector: label(look), ..watcher::Config::default().timeout(LASTS) };
        watcher(self.api(look), config)
    }

    fn api(&self, look: &Look) -> Api<DynamicObject> {
        let kind = resource(look.resource);
        match &look.namespace {
            Some(namespace) => Api::namespaced_with(self.session.client(), namespace, &kind),
            None => Api::all_with(self.session.client(), &kind),
        }
    }
}

fn resource(resource: Resource) -> ApiResource {
    ApiResource {
        group: resource.group.to_owned(),
        version: resource.version.to_owned(),
        api_version: resource.api_version(),
        kind: resource.kind.to_owned(),
        plural: resource.plural.to_owned(),
    }
}

fn label(look: &Look) -> Option<String> {
    (!look.label.is_empty()).then(|| look.label.clone())
}

fn value(object: &DynamicObject, look: &Look) -> Value {
    named(serde_json::to_value(object).unwrap_or_default(), look)
}

impl fmt::Debug for Change {
    /// Objects may hold secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(all) => write!(out, "All({})", all.len()),
            Self::Put(_) => out.write_str("Put"),
            Self::Gone(_) => out.write_str("Gone"),
        }
    }
}
