//! A world in memory: helm's records with their traps, Deployments and pods, and faults at will.
//! Tags that start with `bad` never become ready; everything else is ready at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::cluster::{Body, Client, Connection};
use crate::runner::{Heard, Runner};
use todoctl_core::invocation::{Invocation, Output, RunError, Stdin, Tool};

/// How a changing command goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It fails and has done nothing.
    Before,
    /// It fails although it has done everything.
    After,
}

#[derive(Debug, Clone)]
pub(super) struct Revision {
    pub(super) status: &'static str,
    pub(super) tag: String,
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) releases: BTreeMap<String, Vec<Revision>>,
    /// Faults by the number of the changing command, from 0.
    pub(super) faults: BTreeMap<usize, Fault>,
    /// Releases whose rollback and uninstall always fail.
    pub(super) stubborn: Vec<String>,
    pub(super) changes: Vec<String>,
    generation: i64,
    generations: BTreeMap<String, i64>,
    streams: Vec<(&'static str, UnboundedSender<Bytes>)>,
}

type Answer = http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;

/// A runner over a `State`.
#[derive(Clone, Default)]
pub(super) struct Sim(pub(super) Arc<Mutex<State>>);

impl State {
    /// The tag that runs.
    pub(super) fn tag(&self, release: &str) -> Option<&str> {
        self.releases.get(release)?.last().map(|revision| revision.tag.as_str())
    }

    fn change(&mut self, invocation: &Invocation) -> Result<(), String> {
        let number = self.changes.len();
        self.changes.push(invocation.line());
        let fault = self.faults.get(&number).copied();
        if fault == Some(Fault::Before) {
            return Err("planted: nothing was done".to_owned());
        }
        let args: Vec<&str> = invocation.args.iter().map(String::as_str).collect();
        match args.as_slice() {
            ["upgrade", "--install", name, ..] => self.upgrade(name, invocation),
            ["rollback", name, number, ..] => self.rollback(name, number.parse().unwrap())?,
            ["uninstall", name, ..] => self.uninstall(name)?,
            _ => {}
        }
        if fault == Some(Fault::After) { Err("planted: everything was done".to_owned()) } else { Ok(()) }
    }

    fn upgrade(&mut self, name: &str, invocation: &Invocation) {
        let history = self.releases.entry(name.to_owned()).or_default();
        // helm merges the labels of the revision before.
        let mut labels = history.last().map(|last| last.labels.clone()).unwrap_or_default();
        let given = invocation.args.iter().skip_while(|arg| *arg != "--labels").nth(1).unwrap();
        labels.extend(
            given
                .split(',')
                .filter_map(|pair| pair.split_once('='))
                .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        supersede(history);
        history.push(Revision { status: "deployed", tag: overlay_tag(invocation), labels });
        self.tell(name);
    }

    fn rollback(&mut self, name: &str, number: usize) -> Result<(), String> {
        if self.stubborn.iter().any(|one| one == name) {
            return Err("planted: never".to_owned());
        }
        let history = self.releases.get_mut(name).ok_or("release: not found")?;
        let mut back =
            history.get(number - 1).cloned().ok_or_else(|| format!("release has no {number} version"))?;
        supersede(history);
        back.status = "deployed";
        history.push(back);
        self.tell(name);
        Ok(())
    }

    fn uninstall(&mut self, name: &str) -> Result<(), String> {
        if self.stubborn.iter().any(|one| one == name) {
            return Err("planted: never".to_owned());
        }
        self.releases.remove(name);
        Ok(())
    }

    /// Labels of a record of helm's; whatever else todoctl writes for itself is taken.
    fn write(&mut self, path: &str, change: &Value) {
        let name = path.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let Some((release, number)) =
            name.strip_prefix("sh.helm.release.v1.").and_then(|rest| rest.rsplit_once(".v"))
        else {
            return;
        };
        let revision = &mut self.releases.get_mut(release).unwrap()[number.parse::<usize>().unwrap() - 1];
        let marks = change["metadata"]["labels"].as_object().unwrap();
        revision
            .labels
            .extend(marks.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())));
    }

    /// A workload changed: its generation grows and the streams tell.
    fn tell(&mut self, name: &str) {
        self.generation += 1;
        self.generations.insert(name.to_owned(), self.generation);
        let objects = self.objects(name);
        for (kind, stream) in &self.streams {
            for object in objects.iter().filter(|object| object["kind"] == **kind) {
                // Whoever reads it may be gone.
                let _ = stream.send(event(object));
            }
        }
    }

    fn objects(&self, name: &str) -> Vec<Value> {
        let Some(tag) = self.tag(name) else {
            return Vec::new();
        };
        let generation = self.generations.get(name).copied().unwrap_or(1);
        let version = generation.to_string();
        let available = i64::from(!tag.starts_with("bad"));
        let revision = json!({"deployment.kubernetes.io/revision": generation.to_string()});
        let set = format!("{name}-{generation}");
        let waiting = if available == 1 {
            json!({"running": {}})
        } else {
            json!({"waiting": {"reason": "CrashLoopBackOff"}})
        };
        vec![
            json!({"kind": "Deployment", "metadata": {"name": format!("{name}-deployment"), "namespace": "todo", "uid": name, "generation": generation, "resourceVersion": version,
                "annotations": {"deployment.kubernetes.io/revision": generation.to_string(), "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": "todo"}},
                "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "app", "image": format!("app:{tag}")}]}}},
                "status": {"observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "availableReplicas": available}}),
            json!({"kind": "ReplicaSet", "metadata": {"name": set, "namespace": "todo", "uid": set, "resourceVersion": version, "annotations": revision, "ownerReferences": [{"uid": name}]}}),
            json!({"kind": "Pod", "metadata": {"name": format!("{set}-pod"), "namespace": "todo", "uid": format!("{set}-pod"), "resourceVersion": version, "ownerReferences": [{"uid": set}],
                "labels": {"app.kubernetes.io/instance": name}}, "spec": {"containers": [{"name": "app"}]},
                "status": {"containerStatuses": [{"name": "app", "state": waiting}]}}),
        ]
    }

    fn read(&self, args: &[&str], invocation: &Invocation) -> String {
        match args {
            ["template", name, ..] => manifest(name, &overlay_tag(invocation)),
            ["get", "manifest", name, ..] => {
                let number: usize = args.last().unwrap().parse().unwrap();
                manifest(name, &self.releases[*name][number - 1].tag)
            }
            ["get", "events", ..] => json!({"items": []}).to_string(),
            ["get", "--raw", ..] => "{}".to_owned(),
            _ => String::new(),
        }
    }

    /// What the API server answers to a look.
    fn answer(&self, path: &str) -> Value {
        let all = self.releases.keys().flat_map(|name| self.objects(name));
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["", "api", "v1", "namespaces"] => json!({"items": [{"metadata": {"name": "todo"}}]}),
            ["", "apis", "apps", "v1", "namespaces", _, _, name] => {
                all.into_iter().find(|one| one["metadata"]["name"] == **name).unwrap_or_default()
            }
            [.., "secrets"] if query.contains("owner") => json!({"items": self.records()}),
            [.., plural] => {
                let items: Vec<Value> = all.filter(|one| one["kind"] == kind(plural)).collect();
                json!({"metadata": {"resourceVersion": "1"}, "items": items})
            }
            [] => Value::Null,
        }
    }

    /// A stream of a kind. It begins with everything, since something may have changed after the list.
    fn watch(&mut self, path: &str) -> UnboundedReceiver<Bytes> {
        let kind = kind(path.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default());
        let (sender, receiver) = mpsc::unbounded_channel();
        let all: Vec<Value> = self.releases.keys().flat_map(|name| self.objects(name)).collect();
        for object in all.iter().filter(|object| object["kind"] == kind) {
            sender.send(event(object)).unwrap();
        }
        self.streams.push((kind, sender));
        receiver
    }

    fn records(&self) -> Vec<Value> {
        let of = |(name, history): (&String, &Vec<Revision>)| {
            let record = |(at, revision): (usize, &Revision)| {
                let mut labels =
                    json!({"name": name, "version": (at + 1).to_string(), "status": revision.status});
                labels
                    .as_object_mut()
                    .unwrap()
                    .extend(revision.labels.iter().map(|(label, value)| (label.clone(), json!(value))));
                json!({"metadata": {"name": "s", "namespace": "todo", "labels": labels}})
            };
            history.iter().enumerate().map(record).collect::<Vec<_>>()
        };
        self.releases.iter().flat_map(of).collect()
    }
}

fn kind(plural: &str) -> &'static str {
    match plural {
        "deployments" => "Deployment",
        "replicasets" => "ReplicaSet",
        "pods" => "Pod",
        _ => "",
    }
}

fn event(object: &Value) -> Bytes {
    Bytes::from(format!("{}\n", json!({"type": "MODIFIED", "object": object})))
}

fn supersede(history: &mut [Revision]) {
    if let Some(last) = history.last_mut().filter(|last| last.status == "deployed") {
        last.status = "superseded";
    }
}

fn overlay_tag(invocation: &Invocation) -> String {
    let Stdin::Public(text) = &invocation.stdin else { panic!("no values on stdin") };
    serde_json::from_str::<Value>(text).unwrap()["image"]["tag"].as_str().unwrap().to_owned()
}

fn manifest(name: &str, tag: &str) -> String {
    json!({"kind": "Deployment", "metadata": {"name": format!("{name}-deployment")},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "app", "image": format!("app:{tag}")}]}}}}).to_string()
}

impl Sim {
    /// A connection to its API server.
    pub(super) fn connection(&self) -> Connection {
        let sim = self.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let sim = sim.clone();
            let (path, is_patch) = (request.uri().to_string(), request.method() == http::Method::PATCH);
            async move {
                let sent = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
                Ok::<_, std::io::Error>(http::Response::new(sim.respond(&path, is_patch.then_some(&*sent))))
            }
        });
        Connection::over(Client::new(service, "todo"))
    }

    fn respond(&self, path: &str, change: Option<&[u8]>) -> Answer {
        let mut state = self.0.lock().unwrap();
        if let Some(change) = change {
            state.write(path, &serde_json::from_slice(change).unwrap());
            let text = Bytes::from(json!({"metadata": {"resourceVersion": "1"}}).to_string());
            return Full::new(text).map_err(std::io::Error::other).boxed_unsync();
        }
        if path.contains("watch=true") {
            let frames = stream::unfold(state.watch(path), |mut lines| async {
                lines.recv().await.map(|line| (Ok::<_, std::io::Error>(Frame::data(line)), lines))
            });
            StreamBody::new(frames).boxed_unsync()
        } else {
            let text = Bytes::from(state.answer(path).to_string());
            Full::new(text).map_err(std::io::Error::other).boxed_unsync()
        }
    }
}

impl Runner for Sim {
    fn run(&self, invocation: &Invocation) -> Result<Output, RunError> {
        let state = self.0.lock().unwrap();
        let args: Vec<&str> = invocation.args.iter().map(String::as_str).collect();
        Ok(Output {
            status: Some(0),
            stdout: state.read(&args, invocation).into_bytes(),
            ..Output::default()
        })
    }

    fn run_logged(
        &self,
        invocation: &Invocation,
        _log: &str,
        _heard: Option<Heard<'_>>,
    ) -> Result<Output, RunError> {
        assert!(matches!(invocation.tool, Tool::Helm | Tool::Kubectl), "{invocation:?}");
        let done = self.0.lock().unwrap().change(invocation);
        let status = Some(i32::from(done.is_err()));
        Ok(Output { status, stderr: done.err().unwrap_or_default(), ..Output::default() })
    }
}
