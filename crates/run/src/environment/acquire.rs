//! Owns getting hold of the environment for a command: what is held by others, what a dead run left, and the Lease of
//! this run with its undo list.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::lock_decision::{LockDecision, LockState, Sign, decide};
use super::{Ask, Environment};
use crate::cluster::Connection;
use crate::lock::{self, Claim, Claimed, Lock, Presence, Silence, presence};
use crate::survey;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::labels;
use todoctl_plan::plan::{Plan, PlannedStep};
use todoctl_plan::tool::kubectl::{namespace_object, run_content};
use todoctl_plan::world::lease::{self, FORMAT, Holder, Lease, OpenRun, OpenStep, release_of};
use todoctl_plan::world::releases::{Releases, Status};
use todoctl_plan::world::{Access, World};

/// Pause between two looks at a Lease that somebody holds.
const LOOK: Duration = Duration::from_secs(1);

/// How a run holds the environment.
pub enum Acquired {
    /// It changes nothing, so it need not.
    Unneeded,
    /// By a Lease.
    Held(Arc<Lock>),
    /// Something was changed since the world was read: look again.
    Outdated,
}

impl Environment {
    /// Observes an environment that nobody holds. A run that died is undone first; a living one is a failure
    /// that says who it is.
    pub async fn observe_free(
        &self,
        patience: Duration,
        access: &Access,
        ask: &mut dyn Ask,
    ) -> Result<World, Diagnostic> {
        loop {
            let world = self.observe(access.clone()).await?;
            self.trust(&world, ask)?;
            let Some(lease) = self.lease(&world)? else { return Ok(world) };
            self.wait_or_take_over(patience, access, lease, false, ask).await?;
        }
    }

    /// The Lease of the environment, as the world has it.
    pub fn lease(&self, world: &World) -> Result<Option<Lease>, Diagnostic> {
        world.live.lease(&self.inputs.profile.namespace).map_err(|message| self.unreadable(&message))
    }

    /// What a command that only looks should say: what it sees may be half done.
    pub fn open_run(&self, world: &World) -> Result<Option<String>, Diagnostic> {
        Ok(self.lease(world)?.map(|lease| {
            let (run, story) = (&lease.open.run, lease.open.story());
            format!("note: run {run} is open: {story}. up waits for it, or undoes it first")
        }))
    }

    /// A Lease that cannot be understood.
    pub fn unreadable(&self, message: &str) -> Diagnostic {
        let namespace = &self.inputs.profile.namespace;
        let hint = format!(
            "look at it: kubectl get lease {} -n {namespace} -o yaml; if no run is under way, delete it",
            lease::NAME
        );
        Diagnostic::new(Code::LockUnreadable, message, hint).unchanged()
    }

    /// Waits until a Lease is gone, or takes it over and undoes its run.
    pub async fn wait_or_take_over(
        &self,
        patience: Duration,
        access: &Access,
        mut lease: Lease,
        recovers: bool,
        ask: &mut dyn Ask,
    ) -> Result<(), Diagnostic> {
        let cluster = self.connection(access).await?;
        let namespace = &self.inputs.profile.namespace;
        let begun = Instant::now();
        let mut silence = Silence::new(&lease.resource_version, begun);
        let (mut alive, mut said) = (false, "");
        loop {
            let sign = match (silence.lasted(lease.seconds, Instant::now()), alive, looks_dead(&lease)) {
                (true, ..) => Sign::Silent,
                (false, true, _) => Sign::Renewed,
                (false, false, true) => Sign::LooksDead,
                (false, false, false) => Sign::LooksAlive,
            };
            let presence = presence(&lease.holder);
            let unknown = sign == Sign::Silent && presence == Presence::Unknown;
            let now = LockState {
                nobodys: lease.is_nobodys(),
                presence,
                sign,
                pending: unknown && self.is_pending(access, &lease.open).await?,
                recovers,
                waited: begun.elapsed(),
                timeout: patience,
            };
            match decide(now) {
                LockDecision::Take => {
                    if let Some(lock) = self.take_over(&cluster, &lease).await? {
                        return self.recover(access, &lock, lease.open, ask).await;
                    }
                }
                LockDecision::Wait(why) if said != why => {
                    ask.say(&format!("{}: {why}", self.held_by(&lease)));
                    said = why;
                }
                LockDecision::Wait(_) => {}
                LockDecision::Held => return Err(self.held(&lease)),
                LockDecision::StillAtWork => {
                    let message = "a command of the unfinished run is still at work";
                    let hint = format!("see what helm does on that host: {}", lease.holder.who);
                    return Err(Diagnostic::new(Code::LockHeld, message, hint));
                }
            }
            tokio::time::sleep(LOOK).await;
            let read = lock::read(&cluster, namespace).await;
            let Some(next) = read.map_err(|message| self.unreadable(&message))? else { return Ok(()) };
            alive = silence.saw(&next.resource_version, Instant::now()) || alive;
            lease = next;
        }
    }

    async fn take_over(&self, cluster: &Connection, lease: &Lease) -> Result<Option<Arc<Lock>>, Diagnostic> {
        let (holder, local) = self.holder(&format!("recovery of run {}", lease.open.run));
        let namespace = &self.inputs.profile.namespace;
        lock::take_over(cluster, namespace, lease, &holder, local).await.map_err(|message| {
            let hint = "look at it: kubectl get lease todoctl -o yaml";
            Diagnostic::new(Code::LockHeld, format!("the lock could not be taken over: {message}"), hint)
        })
    }

    /// Whether helm has recorded that it is at work on a release of a run.
    async fn is_pending(&self, access: &Access, open: &OpenRun) -> Result<bool, Diagnostic> {
        let ours: Vec<(&str, &str)> = open.releases().collect();
        if ours.is_empty() {
            return Ok(false);
        }
        let namespaces: BTreeSet<&str> = ours.iter().map(|(namespace, _)| *namespace).collect();
        let namespaces: Vec<&str> = namespaces.into_iter().collect();
        let releases = survey::releases(&self.connection(access).await?, &namespaces).await?;
        Ok(ours.iter().any(|(namespace, name)| {
            releases
                .newest(namespace, name)
                .is_some_and(|one| one.status.is_pending() || one.status == Status::Uninstalling)
        }))
    }

    fn held_by(&self, lease: &Lease) -> String {
        format!("profile {} is held by {}", self.inputs.name, lease.holder.story())
    }

    fn held(&self, lease: &Lease) -> Diagnostic {
        let run = &lease.open.run;
        let hint = format!(
            "wait until run {run} is done, or give --lock-timeout 5m; if it is dead for certain: todoctl recover"
        );
        Diagnostic::new(Code::LockHeld, self.held_by(lease), hint)
    }

    /// Puts the undo list of a plan on record and holds the environment by it.
    pub async fn acquire(
        &self,
        plan: &Plan,
        world: &World,
        command: &str,
        ask: &mut dyn Ask,
    ) -> Result<Acquired, Diagnostic> {
        let Some(access) = world.cluster.access().filter(|_| plan.changes()) else {
            return Ok(Acquired::Unneeded);
        };
        ask.interrupts()?;
        let cluster = self.connection(access).await?;
        let namespace = &self.inputs.profile.namespace;
        let (holder, local) = self.holder(command);
        let objects = self.objects(plan, world, &holder)?;
        let claimed = lock::claim(&cluster, namespace, &holder, &objects, local).await;
        let lock = match claimed {
            Ok(Claim::Held(lock)) => lock,
            Ok(Claim::Taken) => return Ok(Acquired::Outdated),
            Err(message) => {
                let hint = format!("try it: kubectl auth can-i create leases -n {namespace}");
                return Err(Diagnostic::new(
                    Code::LockDenied,
                    format!("the lock cannot be taken: {message}"),
                    hint,
                )
                .unchanged());
            }
        };
        // Another run may have come and gone between the reading of the world and the Lease.
        let namespaces = self.inputs.namespaces();
        let now = survey::releases(&cluster, &namespaces).await;
        if now.as_ref().is_ok_and(|now| is_same(now, &world.releases, &namespaces)) {
            return Ok(Acquired::Held(lock));
        }
        lock::discard(&cluster, namespace, &objects).await;
        lock.release()
            .await
            .map_err(|message| Diagnostic::new(Code::LockHeld, message, "todoctl recover"))?;
        now.map(|_| Acquired::Outdated).map_err(Diagnostic::from)
    }

    /// The same for a command that does not decide again.
    pub async fn acquire_as_planned(
        &self,
        plan: &Plan,
        world: &World,
        command: &str,
        ask: &mut dyn Ask,
    ) -> Result<Option<Arc<Lock>>, Diagnostic> {
        match self.acquire(plan, world, command, ask).await? {
            Acquired::Unneeded => Ok(None),
            Acquired::Held(lock) => Ok(Some(lock)),
            Acquired::Outdated => Err(outdated()),
        }
    }

    /// What is created: the namespace when it is absent, earlier content when there is any, the Lease.
    fn objects(&self, plan: &Plan, world: &World, holder: &Holder) -> Result<Claimed, Diagnostic> {
        let namespace = &self.inputs.profile.namespace;
        let mut open = OpenRun {
            format: FORMAT,
            run: self.run.clone(),
            command: holder.command.clone(),
            profile: self.inputs.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            who: holder.who.clone(),
            since: holder.since,
            has_content: false,
            steps: plan.steps.iter().filter(|step| !step.decision.change.is_none()).map(open_step).collect(),
        };
        let before = open.take_objects();
        let content = (open.has_content || !plan.content.is_empty()).then(|| {
            let labels = json!({labels::RUN: self.run, labels::PROFILE: self.inputs.name});
            run_content(namespace, &self.run, &labels, &before, &plan.content)
        });
        let lease = lease::object(namespace, holder, &open, Timestamp::now()).map_err(|message| {
            Diagnostic::new(Code::LockDenied, message, "deploy in parts: --only RELEASE").unchanged()
        })?;
        let is_absent = !world.live.has_namespace(namespace);
        Ok(Claimed { namespace: is_absent.then(|| namespace_object(namespace)), content, lease })
    }
}

fn open_step(step: &PlannedStep) -> OpenStep {
    OpenStep {
        info: step.info(),
        undo: step.decision.undo.clone(),
        release: release_of(&step.decision.checks, &step.decision.undo),
    }
}

/// Another run has changed something since this one looked.
pub fn outdated() -> Diagnostic {
    Diagnostic::new(
        Code::ClusterChanged,
        "the cluster has changed since it was looked at; this run changed nothing",
        "look at the new plan and run it again",
    )
}

/// Whether helm's records of some namespaces are the same.
fn is_same(now: &Releases, before: &Releases, namespaces: &[&str]) -> bool {
    let ours = |all: &Releases| -> Vec<(String, String, Vec<_>)> {
        let ours = all.iter().filter(|(namespace, ..)| namespaces.contains(namespace));
        ours.map(|(namespace, name, all)| (namespace.to_owned(), name.to_owned(), all.to_vec())).collect()
    };
    ours(now) == ours(before)
}

/// Whether its holder's clock and ours together say that it was not renewed in time. Clocks may be wrong, so this only
/// chooses between saying at once that it is held and watching it.
fn looks_dead(lease: &Lease) -> bool {
    let limit = SignedDuration::from_secs(i64::from(lease.seconds));
    lease.renewed.is_some_and(|renewed| Timestamp::now().duration_since(renewed) > limit)
}
