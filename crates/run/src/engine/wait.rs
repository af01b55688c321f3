//! Owns waiting for a check: by streams where objects tell it, by asking again where only a request does.
//! Every wait is bounded, and says what is missing when that changes.

mod dapr;
mod request;

pub(super) use self::request::Leftover;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Engine, watch_cache::Hub};
use crate::survey;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::labels;
use todoctl_core::workload::Workload;
use todoctl_plan::event::Event;
use todoctl_plan::health;
use todoctl_plan::look::Resource;
use todoctl_plan::step::{Check, StepId, Verdict};
use todoctl_plan::world::live::watched;
use todoctl_plan::world::releases::ReleaseRef;

/// Pause between two reads of the same objects.
const AGAIN: Duration = Duration::from_millis(500);
/// At least this often a wait looks whether its streams are still open.
const LOOK: Duration = Duration::from_secs(1);

/// How a wait ended without the check holding.
pub(super) enum Unmet {
    /// It never will, or not in time.
    Failed {
        /// What is wrong.
        diagnostic: Diagnostic,
        /// Pods whose logs show it.
        pods: Vec<String>,
        /// Releases that should have done otherwise, with their namespaces; none: the check's own.
        releases: Vec<(String, String)>,
    },
    /// The run is being stopped.
    Stopped,
}

/// What is said of a release that helm has not removed.
const RECORDED: &str = "helm still has a record of the release";

impl Unmet {
    /// With nothing but pods to show for it.
    fn failed(code: Code, why: impl Into<String>, pods: Vec<String>) -> Self {
        Self::Failed { diagnostic: Diagnostic::new(code, why, ""), pods, releases: Vec::new() }
    }
}

/// A wait for one check of one step.
#[derive(Clone)]
pub(super) struct Wait<'a> {
    pub(super) engine: &'a Engine,
    pub(super) hub: &'a Arc<Hub>,
    pub(super) step: &'a StepId,
    /// Becomes true when the run is being stopped.
    pub(super) stop: watch::Receiver<bool>,
    /// Whether the objects were just changed, so that what is known of them is old.
    pub(super) changed: bool,
    /// What checks have made and somebody must remove.
    pub(super) leftovers: &'a Mutex<Vec<Leftover>>,
}

impl Wait<'_> {
    /// Waits until all checks of a step hold: what objects tell, in order; then what programs must answer, side by side.
    /// What only asks comes before what sends something: it may be repeated until the way is open, which takes a moment
    /// longer than pods take to be ready.
    pub(super) async fn all(&mut self, checks: &[Check]) -> Result<(), (Check, Unmet)> {
        for check in checks.iter().filter(|check| !check.is_request()) {
            self.until(check).await.map_err(|unmet| (check.clone(), unmet))?;
        }
        let requests = || checks.iter().filter(|check| check.is_request());
        self.side_by_side(requests().filter(|check| !check.sends())).await?;
        self.side_by_side(requests().filter(|check| check.sends())).await
    }

    /// As many at once as steps may run. After the first that fails no other begins, and those that have begun are
    /// stopped, not dropped: they may have to clean up.
    async fn side_by_side<'c>(
        &mut self,
        mut checks: impl Iterator<Item = &'c Check>,
    ) -> Result<(), (Check, Unmet)> {
        let (end, ending) = watch::channel(false);
        let mut running = FuturesUnordered::new();
        let mut first = Ok(());
        loop {
            while !*end.borrow() && running.len() < self.engine.jobs {
                let Some(check) = checks.next() else { break };
                let mut wait = Wait { stop: ending.clone(), ..self.clone() };
                running.push(async move { (check, wait.until(check).await) });
            }
            tokio::select! {
                ended = running.next() => match ended {
                    None => return first,
                    Some((_, Ok(()))) => {}
                    Some((check, Err(unmet))) => {
                        end.send_replace(true);
                        if first.is_ok() {
                            first = Err((check.clone(), unmet));
                        }
                    }
                },
                () = stopped(&mut self.stop), if !*end.borrow() => { end.send_replace(true); }
            }
        }
    }

    /// Waits until a check holds.
    pub(super) async fn until(&mut self, check: &Check) -> Result<(), Unmet> {
        match check {
            Check::RolledOut { namespace, workloads, within_seconds, .. } => {
                let deadline = deadline(*within_seconds);
                if self.changed {
                    self.refresh(namespace, workloads, deadline).await?;
                }
                self.watched(check, namespace, (&watched(workloads), deadline)).await
            }
            Check::Gone { namespace, within_seconds, .. } => {
                let deadline = deadline(*within_seconds);
                self.absent(check, namespace, deadline).await
            }
            Check::Established { names, within_seconds, .. } => {
                self.established(names, deadline(*within_seconds)).await
            }
            Check::SidecarInjected { into, within_seconds, .. } => {
                self.injects(into, deadline(*within_seconds)).await
            }
            Check::ImagesStored { images } => {
                let failed = |why| Unmet::failed(Code::ImageAbsent, why, Vec::new());
                let missing = self.engine.missing(images).await.map_err(failed)?;
                if missing.is_empty() {
                    return Ok(());
                }
                let why = format!("{} is not there, although the command exited with 0", missing.join(", "));
                Err(failed(why))
            }
            Check::Http(asked) => self.asked(asked).await,
        }
    }

    /// Reads workloads right after they were changed: a stream may still tell of the state before.
    async fn refresh(
        &mut self,
        namespace: &str,
        workloads: &[Workload],
        deadline: Instant,
    ) -> Result<(), Unmet> {
        let Some(cluster) = &self.engine.cluster else {
            return Ok(());
        };
        loop {
            let read = survey::workloads(cluster, namespace, workloads).await;
            let Err(why) = read.map_err(|error| error.to_string()).and_then(|read| self.hub.absorb(read))
            else {
                return Ok(());
            };
            self.pause(AGAIN, Code::ClusterUnreachable, &why, deadline).await?;
        }
    }

    async fn watched(
        &mut self,
        check: &Check,
        namespace: &str,
        (kinds, deadline): (&[Resource], Instant),
    ) -> Result<(), Unmet> {
        // What was read a moment ago and was not changed since needs no stream to be found ready.
        if !self.changed && health::judge(check, &self.hub.live()) == Some(Verdict::Ready) {
            return Ok(());
        }
        let mut changes = self.hub.changes();
        let mut said = String::new();
        let mut repaired = BTreeSet::new();
        loop {
            changes.borrow_and_update();
            let verdict = match self.hub.watch(namespace, kinds) {
                Ok(()) => health::judge(check, &self.hub.live()).unwrap_or(Verdict::Ready),
                Err(why) => Verdict::NotYet { code: Code::ClusterUnreachable, why },
            };
            let (code, why) = match verdict {
                Verdict::Ready => return Ok(()),
                Verdict::Broken { code, why, pods } => return Err(Unmet::failed(code, why, pods)),
                Verdict::Stale { code, why, pods } => {
                    let fresh = self.not_deleted_yet(namespace, &pods, &repaired);
                    if repaired.len() + fresh.len() > check.replicas() {
                        let why = format!("{why}, also after it was deleted once");
                        return Err(Unmet::failed(code, why, pods));
                    }
                    let names: Vec<String> = fresh.iter().map(|(_, name)| name.clone()).collect();
                    if !names.is_empty() {
                        self.delete(namespace, &names).await;
                    }
                    repaired.extend(fresh.into_iter().map(|(uid, _)| uid));
                    (code, format!("{why}; deleted once"))
                }
                Verdict::NotYet { code, why } => (code, why),
            };
            self.say(&mut said, &why);
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = tokio::time::sleep_until(deadline) => return Err(self.too_late(check, code, &why)),
                () = stopped(&mut self.stop) => return Err(Unmet::Stopped),
            }
        }
    }

    /// Reads until a release is gone: streams cannot prove an absence.
    /// helm's own word is not enough: it exits with 0 when it cannot read its records (helm 4.2 `pkg/action/uninstall.go`
    /// with `--ignore-not-found`).
    async fn absent(&mut self, check: &Check, namespace: &str, deadline: Instant) -> Result<(), Unmet> {
        let Some(cluster) = &self.engine.cluster else {
            return Ok(());
        };
        let mut said = String::new();
        loop {
            let namespaces = [namespace];
            let read = survey::live(cluster, &namespaces, false);
            let why = match tokio::try_join!(read, survey::releases(cluster, &namespaces)) {
                Ok((live, records)) => match health::judge(check, &live) {
                    Some(Verdict::NotYet { why, .. }) => why,
                    _ if check.release().is_some_and(|one| records.has(one)) => RECORDED.to_owned(),
                    _ => return Ok(()),
                },
                Err(error) => error.to_string(),
            };
            self.say(&mut said, &why);
            self.pause(AGAIN, Code::ReleaseRemains, &why, deadline).await?;
        }
    }

    /// Rests before something is asked again; a failure when there would be no time left.
    async fn pause(
        &mut self,
        pause: Duration,
        code: Code,
        why: &str,
        deadline: Instant,
    ) -> Result<(), Unmet> {
        if Instant::now() + pause > deadline {
            return Err(Unmet::failed(code, format!("not in time: {why}"), Vec::new()));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = stopped(&mut self.stop) => Err(Unmet::Stopped),
        }
    }

    /// Id and name of some pods, without those that were deleted and are still shown: a stream lags behind. Names do not
    /// tell, because a StatefulSet gives them again.
    fn not_deleted_yet(
        &self,
        namespace: &str,
        pods: &[String],
        deleted: &BTreeSet<String>,
    ) -> Vec<(String, String)> {
        let live = self.hub.live();
        let named = live.of_kind("Pod", namespace).filter(|pod| pods.contains(&pod.metadata.name));
        let fresh = named.filter(|pod| !deleted.contains(&pod.metadata.uid));
        fresh.map(|pod| (pod.metadata.uid.clone(), pod.metadata.name.clone())).collect()
    }

    async fn delete(&self, namespace: &str, pods: &[String]) {
        let Some(kubectl) = self.engine.kubectl() else {
            return;
        };
        if let Err(failure) = self.engine.command(self.step, &kubectl.delete(namespace, "pod", pods)).await {
            self.engine.events.emit(Event::Warning {
                message: format!("could not delete {}: {}", pods.join(", "), failure.what),
            });
        }
    }

    fn say(&self, said: &mut String, why: &str) {
        if said != why {
            why.clone_into(said);
            self.engine.events.emit(Event::StepWaiting { step: self.step.clone(), why: why.to_owned() });
        }
    }

    fn too_late(&self, check: &Check, code: Code, why: &str) -> Unmet {
        let live = self.hub.live();
        let unready = |release: ReleaseRef<'_>| {
            let ours = live.of_kind("Pod", release.namespace).filter(|pod| {
                pod.metadata.labels.text(labels::INSTANCE) == Some(release.name)
                    && !pod.has_condition("Ready", "True")
            });
            ours.map(|pod| pod.metadata.name.clone()).collect()
        };
        let pods = check.release().filter(|_| check.replicas() > 0).map(unready).unwrap_or_default();
        Unmet::failed(code, format!("not in time: {why}"), pods)
    }
}

fn deadline(seconds: u32) -> Instant {
    Instant::now() + Duration::from_secs(u64::from(seconds))
}

/// Ends when the run is being stopped; never when the sender is gone.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
