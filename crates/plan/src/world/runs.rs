//! Owns what is known of earlier runs: their records, newest first, and whether one can still be returned to.
//! Refuses to choose one: `steps` and the commands do.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::data::{self, Item};
use super::releases::{Releases, Revision};
use crate::run_record::{FORMAT, KEPT, KEY, ReleaseAt, RunRecord, object_name};
use crate::world::releases::ReleaseRef;
use todoctl_core::labels;

/// Characters of a run's id that are its second: `20261121-141500`.
const SECOND: usize = 15;

/// The records of a namespace, newest first.
#[derive(Debug, Clone, Default)]
pub struct Runs(Vec<Entry>);

/// One record, or that this version cannot read it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Id of the run.
    pub run: String,
    /// What it says; else why it cannot be read.
    pub record: Result<Box<RunRecord>, String>,
}

impl Entry {
    /// Its place among others. A run's id begins with its second; its record knows more.
    fn age(&self) -> (String, Option<Timestamp>, String) {
        let second = self.run.chars().take(SECOND).collect();
        let started = self.record.as_ref().ok().and_then(|record| Some(record.ending.as_ref()?.started));
        (second, started, self.run.clone())
    }
}

impl Runs {
    /// Of the `ConfigMap`s that were read. A record of another form is kept as unreadable, never dropped.
    pub fn of(objects: Vec<Value>) -> Result<Self, String> {
        let items = data::items(objects).map_err(|error| format!("a run record is not readable: {error}"))?;
        let mut entries: Vec<Entry> = items.iter().filter_map(entry).collect();
        entries.sort_by_cached_key(Entry::age);
        entries.reverse();
        Ok(Self(entries))
    }

    /// All of them, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }

    /// Those that can be read, newest first.
    pub fn readable(&self) -> impl Iterator<Item = &RunRecord> {
        self.0.iter().filter_map(|entry| entry.record.as_deref().ok())
    }

    /// The names of the objects that are too many once one more run is recorded.
    pub fn surplus(&self) -> Vec<String> {
        self.0.iter().skip(KEPT - 1).map(|entry| object_name(&entry.run)).collect()
    }

    /// Those that can be read and stay once one more run is recorded.
    pub fn staying(&self) -> impl Iterator<Item = &RunRecord> {
        self.0.iter().take(KEPT - 1).filter_map(|entry| entry.record.as_deref().ok())
    }
}

fn entry(item: &Item) -> Option<Entry> {
    let run = item.metadata.labels.get(labels::RUN)?.clone();
    let text = item.data.get(KEY).map(String::as_str).unwrap_or_default();
    let format = serde_json::from_str::<Form>(text).map(|form| form.format);
    let record = match format {
        Ok(newer) if newer > FORMAT => Err("a newer todoctl wrote it".to_owned()),
        Ok(_) | Err(_) => {
            serde_json::from_str(text).map_err(|error| format!("its record is not readable: {error}"))
        }
    };
    Some(Entry { run, record })
}

/// What a revision's labels say of it. Those of a revision that somebody else made describe nothing.
pub fn release_at(release: ReleaseRef<'_>, order: u8, revision: &Revision) -> ReleaseAt {
    let label = |name: &str| revision.label(name).filter(|_| revision.is_ours()).map(str::to_owned);
    ReleaseAt {
        name: release.name.to_owned(),
        namespace: release.namespace.to_owned(),
        order,
        revision: revision.number,
        chart: label(labels::CHART),
        digest: label(labels::DIGEST),
        image: label(labels::IMAGE),
        secret: label(labels::SECRETS),
        pull: label(labels::PULL),
    }
}

/// Whether a revision has the content of a recorded release: made by todoctl from the same inputs, with the same
/// Secret.
pub fn is_content_of(release: &ReleaseAt, revision: &Revision) -> bool {
    revision.is_ours()
        && release.digest.is_some()
        && revision.label(labels::DIGEST) == release.digest.as_deref()
        && revision.label(labels::SECRETS) == release.secret.as_deref()
}

/// The revision that has the content of a recorded release: the recorded one, else the newest with the same content,
/// since a rollback copies a revision and helm prunes the oldest.
pub fn revision_of<'a>(release: &ReleaseAt, history: &'a [Revision]) -> Option<&'a Revision> {
    let same = |one: &&Revision| is_content_of(release, one) && !one.status.is_pending();
    history
        .iter()
        .find(|one| one.number == release.revision)
        .filter(same)
        .or_else(|| history.iter().rev().find(same))
}

/// Why a recorded deployment cannot be returned to, one line per part that is gone; empty when it can.
/// `secrets` are the versions that exist, `contents` the runs whose Dapr objects are kept.
pub fn missing(
    record: &RunRecord,
    releases: &Releases,
    secrets: &BTreeSet<&str>,
    contents: &BTreeSet<&str>,
) -> Vec<String> {
    let mut gone = Vec::new();
    for release in &record.set.releases {
        let history = releases.history(&release.namespace, &release.name);
        if revision_of(release, history).is_none() {
            gone.push(format!("revision {} of {} is gone", release.revision, release.name));
        }
    }
    let lost = record.set.secrets.iter().filter(|name| !secrets.contains(name.as_str()));
    gone.extend(lost.map(|name| format!("secret {name} is gone")));
    if !record.set.objects.is_empty() && !contents.contains(record.run.as_str()) {
        gone.push(format!("secret {} with the content of the components is gone", object_name(&record.run)));
    }
    gone
}

#[derive(Deserialize)]
struct Form {
    format: u32,
}

#[cfg(test)]
mod tests;
