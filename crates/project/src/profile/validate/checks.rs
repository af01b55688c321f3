//! Owns the rules of declared checks: who is asked, what is sent, and what tells this run's answers from older ones.

use std::collections::BTreeSet;

use super::super::names::{self, LABEL_LENGTH};
use super::super::schema::{Cleanup, Expectation, HttpCheck, ID, Method, names_id};
use super::super::source::Seg;
use super::Validation;

/// Where a request goes: service, port and path.
type Target<'a> = (&'a str, &'a str, &'a str);

impl Validation<'_> {
    pub(super) fn checks(&mut self) {
        let mut seen = BTreeSet::new();
        for (index, check) in self.profile.checks.iter().enumerate() {
            let at = |field: &str| vec![Seg::from("checks"), index.into(), field.into()];
            if !seen.insert(&check.name) {
                self.value(&at("name"), format!("`{}` is the name of an earlier check", check.name));
            }
            self.answering(&check.release, &at);
            self.target((&check.service, &check.port, &check.path), &at);
            self.bodiless(check.method, check.body.is_some(), &at);
            self.expectations(check, index, &at);
            if let Some(cleanup) = &check.cleanup {
                self.cleanup(cleanup, &|field| [at("cleanup"), vec![field.into()]].concat());
            }
        }
    }

    fn expectations<'s>(&mut self, check: &HttpCheck, index: usize, at: &impl Fn(&'s str) -> Vec<Seg>) {
        let mut seen = BTreeSet::new();
        for (place, expected) in check.expect.iter().enumerate() {
            let at = |field: &str| {
                vec![Seg::from("checks"), index.into(), "expect".into(), place.into(), field.into()]
            };
            if !seen.insert(&expected.name) {
                self.value(&at("name"), format!("`{}` is the name of an earlier expectation", expected.name));
            }
            self.expectation(expected, &at);
        }
        let is_named = check.path.contains(ID) || check.body.as_ref().is_some_and(names_id);
        if !check.expect.is_empty() && !is_named {
            let message = format!("nothing can be expected of a request without `{ID}` in its path or body");
            self.value(&at("expect"), message);
        }
    }

    fn expectation(&mut self, expected: &Expectation, at: &impl Fn(&str) -> Vec<Seg>) {
        self.answering(&expected.release, at);
        self.target((&expected.service, &expected.port, &expected.path), at);
        if !expected.contains.contains(ID) {
            let message = format!("without `{ID}` in it, the text could be there from an earlier run");
            self.value(&at("contains"), message);
        }
    }

    fn cleanup(&mut self, cleanup: &Cleanup, at: &impl Fn(&str) -> Vec<Seg>) {
        self.path(&cleanup.path, at);
        self.bodiless(cleanup.method, cleanup.body.is_some(), at);
        if cleanup.method == Method::Get {
            self.value(&at("method"), "a GET removes nothing");
        }
        if !cleanup.path.contains(ID) && !cleanup.body.as_ref().is_some_and(names_id) {
            let message = format!("without `{ID}` it could remove what the check did not make");
            self.value(&at("path"), message);
        }
    }

    fn answering(&mut self, release: &str, at: &impl Fn(&str) -> Vec<Seg>) {
        if !self.profile.releases.contains_key(release) {
            let known = self.profile.releases.keys().map(String::as_str);
            self.value(&at("release"), names::unknown("release", release, known));
        }
    }

    fn bodiless(&mut self, method: Method, has_body: bool, at: &impl Fn(&str) -> Vec<Seg>) {
        if method == Method::Get && has_body {
            self.value(&at("body"), "a GET has no body; give the method that sends it");
        }
    }

    fn target(&mut self, (service, port, path): Target<'_>, at: &impl Fn(&str) -> Vec<Seg>) {
        self.label(&at("service"), service, LABEL_LENGTH);
        let number = port.parse::<u32>();
        if number.is_ok_and(|port| port == 0 || port > 65535) {
            self.value(&at("port"), "a port is 1 to 65535, or the name of a Service's port");
        } else if names::label(port, LABEL_LENGTH).is_err() {
            self.value(&at("port"), "neither a number nor the name of a Service's port");
        }
        self.path(path, at);
    }

    fn path(&mut self, path: &str, at: &impl Fn(&str) -> Vec<Seg>) {
        if !path.starts_with('/') {
            self.value(&at("path"), "a path starts with `/`");
        } else if path.contains(|c: char| c.is_whitespace() || c.is_control()) {
            self.value(&at("path"), "a path holds no blanks; write them as `%20`");
        }
    }
}
