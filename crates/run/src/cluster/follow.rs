//! Owns following the objects of a look as they change: a list, then every change, resumed where it was cut off, and a
//! new list where the server has forgotten that point (kube-runtime `watcher`).
//! Refuses to keep what it tells: who follows does.

use std::fmt;
use std::time::Duration;

use futures_util::{Stream, StreamExt, future};
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
    /// Follows the objects of a look; never ends. A failure is told and tried again.
    pub fn follow(&self, look: &Look) -> impl Stream<Item = Result<Change, Refusal>> + Send + use<> {
        let (look, server) = (look.clone(), self.server.clone());
        let api = self.api(&look);
        let config =
            watcher::Config { label_selector: label(&look), ..watcher::Config::default().timeout(LASTS) };
        let mut listed = Vec::new();
        let told = move |event: Result<Event<DynamicObject>, watcher::Error>| {
            let change = match event {
                Ok(Event::Init) => {
                    listed.clear();
                    None
                }
                Ok(Event::InitApply(object)) => {
                    listed.push(value(&object, &look));
                    None
                }
                Ok(Event::InitDone) => Some(Ok(Change::All(std::mem::take(&mut listed)))),
                Ok(Event::Apply(object)) => Some(Ok(Change::Put(value(&object, &look)))),
                Ok(Event::Delete(object)) => Some(Ok(Change::Gone(value(&object, &look)))),
                Err(error) => Some(Err(Refusal::of_stream(&error, &server))),
            };
            future::ready(change)
        };
        watcher(api, config).filter_map(told).then(|change| async {
            if change.is_err() {
                tokio::time::sleep(AGAIN).await;
            }
            change
        })
    }

    fn api(&self, look: &Look) -> Api<DynamicObject> {
        let kind = resource(look.resource);
        match &look.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &kind),
            None => Api::all_with(self.client.clone(), &kind),
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
