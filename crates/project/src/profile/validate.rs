//! Owns the rules between a profile's fields: names that refer to each other, files that must exist, limits.
//! Reports every problem at once. Refuses to read more of the disk than whether a file is there.

mod chart;
mod checks;
mod circle;
mod cluster;
mod dapr;
mod images;
mod registry;
mod secrets;

use std::path::Path;

use super::error::{Problem, ProfileError};
use super::names::{self, LABEL_LENGTH, RELEASE_LENGTH};
use super::schema::{Profile, Release};
use super::source::{Seg, Source};
use todoctl_core::quantity::Quantity;

/// First and last position a release may have in the documented order.
const ORDERS: std::ops::RangeInclusive<u8> = 4..=8;

/// Checks a merged profile; the error holds every problem.
pub(super) fn validate(
    project: &Path,
    name: &str,
    profile: &Profile,
    source: &Source,
) -> Result<(), ProfileError> {
    let mut check = Validation { project, profile, source, problems: Vec::new() };
    if let Err(message) = names::label(name, LABEL_LENGTH) {
        check.problems.push(Problem {
            file: source.files[0].clone(),
            position: None,
            field: String::new(),
            message: format!("the file gives the profile its name, and {message}"),
        });
    }
    check.label(&["namespace".into()], &profile.namespace, LABEL_LENGTH);
    check.pin();
    check.images();
    check.secrets();
    check.registry();
    check.releases();
    check.dapr();
    check.cycle();
    check.checks();
    check.url();
    check.capacity();
    check.parity();
    if check.problems.is_empty() {
        return Ok(());
    }
    let hint = "Nothing was changed. docs/profile.md explains every field.";
    Err(ProfileError::new(check.problems, hint))
}

struct Validation<'a> {
    project: &'a Path,
    profile: &'a Profile,
    source: &'a Source,
    problems: Vec<Problem>,
}

impl Validation<'_> {
    /// A problem with what a field says. What a variable will say there is not known in a profile that is only looked at.
    fn value(&mut self, path: &[Seg], message: impl Into<String>) {
        if self.source.has_variable(path) {
            return;
        }
        self.problems.push(self.source.value_problem(path, message));
    }

    /// A problem with a field itself, such as its name.
    fn field(&mut self, path: &[Seg], message: impl Into<String>) {
        self.problems.push(self.source.problem(path, message));
    }

    fn label(&mut self, path: &[Seg], name: &str, longest: usize) {
        if let Err(message) = names::label(name, longest) {
            self.value(path, message);
        }
    }

    fn key_label(&mut self, path: &[Seg], name: &str, longest: usize) {
        if let Err(message) = names::label(name, longest) {
            self.field(path, message);
        }
    }

    fn folder(&mut self, path: &[Seg], folder: &Path) -> bool {
        let there = self.project.join(folder).is_dir();
        if !there {
            self.value(path, format!("there is no folder {}", folder.display()));
        }
        there
    }

    fn file(&mut self, path: &[Seg], file: &Path) {
        if !self.project.join(file).is_file() {
            self.value(path, format!("there is no file {}", file.display()));
        }
    }

    fn releases(&mut self) {
        for (name, release) in &self.profile.releases {
            let at = |field: &str| [Seg::from("releases"), name.as_str().into(), field.into()];
            self.key_label(&at("")[..2], name, RELEASE_LENGTH);
            self.chart(&at("chart"), &release.chart);
            if let Some(namespace) = &release.namespace {
                self.label(&at("namespace"), namespace, LABEL_LENGTH);
            }
            if !ORDERS.contains(&release.order()) {
                let (first, last) = (ORDERS.start(), ORDERS.end());
                self.value(&at("order"), format!("{} is outside {first} to {last}", release.order()));
            }
            for (index, file) in release.values.iter().enumerate() {
                let [releases, name, field] = at("values");
                self.file(&[releases, name, field, index.into()], file);
            }
            self.references(release, &at);
            self.needs(name, release);
        }
    }

    fn references(&mut self, release: &Release, at: &impl Fn(&str) -> [Seg; 3]) {
        let Profile { images, secrets, .. } = self.profile;
        if let Some(image) = &release.image
            && !images.contains_key(image)
        {
            self.value(&at("image"), names::unknown("image", image, images.keys().map(String::as_str)));
        }
        if let Some(set) = &release.secret
            && !secrets.sets.contains_key(set)
        {
            let known = secrets.sets.keys().map(String::as_str);
            self.value(&at("secret"), names::unknown("set of `secrets.sets`", set, known));
        }
        if release.set.contains_key("secrets") {
            let [releases, name, field] = at("set");
            self.field(
                &[releases, name, field, "secrets".into()],
                "secrets never travel in helm values; declare them in `secrets` and name the set in `secret`",
            );
        }
    }

    fn needs(&mut self, name: &str, release: &Release) {
        let all = &self.profile.releases;
        for (index, need) in release.needs.iter().enumerate() {
            let path = [Seg::from("releases"), name.into(), "needs".into(), index.into()];
            match all.get(need) {
                None => self.value(&path, names::unknown("release", need, all.keys().map(String::as_str))),
                Some(_) if need == name => self.value(&path, "a release cannot need itself"),
                Some(other) if other.order() > release.order() => self.value(
                    &path,
                    format!(
                        "`{need}` has order {}, which is after this release's {}",
                        other.order(),
                        release.order()
                    ),
                ),
                Some(_) => {}
            }
        }
    }

    /// Reports one circle of `needs` that is longer than one release, if there is any.
    fn cycle(&mut self) {
        if let Some(circle) = circle::find(&self.profile.releases) {
            let path = [Seg::from("releases"), circle[0].into(), "needs".into()];
            self.field(&path, format!("a circle that can never start: {}", circle.join(" needs ")));
        }
    }

    fn capacity(&mut self) {
        let Some(capacity) = &self.profile.capacity else { return };
        let said = [
            ("cpu", Some(&capacity.cpu)),
            ("memory", Some(&capacity.memory)),
            ("storage", capacity.storage.as_ref()),
        ];
        for (field, text) in said.into_iter().filter_map(|(field, text)| Some((field, text?))) {
            if let Err(error) = text.parse::<Quantity>() {
                self.value(&["capacity".into(), field.into()], error.to_string());
            }
        }
        if capacity.nodes == 0 {
            self.value(&["capacity".into(), "nodes".into()], "at least one node");
        }
    }

    /// An explanation without a reason explains nothing.
    fn parity(&mut self) {
        for (field, _) in self.profile.parity.iter().filter(|(_, reason)| reason.trim().is_empty()) {
            self.value(&["parity".into(), field.as_str().into()], "say why the profiles differ here");
        }
    }

    fn url(&mut self) {
        let Some(url) = &self.profile.url else { return };
        let rest = url.replace("{node}", "");
        if let Some(start) = rest.find(['{', '}']) {
            let end = rest[start..].find('}').map_or(rest.len(), |end| start + end + 1);
            let message = format!("`{}` is not known; the only placeholder is {{node}}", &rest[start..end]);
            self.value(&["url".into()], message);
        }
    }
}

#[cfg(test)]
mod tests;
