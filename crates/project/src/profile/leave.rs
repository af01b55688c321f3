//! Owns what goes along when an extending profile leaves a release out with `NAME: null`: what the extended profile
//! says only because of it. Refuses to touch what the extending profile says itself.

use super::source::{Kind, Node};

/// The release that an entry of a list belongs to.
const OWNER: &str = "release";

/// The releases that a layer leaves out.
pub(super) fn left_out(layer: &Node) -> Vec<String> {
    match layer.get("releases").map(|node| &node.value) {
        Some(Kind::Map(releases)) => {
            let gone = releases.iter().filter(|(_, node)| node.is_null());
            gone.map(|(name, _)| name.clone()).collect()
        }
        Some(Kind::Scalar(_) | Kind::List(_)) | None => Vec::new(),
    }
}

/// Removes what the extended profile says of some releases elsewhere: the needs of other releases, checks and their
/// expectations.
pub(super) fn forget(base: &mut Node, gone: &[String]) {
    if gone.is_empty() {
        return;
    }
    let is_gone = |node: &Node| matches!(&node.value, Kind::Scalar(value) if value.as_str().is_some_and(|name| gone.iter().any(|one| one == name)));
    let belongs = |node: &Node| node.get(OWNER).is_some_and(is_gone);
    if let Some(Kind::Map(releases)) = base.get_mut("releases").map(|node| &mut node.value) {
        for (_, release) in releases {
            retain(release.get_mut("needs"), |need| !is_gone(need));
        }
    }
    retain(base.get_mut("checks"), |check| !belongs(check));
    if let Some(Kind::List(checks)) = base.get_mut("checks").map(|node| &mut node.value) {
        for check in checks.iter_mut() {
            retain(check.get_mut("expect"), |expectation| !belongs(expectation));
        }
        // A request that nothing is expected of any more proves nothing.
        checks.retain(|check| {
            !check.get("expect").is_some_and(|left| matches!(&left.value, Kind::List(all) if all.is_empty()))
        });
    }
}

fn retain(list: Option<&mut Node>, keep: impl Fn(&Node) -> bool) {
    if let Some(Kind::List(items)) = list.map(|node| &mut node.value) {
        items.retain(keep);
    }
}

#[cfg(test)]
mod tests {
    use crate::profile::testing::load;
    use crate::profile::testing::{SOUND, project, refusal};

    #[test]
    fn a_release_takes_along_what_names_it() {
        let base = SOUND.replace("needs: [backend]", "needs: [backend, audit]").replace(
            "checks:\n",
            "  audit: {order: 7, chart: charts/backend}\nchecks:\n  - {name: log, release: audit, service: audit, port: http, path: /log}\n",
        );
        let folder = project(&[
            ("sandbox.yaml", "extends: base.yaml\nreleases: {audit: null}\n"),
            ("base.yaml", &base),
        ]);
        let profile = load(folder.path(), "sandbox").unwrap().profile;
        assert_eq!(profile.releases.keys().collect::<Vec<_>>(), ["backend", "frontend"]);
        assert_eq!(profile.releases["frontend"].needs, ["backend"]);
        assert_eq!(profile.checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(), ["ready"]);
    }

    #[test]
    fn what_the_same_file_says_of_it_stays_a_mistake() {
        let own = "extends: base.yaml\nreleases:\n  backend: null\n  frontend: {needs: [backend]}\n";
        let error = refusal(&[("sandbox.yaml", own), ("base.yaml", SOUND)]);
        assert!(
            error.starts_with(
                "profiles/sandbox.yaml:4:22: releases.frontend.needs[0]: no release is named `backend`"
            ),
            "{error}"
        );
    }
}
