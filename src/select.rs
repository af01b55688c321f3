//! Owns what arguments select: releases and chart values. Names are checked against the profile.

use std::collections::{BTreeMap, BTreeSet};

use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_project::profile::{Loaded, Profile};

/// A release that the profile does not have; `place` says where it was named, such as `--only: `.
pub(super) fn unknown(profile: &Profile, of: &str, name: &str, place: &str) -> Diagnostic {
    let known: Vec<&str> = profile.releases.keys().map(String::as_str).collect();
    Diagnostic::new(
        Code::UsageRelease,
        format!("{place}profile {of} has no release {name}"),
        format!("its releases: {}", known.join(", ")),
    )
}

pub(super) fn only(loaded: &Loaded, names: &[String]) -> Result<Option<BTreeSet<String>>, Diagnostic> {
    if let Some(name) = names.iter().find(|name| !loaded.profile.releases.contains_key(*name)) {
        return Err(unknown(&loaded.profile, &loaded.name, name, "--only: "));
    }
    Ok((!names.is_empty()).then(|| names.iter().cloned().collect()))
}

/// `release.key=value` by release. A chart's `secrets` are refused: values in argv can be read by every user.
pub(super) fn sets(
    loaded: &Loaded,
    arguments: &[String],
) -> Result<BTreeMap<String, Vec<String>>, Diagnostic> {
    let mut sets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for argument in arguments {
        // The argument is not repeated: it may hold a secret.
        let form = || {
            Diagnostic::new(
                Code::UsageArgument,
                "--set wants RELEASE.KEY=VALUE",
                "for example: --set backend.replicaCount=3",
            )
        };
        let (path, _) = argument.split_once('=').ok_or_else(form)?;
        let (release, key) = path.split_once('.').ok_or_else(form)?;
        if !loaded.profile.releases.contains_key(release) {
            return Err(unknown(&loaded.profile, &loaded.name, release, "--set: "));
        }
        let rest = &argument[release.len() + 1..];
        if rest.split(',').any(|part| part.trim_start().starts_with("secrets")) || key.starts_with("secrets")
        {
            return Err(Diagnostic::new(
                Code::UsageSecret,
                format!(
                    "--set {release}.secrets: a secret in an argument can be read by every user of this machine"
                ),
                "declare it under secrets: in the profile and give it by --env-file or the environment",
            ));
        }
        sets.entry(release.to_owned()).or_default().push(rest.to_owned());
    }
    Ok(sets)
}
