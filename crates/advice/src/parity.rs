//! Owns comparing two profiles: what may differ between environments, and what may not.
//! Refuses to read files (`profile`) and to render charts (`survey`), and to show a value: it may be a secret.

mod allowed;
mod diff;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use self::diff::{Differs, Found, compare};
use todoctl_core::yaml::Seg;
use todoctl_plan::kubernetes;
use todoctl_project::dapr::{Dapr, Kind, Object};
use todoctl_project::profile::{Chart, Profile, ProfileError, Written};

/// One of the two profiles.
pub struct Side {
    /// Its name.
    pub name: String,
    /// What it says, with what it inherits.
    pub profile: Profile,
    /// Where it says it.
    pub written: Written,
    /// Its Dapr objects.
    pub objects: Vec<Object>,
    /// What the project's own charts become with its values, by release.
    pub rendered: BTreeMap<String, Vec<Value>>,
}

/// File and line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// File, relative to the project.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
}

/// Something that differs and is not among what may differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The field, or what of a rendered chart or Dapr object it is.
    pub field: String,
    /// What differs.
    pub what: String,
    /// Where the first profile says it, or the nearest that it says.
    pub one: Place,
    /// The same of the second.
    pub other: Place,
    /// Why it differs, where a profile says so under `parity`; otherwise it is a finding.
    pub reason: Option<String>,
}

/// Everything that differs and may not, in the order of the profile: first itself, then Dapr's objects, then charts.
pub fn differences(one: &Side, other: &Side) -> Result<Vec<Difference>, ProfileError> {
    let pair = Pair { one, other };
    let mut found = pair.releases();
    // What a profile says because of a release that only it has differs with the release.
    let (left, right) = (one.written.without(&only(one, other))?, other.written.without(&only(other, one))?);
    found.extend(pair.profiles(&left, &right));
    found.extend(pair.objects());
    found.extend(pair.charts());
    Ok(found)
}

struct Pair<'a> {
    one: &'a Side,
    other: &'a Side,
}

impl Pair<'_> {
    fn releases(&self) -> Vec<Difference> {
        let missing = |has: &Side, lacks: &Side| {
            let path = |name: &String| vec![Seg::from("releases"), Seg::from(name.as_str())];
            only(has, lacks).iter().map(|name| self.at(&path(name), only_in(has))).collect::<Vec<_>>()
        };
        [missing(self.one, self.other), missing(self.other, self.one)].concat()
    }

    fn profiles(&self, left: &Profile, right: &Profile) -> Vec<Difference> {
        let value = |profile: &Profile| serde_json::to_value(profile).unwrap_or_default();
        let both = || [self.one, self.other].into_iter();
        let sets: BTreeSet<&str> = both().flat_map(Side::events_sets).collect();
        let images: BTreeSet<&str> = both().flat_map(Side::events_images).collect();
        let found = compare(&value(left), &value(right));
        let of_events = |names: &[&str]| match names {
            ["secrets", "sets", set, ..] => sets.contains(set),
            ["images", image, ..] => images.contains(image),
            _ => false,
        };
        let counts = |found: &&Found| {
            let names = found.names();
            !allowed::in_profile(&names, found) && !of_events(&names)
        };
        found.iter().filter(counts).map(|found| self.found(found)).collect()
    }

    fn found(&self, found: &Found) -> Difference {
        let what = self.words(found.differs);
        let (one, other) = (self.one.place(&found.one), self.other.place(&found.other));
        self.difference(found.text(), what, one, other)
    }

    fn at(&self, path: &[Seg], what: String) -> Difference {
        let (one, other) = (self.one.place(path), self.other.place(path));
        self.difference(todoctl_core::yaml::dotted(path), what, one, other)
    }

    fn words(&self, differs: Differs) -> String {
        match differs {
            Differs::OnlyOne => only_in(self.one),
            Differs::OnlyOther => only_in(self.other),
            Differs::Both => "differs".to_owned(),
        }
    }

    fn difference(&self, field: String, what: String, one: Place, other: Place) -> Difference {
        let covers = |key: &str| {
            field
                .strip_prefix(key)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', ' ', ':']))
        };
        let reasons = self.one.profile.parity.iter().chain(&self.other.profile.parity);
        let reason = reasons.filter(|(key, _)| covers(key)).map(|(_, reason)| reason.clone()).next();
        Difference { field, what, one, other, reason }
    }

    /// Dapr's objects by kind and name: where they stand does not matter. One component for events may be another one.
    fn objects(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        for object in &self.one.objects {
            let field = format!("dapr {} {}", object.kind, object.name);
            let Some(twin) = self.other.object(object) else {
                let other = self.other.place(&[Seg::from("dapr"), "components".into()]);
                found.push(self.difference(field, only_in(self.one), place(object), other));
                continue;
            };
            let (left, right) = (content(object), content(twin));
            for difference in compare(&left, &right) {
                let names = difference.names();
                let events = is_events(&left) && is_events(&right);
                if allowed::in_object(&names, events) {
                    continue;
                }
                let field = format!("{field}: {}", difference.text());
                found.push(self.difference(
                    field,
                    self.words(difference.differs),
                    place(object),
                    place(twin),
                ));
            }
        }
        for object in self.other.objects.iter().filter(|object| self.one.object(object).is_none()) {
            let one = self.one.place(&[Seg::from("dapr"), "components".into()]);
            let field = format!("dapr {} {}", object.kind, object.name);
            found.push(self.difference(field, only_in(self.other), one, place(object)));
        }
        found
    }

    /// The objects of the project's own charts, by kind and name.
    fn charts(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        for (release, left) in &self.one.rendered {
            let Some(right) = self.other.rendered.get(release) else { continue };
            let path = [Seg::from("releases"), Seg::from(release.as_str()), "values".into()];
            let (one, other) = (self.one.place(&path), self.other.place(&path));
            for difference in compare(&by_name(left), &by_name(right)) {
                if allowed::in_manifest(&difference, (left, right)) {
                    continue;
                }
                let field = format!("releases.{release}: {}", difference.text());
                found.push(self.difference(
                    field,
                    self.words(difference.differs),
                    one.clone(),
                    other.clone(),
                ));
            }
        }
        found
    }
}

impl Side {
    /// The releases whose charts belong to the project, and are the same folder in both profiles.
    pub fn own_charts(one: &Profile, other: &Profile) -> BTreeSet<String> {
        let same = |name: &str, chart: &Chart| {
            matches!(chart, Chart::Folder(_))
                && other.releases.get(name).is_some_and(|release| release.chart == *chart)
        };
        let all = one.releases.iter().filter(|(name, release)| same(name, &release.chart));
        all.map(|(name, _)| name.clone()).collect()
    }

    fn place(&self, path: &[Seg]) -> Place {
        let (file, line) = self.written.place(path);
        Place { file, line }
    }

    fn object(&self, like: &Object) -> Option<&Object> {
        self.objects.iter().find(|one| one.kind == like.kind && one.name == like.name)
    }

    /// The sets of Secrets that only a component for events names.
    fn events_sets(&self) -> Vec<&str> {
        let sets = |events: bool| {
            let objects = self.objects.iter().filter(move |object| is_events(&content(object)) == events);
            objects.flat_map(|object| object.secrets.iter().map(|secret| secret.set.as_str()))
        };
        let elsewhere: BTreeSet<&str> = sets(false)
            .chain(self.profile.releases.values().filter_map(|one| one.secret.as_deref()))
            .collect();
        sets(true).filter(|set| !elsewhere.contains(set)).collect()
    }

    /// The images of containers that only serve components for events.
    fn events_images(&self) -> Vec<&str> {
        let images = |events: bool| {
            let objects = self.objects.iter().filter(move |object| is_events(&content(object)) == events);
            objects.filter_map(|object| Some(object.container.as_ref()?.image.as_str()))
        };
        let of_releases = self.profile.releases.values().filter_map(|one| one.image.as_deref());
        let elsewhere: BTreeSet<&str> = images(false).chain(of_releases).collect();
        images(true).filter(|image| !elsewhere.contains(image)).collect()
    }
}

/// The releases that only the first of two has.
fn only(has: &Side, lacks: &Side) -> Vec<String> {
    let names = has.profile.releases.keys();
    names.filter(|name| !lacks.profile.releases.contains_key(*name)).cloned().collect()
}

fn only_in(side: &Side) -> String {
    format!("only in {}", side.name)
}

fn place(object: &Object) -> Place {
    Place { file: object.place.0.clone(), line: object.place.1 }
}

/// What an object says, without what a deployment adds.
fn content(object: &Object) -> Value {
    let mut content = object.manifest(("", ""), str::to_owned, str::to_owned);
    if let Some(fields) = content.as_object_mut() {
        fields.remove("metadata");
    }
    content
}

/// Takes the containers that serve components for events away, for the comparison of rendered charts: with another
/// component there is another container, or none.
pub fn leave_out_events(dapr: &mut Dapr) {
    let events = dapr.objects.iter_mut().filter(|object| is_events(&content(object)));
    events.for_each(|object| object.container = None);
}

/// Whether an object is a component for events.
fn is_events(content: &Value) -> bool {
    let kind = content["spec"]["type"].as_str().unwrap_or_default();
    content["kind"] == Kind::Component.name() && kind.starts_with("pubsub.")
}

/// Objects as a map by kind and name.
fn by_name(objects: &[Value]) -> Value {
    let name = |object: &Value| {
        let kubernetes::Object { kind, metadata, .. } = kubernetes::Object::of(object).unwrap_or_default();
        format!("{kind} {}", metadata.name)
    };
    json!(objects.iter().map(|object| (name(object), object.clone())).collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
mod tests;
