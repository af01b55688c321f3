//! Owns what the Lease of an environment says: who holds it, and the run that is open in it with its undo list.
//! Refuses to take or renew it (`lock`), and to judge whether its holder lives: no clock is read here.

pub mod patch;

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::StepInfo;
use crate::kubernetes::Object;
use crate::look::{Look, resource};
use crate::step::{Check, Guard, Reversal, Undo};
use crate::world::releases::ReleaseRef;
use todoctl_core::labels;

/// Where the Lease of a namespace is.
pub fn look(namespace: &str) -> Look {
    Look::all(resource::LEASES).within(namespace)
}

/// Name of the Lease; there is one in the application's namespace.
pub const NAME: &str = "todoctl";
/// Seconds without renewal after which somebody else may take over.
pub const SECONDS: u32 = 30;
/// Who holds a Lease whose run has ended and left work: anybody may take over at once.
pub const NOBODY: &str = "nobody";
/// Version of what the annotations hold.
pub const FORMAT: u32 = 1;
/// Kubernetes' limit for all annotations of an object, less what other tools may add (apimachinery api/validation).
const LIMIT: usize = 250 * 1024;

/// A Lease as it was read.
#[derive(Debug, Clone)]
pub struct Lease {
    /// Changes with every renewal: the only sign of life that needs no clock of another machine.
    pub resource_version: String,
    /// Who holds it: unique for each process of todoctl.
    pub identity: String,
    /// Seconds without renewal after which it may be taken over.
    pub seconds: u32,
    /// When it was renewed by the holder's clock: a hint for people, never a reason to take over.
    pub renewed: Option<Timestamp>,
    /// Who holds it, for finding out whether it lives.
    pub holder: Holder,
    /// The run that is open.
    pub open: OpenRun,
}

/// A process that holds a Lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Id of its run, a dot, and a random number.
    pub identity: String,
    /// What it does, such as `up`.
    pub command: String,
    /// Who runs it, on which host, as which process.
    pub who: String,
    /// Address of the pipeline's job, when it runs in one.
    pub url: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Id of this boot of the host; empty where the system has none.
    pub boot: String,
    /// The namespace that the process id is of.
    pub pid_namespace: String,
    /// Process id.
    pub pid: i32,
    /// When the process started, in clock ticks since boot: process ids are used again.
    pub started: u64,
    /// A file on that host that the process has locked, and that its changing children inherit.
    pub lock: Option<PathBuf>,
}

/// A run that is under way, or was when its todoctl died.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenRun {
    /// Version of this form.
    pub format: u32,
    /// Its id.
    pub run: String,
    /// What was asked for, such as `up`.
    pub command: String,
    /// Name of the profile.
    pub profile: String,
    /// Version of todoctl.
    pub version: String,
    /// Who began it.
    pub who: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether the Secret `todoctl-run-<id>` holds content that the undo list refers to.
    pub has_content: bool,
    /// Its changing steps, in the order of the plan.
    pub steps: Vec<OpenStep>,
}

/// A step of an open run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenStep {
    /// What was announced of it.
    pub info: StepInfo,
    /// How it is undone.
    pub undo: Undo,
    /// The release that it changes: namespace and name.
    pub release: Option<(String, String)>,
}

impl Lease {
    /// Reads a Lease. One that cannot be understood is an error, never an absence.
    pub fn of(object: &Object) -> Result<Self, String> {
        let annotation = |name: &str| {
            let text = object.metadata.annotations.get(name);
            text.ok_or_else(|| format!("the Lease {NAME} has no annotation {name}"))
        };
        let unreadable = |name: &str, error: &serde_json::Error| {
            format!("annotation {name} of the Lease {NAME} is not readable: {error}")
        };
        let open = annotation(labels::OPEN_RUN)?;
        let format: Format =
            serde_json::from_str(open).map_err(|error| unreadable(labels::OPEN_RUN, &error))?;
        if format.format > FORMAT {
            return Err(format!("the Lease {NAME} was written by a newer todoctl, {}", format.version));
        }
        let holder = annotation(labels::HOLDER)?;
        Ok(Self {
            resource_version: object.metadata.resource_version.clone(),
            identity: object.spec.holder_identity.as_deref().unwrap_or(NOBODY).to_owned(),
            seconds: object.spec.lease_duration_seconds.unwrap_or(SECONDS),
            renewed: object.spec.renew_time.as_ref().and_then(|time| time.parse().ok()),
            holder: serde_json::from_str(holder).map_err(|error| unreadable(labels::HOLDER, &error))?,
            open: serde_json::from_str(open).map_err(|error| unreadable(labels::OPEN_RUN, &error))?,
        })
    }

    /// Whether its run has ended and left work.
    pub fn is_nobodys(&self) -> bool {
        self.identity == NOBODY
    }
}

/// What can be read of every version.
#[derive(Deserialize)]
struct Format {
    format: u32,
    #[serde(default)]
    version: String,
}

/// A time for a person.
fn to_the_second(time: Timestamp) -> impl fmt::Display {
    time.strftime("%Y-%m-%dT%H:%M:%SZ")
}

impl Holder {
    /// Who, where, since when and what, in one line.
    pub fn story(&self) -> String {
        let url = self.url.as_ref().map(|url| format!(", {url}")).unwrap_or_default();
        format!("{} of {} since {}{url}", self.command, self.who, to_the_second(self.since))
    }
}

impl OpenRun {
    /// What it is, whoever holds it now.
    pub fn story(&self) -> String {
        format!("{} of {} since {}", self.command, self.who, to_the_second(self.since))
    }

    /// The releases that its steps change, by namespace and name.
    pub fn releases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.steps.iter().filter_map(|step| step.release.as_ref()).map(|(place, name)| (&**place, &**name))
    }

    /// Takes the objects out of the undo list, so that it fits into an annotation: what stays names them.
    pub fn take_objects(&mut self) -> Vec<Value> {
        let mut taken = Vec::new();
        for objects in self.restored() {
            for object in objects {
                let name = identity(object);
                taken.push(std::mem::replace(object, name));
            }
        }
        self.has_content = !taken.is_empty();
        taken
    }

    /// Puts the objects back that `take_objects` took.
    pub fn put_objects(&mut self, whole: &[Value]) -> Result<(), String> {
        for objects in self.restored() {
            for object in objects {
                let found = whole.iter().find(|one| identity(one) == *object);
                object.clone_from(found.ok_or_else(|| format!("the content of {object} is missing"))?);
            }
        }
        Ok(())
    }

    fn restored(&mut self) -> impl Iterator<Item = &mut Vec<Value>> {
        let reversals = self.steps.iter_mut().flat_map(|step| match &mut step.undo {
            Undo::Commands { reversals, .. } => reversals.as_mut_slice(),
            Undo::Nothing { .. } => &mut [],
        });
        reversals.filter_map(|one| match one {
            Reversal::Restore { objects } => Some(objects),
            Reversal::Release { .. } | Reversal::Delete { .. } => None,
        })
    }
}

/// What names an object.
fn identity(object: &Value) -> Value {
    let metadata = &object["metadata"];
    json!({"apiVersion": object["apiVersion"], "kind": object["kind"],
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]}})
}

/// The release that a step changes, from how it is checked or undone.
pub fn release_of(checks: &[Check], undo: &Undo) -> Option<(String, String)> {
    let guarded = match undo {
        Undo::Commands { guard: Guard::ReleaseChanged { release, namespace, .. }, .. } => {
            Some((namespace.clone(), release.clone()))
        }
        Undo::Commands { guard: Guard::Always, .. } | Undo::Nothing { .. } => None,
    };
    // A request shows the work of other steps.
    let proved = checks.iter().filter(|check| check.objects().is_some()).find_map(Check::release);
    let proved = proved.map(|ReleaseRef { namespace, name }| (namespace.to_owned(), name.to_owned()));
    guarded.or(proved)
}

/// The Lease as an object to create. `now` is the holder's clock, for people.
pub fn object(namespace: &str, holder: &Holder, open: &OpenRun, now: Timestamp) -> Result<Value, String> {
    let text = |value: Result<String, serde_json::Error>| value.map_err(|error| error.to_string());
    let (who, what) = (text(serde_json::to_string(holder))?, text(serde_json::to_string(open))?);
    if who.len() + what.len() > LIMIT {
        return Err(format!(
            "the undo list of {} steps takes {} KiB, and Kubernetes keeps {} KiB",
            open.steps.len(),
            (who.len() + what.len()) / 1024,
            LIMIT / 1024
        ));
    }
    let now = time(now);
    Ok(json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": NAME, "namespace": namespace,
            "labels": {labels::PROFILE: open.profile, labels::RUN: open.run},
            "annotations": {labels::HOLDER: who, labels::OPEN_RUN: what}},
        "spec": {"holderIdentity": holder.identity, "leaseDurationSeconds": SECONDS, "leaseTransitions": 0,
            "acquireTime": now, "renewTime": now}}))
}

/// A moment as Kubernetes writes it in a Lease: always with microseconds.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::{Change, StepId};

    fn open(objects: Vec<Value>) -> OpenRun {
        let info = StepInfo {
            step: StepId::of("component", "pubsub"),
            title: "component pubsub".into(),
            order: 5,
            needs: Vec::new(),
            change: Change::Create { to: "new".into() },
        };
        let undo = Undo::Commands {
            reversals: vec![Reversal::Restore { objects }],
            guard: Guard::Always,
            checks: Vec::new(),
            returns: None,
            stays: None,
            follows: Vec::new(),
        };
        OpenRun {
            format: FORMAT,
            run: "r1".into(),
            command: "up".into(),
            profile: "p".into(),
            version: "0".into(),
            who: "me".into(),
            since: Timestamp::UNIX_EPOCH,
            has_content: false,
            steps: vec![OpenStep { info, undo, release: None }],
        }
    }

    fn component(value: &str) -> Value {
        json!({"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"name": "pubsub", "namespace": "todo"},
            "spec": {"metadata": [{"name": "password", "value": value}]}})
    }

    #[test]
    fn the_content_of_objects_is_not_in_the_lease_and_comes_back() {
        let mut run = open(vec![component("CANARY-3c")]);
        let whole = run.take_objects();
        assert!(run.has_content);
        let written = serde_json::to_string(&run).unwrap();
        assert!(!written.contains("CANARY"), "{written}");
        let mut read: OpenRun = serde_json::from_str(&written).unwrap();
        assert!(read.put_objects(&[]).unwrap_err().contains("is missing"));
        read.put_objects(&whole).unwrap();
        assert_eq!(read.take_objects(), [component("CANARY-3c")]);
    }

    #[test]
    fn an_undo_list_that_kubernetes_would_not_keep_is_refused_before_anything_is_changed() {
        let holder = Holder {
            identity: "r1.0".into(),
            command: "up".into(),
            who: "me".into(),
            url: None,
            since: Timestamp::UNIX_EPOCH,
            boot: String::new(),
            pid_namespace: String::new(),
            pid: 1,
            started: 1,
            lock: None,
        };
        let run = open(vec![component(&"x".repeat(LIMIT))]);
        let error = object("todo", &holder, &run, Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(error, "the undo list of 1 steps takes 250 KiB, and Kubernetes keeps 250 KiB");
    }
}
