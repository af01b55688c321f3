//! Owns the search for releases that wait for each other. Refuses to report a release that needs itself,
//! and to mind needs that do not exist: `validate` says both in better words.

use std::collections::{BTreeMap, BTreeSet};

use crate::profile::Release;

type Releases = BTreeMap<String, Release>;

/// The first circle of `needs`, with its first name again at the end.
pub(super) fn find(releases: &Releases) -> Option<Vec<&str>> {
    let mut done = BTreeSet::new();
    releases.keys().find_map(|name| from(releases, name, &mut Vec::new(), &mut done))
}

fn from<'a>(
    releases: &'a Releases,
    name: &'a str,
    trail: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    if let Some(start) = trail.iter().position(|seen| *seen == name) {
        return Some(trail[start..].iter().copied().chain([name]).collect());
    }
    if !done.insert(name) {
        return None;
    }
    trail.push(name);
    let needs = releases.get(name).into_iter().flat_map(|release| &release.needs);
    let found = needs.filter(|need| *need != name).find_map(|need| from(releases, need, trail, done));
    trail.pop();
    found
}
