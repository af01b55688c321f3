//! Owns telling what the pods of a release say, each line with its pod and container: what there is, or from now on, of
//! pods and containers that come later as well.
//! Refuses to print.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

use crate::cluster::{Change, Connection, Refusal};
use crate::survey::{self, SurveyError};
use todoctl_plan::kubernetes::{ContainerStatus, Object};
use todoctl_plan::look::{LogLook, Look, resource};
use todoctl_plan::world::live::Live;
use todoctl_plan::world::releases::ReleaseRef;

/// Pause before a log that was cut off is read on.
const AGAIN: Duration = Duration::from_secs(1);

/// Which lines are wanted of each container.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// How many, from the end; all when absent.
    pub tail: Option<u32>,
    /// Whether those of before its last restart are wanted instead.
    pub previous: bool,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A line of a container. Foreign text.
    Line {
        /// Pod.
        pod: String,
        /// Container.
        container: String,
        /// Without its end.
        text: String,
    },
    /// Why something is not told.
    Complaint(String),
}

/// Tells what there is, one container after another. Ends early when nobody listens.
pub async fn present(
    cluster: &Connection,
    release: ReleaseRef<'_>,
    wanted: Wanted,
    told: &Sender<Told>,
) -> Result<(), SurveyError> {
    let live = survey::pods(cluster, release.namespace).await?;
    for pod in live.release_pods(release) {
        for container in pod.pod().all_containers() {
            let look = look(pod, &container.name, wanted);
            if !lines(cluster, &look, told).await {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether somebody still listens.
async fn lines(cluster: &Connection, look: &LogLook, told: &Sender<Told>) -> bool {
    let mut lines = match cluster.log_lines(&look.path()).await {
        Ok(lines) => Box::pin(lines),
        Err(refusal) => return told.send(complaint(&refusal)).await.is_ok(),
    };
    while let Some(line) = lines.next().await {
        let one = line.map_or_else(|refusal| complaint(&refusal), |text| self::line(look, text));
        let is_cut = matches!(one, Told::Complaint(_));
        if told.send(one).await.is_err() {
            return false;
        }
        if is_cut {
            break;
        }
    }
    true
}

/// Tells what there is and what follows, until nobody listens.
pub async fn follow(
    cluster: &Connection,
    release: ReleaseRef<'_>,
    wanted: Wanted,
    told: Sender<Told>,
) -> Result<(), SurveyError> {
    let mut live = survey::pods(cluster, release.namespace).await?;
    let mut pods = Box::pin(cluster.follow(&Look::all(resource::PODS).within(release.namespace)));
    let (mut known, mut speaking, mut is_first) = (BTreeSet::new(), JoinSet::new(), true);
    let mut complained = String::new();
    loop {
        let change = tokio::select! {
            change = pods.next() => change,
            () = told.closed() => return Ok(()),
        };
        let Some(change) = change else { return Ok(()) };
        if let Err(why) = take(&mut live, release.namespace, change) {
            // It is watched again, and what is missed is told then.
            if complained != why {
                complained.clone_from(&why);
                let _ = told.send(Told::Complaint(why)).await;
            }
            continue;
        }
        complained.clear();
        for (pod, container) in started(&live, release, &mut known) {
            // Of those that come later everything is new.
            let wanted = if is_first { wanted } else { Wanted { tail: None, ..wanted } };
            let speaker = Speaker {
                cluster: cluster.clone(),
                look: look(&pod, &container.name, wanted),
                uid: pod.metadata.uid.clone(),
                restarts: container.restart_count,
                told: told.clone(),
            };
            speaking.spawn(speaker.tell());
        }
        is_first = false;
    }
}

fn take(live: &mut Live, namespace: &str, change: Result<Change, Refusal>) -> Result<(), String> {
    match change {
        Ok(Change::All(pods)) => live.replace(resource::PODS.kind, namespace, pods),
        Ok(Change::Put(pod)) => live.merge([pod]),
        Ok(Change::Gone(pod)) => {
            live.remove(&pod);
            Ok(())
        }
        Err(refusal) => Err(format!("the pods are not told at the moment: {refusal}")),
    }
}

/// The containers that have started since the last time, each start once.
fn started(
    live: &Live,
    release: ReleaseRef<'_>,
    known: &mut BTreeSet<(String, String, i64)>,
) -> Vec<(Object, ContainerStatus)> {
    let mut new = Vec::new();
    for pod in live.release_pods(release) {
        for one in pod.container_statuses().filter(|one| has_started(one)) {
            if known.insert((pod.metadata.uid.clone(), one.name.clone(), one.restart_count)) {
                new.push((pod.clone(), one.clone()));
            }
        }
    }
    new
}

/// Between two crashes its log is that of the last one.
fn has_started(container: &ContainerStatus) -> bool {
    let ContainerStatus { state, last_state, .. } = container;
    state.running.started_at.is_some()
        || state.terminated.exit_code.is_some()
        || last_state.terminated.exit_code.is_some()
}

/// One start of a container that is followed.
struct Speaker {
    cluster: Connection,
    look: LogLook,
    uid: String,
    restarts: i64,
    told: Sender<Told>,
}

impl Speaker {
    /// Until it has ended and everything is told. A log that is cut off before goes on after the last line that was told.
    async fn tell(mut self) {
        let mut last: Option<String> = None;
        loop {
            match self.tell_from(&mut last).await {
                Ok(true) => {}
                Ok(false) => return,
                // The node may be away for a moment.
                Err(refusal) if refusal.may_pass() => {}
                Err(refusal) => {
                    let _ = self.told.send(complaint(&refusal)).await;
                    return;
                }
            }
            if !self.goes_on().await {
                return;
            }
            // Where nothing was told, everything is new by now.
            self.look.tail = self.look.tail.filter(|tail| *tail == 0);
            sleep(AGAIN).await;
        }
    }

    /// Whether somebody still listens.
    async fn tell_from(&self, last: &mut Option<String>) -> Result<bool, Refusal> {
        let path = self.look.path_to_follow(last.as_deref());
        let mut lines = Box::pin(self.cluster.log_lines_to_come(&path).await?);
        // A time in the request has whole seconds only (`metav1.Time`): what was told of that second comes again.
        let mut seen = last.clone();
        while let Some(line) = lines.next().await {
            let line = line?;
            // What a kubelet says itself, and the rest of a line that is too long, has no time.
            let timed = line.split_once(' ').filter(|(time, _)| time.parse::<Timestamp>().is_ok());
            let Some((time, text)) = timed else {
                if self.told.send(self::line(&self.look, line)).await.is_err() {
                    return Ok(false);
                }
                continue;
            };
            if seen.as_deref().is_some_and(|seen| is_told(time, seen)) {
                continue;
            }
            seen = None;
            *last = Some(time.to_owned());
            if self.told.send(self::line(&self.look, text.to_owned())).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the container still runs, or that is not known.
    async fn goes_on(&self) -> bool {
        let look = Look::all(resource::PODS).within(&self.look.namespace);
        match self.cluster.object(&look, &self.look.pod).await {
            Ok(Some(pod)) => Object::of(&pod).is_some_and(|pod| {
                let same = |one: &&ContainerStatus| one.name == self.look.container;
                pod.metadata.uid == self.uid
                    && pod.container_statuses().find(same).is_some_and(|one| {
                        one.restart_count == self.restarts && one.state.running.started_at.is_some()
                    })
            }),
            Ok(None) => false,
            Err(refusal) => refusal.may_pass(),
        }
    }
}

/// Whether a line of a time was told, when the last one that was told has another.
fn is_told(time: &str, last: &str) -> bool {
    match (time.parse::<Timestamp>(), last.parse::<Timestamp>()) {
        (Ok(time), Ok(last)) => time <= last,
        (_, _) => false,
    }
}

fn look(pod: &Object, container: &str, Wanted { tail, previous }: Wanted) -> LogLook {
    LogLook {
        namespace: pod.metadata.namespace.clone(),
        pod: pod.metadata.name.clone(),
        container: container.to_owned(),
        tail,
        previous,
    }
}

fn line(look: &LogLook, text: String) -> Told {
    Told::Line { pod: look.pod.clone(), container: look.container.clone(), text }
}

fn complaint(refusal: &Refusal) -> Told {
    Told::Complaint(refusal.told())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tokio::sync::mpsc;

    use super::*;
    use crate::cluster::{Body, Client};

    fn pod(restarts: i64) -> Value {
        json!({"kind": "Pod", "metadata": {"name": "a-1", "namespace": "todo", "uid": "u1", "labels": {"app": "a"}},
            "spec": {"containers": [{"name": "app"}]},
            "status": {"containerStatuses": [{"name": "app", "restartCount": restarts,
                "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}})
    }

    /// Answers in order, and what was asked.
    fn scripted(answers: Vec<(u16, String)>) -> (Connection, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, rest) = (Arc::clone(&asked), Mutex::new(answers.into_iter()));
        let service = tower::service_fn(move |request: http::Request<Body>| {
            log.lock().unwrap().push(request.uri().to_string());
            let (status, body) = rest.lock().unwrap().next().expect("no more is asked");
            let answer = http::Response::builder().status(status).body(Body::from(body.into_bytes()));
            async move { answer }
        });
        (Connection::over(Client::new(service, "todo")), asked)
    }

    async fn all(mut told: mpsc::Receiver<Told>) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(one) = told.recv().await {
            lines.push(match one {
                Told::Line { text, .. } => text,
                Told::Complaint(why) => format!("complaint: {why}"),
            });
        }
        lines
    }

    fn speaker(cluster: &Connection, told: Sender<Told>) -> Speaker {
        let wanted = Wanted { tail: Some(5), previous: false };
        let pod = Object::of(&pod(0)).unwrap();
        let look = look(&pod, "app", wanted);
        Speaker { cluster: cluster.clone(), look, uid: "u1".to_owned(), restarts: 0, told }
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_that_was_cut_off_goes_on_after_its_last_line() {
        let first = "2026-01-01T00:00:01.000000001Z one\n2026-01-01T00:00:02.000000001Z two\n";
        let again = "2026-01-01T00:00:02.000000001Z two\n2026-01-01T00:00:02.000000002Z three\n";
        let (cluster, asked) = scripted(vec![
            (200, first.to_owned()),
            (200, pod(0).to_string()),
            (200, again.to_owned()),
            // It was started again: that start is another speaker's.
            (200, pod(1).to_string()),
        ]);
        let (send, told) = mpsc::channel(10);
        speaker(&cluster, send).tell().await;
        assert_eq!(all(told).await, ["one", "two", "three"]);
        let log = "/api/v1/namespaces/todo/pods/a-1/log?container=app";
        assert_eq!(
            *asked.lock().unwrap(),
            [
                format!("{log}&tailLines=5&follow=true&timestamps=true"),
                "/api/v1/namespaces/todo/pods/a-1".to_owned(),
                format!("{log}&sinceTime=2026-01-01T00%3A00%3A02.000000001Z&follow=true&timestamps=true"),
                "/api/v1/namespaces/todo/pods/a-1".to_owned(),
            ]
        );
    }

    #[tokio::test]
    async fn what_the_server_refuses_is_a_complaint_and_ends_it() {
        let refused =
            json!({"kind": "Status", "code": 400, "reason": "BadRequest", "message": "container is waiting"});
        let (cluster, _) = scripted(vec![(400, refused.to_string())]);
        let (send, told) = mpsc::channel(10);
        speaker(&cluster, send).tell().await;
        assert_eq!(all(told).await, ["complaint: container is waiting"]);
    }

    #[test]
    fn each_start_of_a_container_is_told_once() {
        let mut known = BTreeSet::new();
        let workload = json!({"kind": "Deployment", "metadata": {"name": "a", "namespace": "todo", "annotations": {
            "meta.helm.sh/release-name": "a", "meta.helm.sh/release-namespace": "todo"}},
            "spec": {"selector": {"matchLabels": {"app": "a"}}}});
        let mut count = |restarts| {
            let live = Live::of([workload.clone(), pod(restarts)]).unwrap();
            let release = ReleaseRef { namespace: "todo", name: "a" };
            started(&live, release, &mut known).len()
        };
        assert_eq!(
            [count(0), count(0), count(1)],
            [1, 0, 1],
            "pods without a label of the release are found as well"
        );
    }
}
