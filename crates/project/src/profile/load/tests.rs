//! The bad profiles first: the whole output of each, then what merging makes of good ones.

use super::super::testing::{SOUND, load, project, refusal, spoilt, write};
use super::*;
use crate::profile::{Chart, Cluster};

const REFERENCE: &str = "docs/profile.md explains every field.";

/// Each case: what is replaced in the sound profile, by what, the message, the hint.
fn assert_cases(cases: &[(&str, &str, &str, &str)]) {
    for (from, to, message, hint) in cases {
        let hint = hint.replace("REFERENCE", REFERENCE);
        assert_eq!(spoilt(from, to), format!("profiles/sandbox.yaml:{message}\nhint: {hint}"));
    }
}

#[test]
fn wrong_fields_are_reported_where_they_stand() {
    assert_cases(&[
        (
            "chart: charts/backend",
            "chrat: charts/backend",
            "18:5: releases.backend.chrat: unknown field `chrat`, expected one of `chart`, `namespace`, `order`, \
             `values`, `set`, `image`, `secret`, `sidecar`, `needs`, `optional`, `ready-seconds`",
            "Did you mean `chart`? REFERENCE",
        ),
        ("    chart: charts/backend\n", "", "16:3: releases.backend: missing field `chart`", "REFERENCE"),
        ("cluster:\n  sandbox: {}\n", "", "1:1: missing field `cluster`", "REFERENCE"),
        (
            "sandbox: {}",
            "sandbox: {nett: 1}",
            "3:13: cluster.sandbox.nett: unknown field `nett`, expected one of `name`, `net`, `command`",
            "Did you mean `net`? REFERENCE",
        ),
        (
            "order: 6",
            "order: 6\n    order: 7",
            "18:5: `order` is there twice in the same map",
            "Keep one of the two.",
        ),
    ]);
}

#[test]
fn wrong_types_are_reported_at_the_value() {
    assert_cases(&[
        (
            "order: 6",
            "order: 600",
            "17:12: releases.backend.order: invalid value: integer `600`, expected a whole number from 0 to 255",
            "REFERENCE",
        ),
        (
            "port: http",
            "port: 8001",
            "26:61: checks[0].port: invalid type: integer `8001`, expected text",
            "Put it in quotes. REFERENCE",
        ),
        (
            "needs: [backend]",
            "needs: backend",
            "24:12: releases.frontend.needs: invalid type: text, expected a list",
            "REFERENCE",
        ),
        (
            "namespace: todo",
            "namespace:",
            "1:10: namespace: invalid type: null, expected text",
            "Write a value, or remove the line. REFERENCE",
        ),
        (
            "namespace: todo",
            "namespace: todo\nextends: [x]",
            "2:1: extends: invalid type: sequence, expected text",
            "REFERENCE",
        ),
    ]);
}

#[test]
fn a_cluster_is_exactly_one_known_provider() {
    let place = "Correct the file at this place; the mistake may also be on the line above.";
    assert_cases(&[
        (
            "sandbox: {}",
            "sandbx: {}",
            "3:3: cluster.sandbx: unknown variant `sandbx`, expected one of `sandbox`, `minikube`, `context`, `in-cluster`, `oke`",
            "Did you mean `sandbox`? REFERENCE",
        ),
        (
            "cluster:\n  sandbox: {}\n",
            "cluster: sandbox\n",
            "2:10: cluster: invalid type: text, expected a map with one key, the provider: `sandbox: {}`",
            "REFERENCE",
        ),
        (
            "cluster:\n  sandbox: {}\n",
            "cluster: !sandbox {}\n",
            "2:10: tags (`!name`) have no meaning here",
            place,
        ),
    ]);
}

#[test]
fn syntax_errors_have_a_place_and_quote_nothing() {
    let place = "Correct the file at this place; the mistake may also be on the line above.";
    assert_cases(&[
        (
            "needs: [backend]",
            "needs: [CANARY",
            "25:7: not valid YAML: illegal placement of ':' indicator",
            place,
        ),
        (
            "image: backend",
            "image: \"CANARY",
            "19:12: not valid YAML: invalid indentation in quoted scalar",
            place,
        ),
        (
            "namespace: todo",
            "namespace: *CANARY",
            "1:12: not valid YAML: while parsing node, found unknown anchor",
            place,
        ),
        ("namespace: todo", "namespace: .inf", "1:12: not a number that can be passed on", place),
        ("namespace: todo", "1: todo", "1:1: a field's name is a text; put it in quotes", place),
        (
            "namespace: todo",
            "a: 1\n---\nnamespace: todo",
            "3:1: a second document; a profile is one document",
            place,
        ),
    ]);
}

#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    assert_cases(&[
        (
            "{env: DATABASE_URL, schemes: [postgres]}",
            "postgres://user:CANARY@host/, expected x",
            "10:19: secrets.values.database-url: invalid type: text, expected a map of fields",
            "A profile never holds a secret itself, only where it comes from. REFERENCE",
        ),
        (
            "generate: 32",
            "generate: CANARY",
            "11:29: secrets.values.auth-secret.generate: invalid type: text, expected a whole number from 0 to 65535",
            "REFERENCE",
        ),
    ]);
}

#[test]
fn files_that_are_no_profile() {
    let empty = "profiles/sandbox.yaml: the file is empty\n\
                 hint: profiles/local.yaml is a complete example; docs/profile.md explains every field.";
    for text in ["", "# only a comment\n", "---\n"] {
        assert_eq!(refusal(&[("sandbox.yaml", text)]), empty);
    }
    let folder = project(&[("sandbox.yaml", "")]);
    std::fs::write(folder.path().join("profiles/sandbox.yaml"), b"a: \xff").unwrap();
    let error = load(folder.path(), "sandbox").unwrap_err();
    assert_eq!(error.to_string(), "profiles/sandbox.yaml: byte 3 is not UTF-8");
    std::fs::create_dir(folder.path().join("profiles/folder.yaml")).unwrap();
    let path = folder.path().join("profiles/folder.yaml");
    let error = load(folder.path(), path.to_str().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "profiles/folder.yaml: cannot be read: Is a directory (os error 21)");
    let error = load(folder.path(), "gone/x.yaml").unwrap_err();
    assert_eq!(error.to_string(), "gone/x.yaml: there is no such file");
}

#[test]
fn an_unknown_name_lists_the_profiles() {
    let message = "profiles: there is no profile named `sandbox`\nhint: ";
    assert_eq!(
        refusal(&[("local.yaml", SOUND), ("sandbx.yml", SOUND)]),
        format!("{message}Did you mean `sandbx`? The profiles are: local, sandbx.")
    );
    assert_eq!(refusal(&[("local.yaml", SOUND)]), format!("{message}The profiles are: local."));
    assert!(refusal(&[("note.txt", "")]).starts_with(&format!("{message}Put one at ")));
}

#[test]
fn a_chain_of_profiles_must_exist_and_end() {
    let hint = "A chain of profiles must end: remove one `extends`.";
    assert_eq!(
        refusal(&[("sandbox.yaml", "extends: b.yaml\n"), ("b.yaml", "\nextends: ./sandbox.yaml\n")]),
        format!("profiles/b.yaml:2:10: extends: `./sandbox.yaml` extends this file in turn\nhint: {hint}")
    );
    assert_eq!(
        refusal(&[("sandbox.yaml", "extends: ../gone.yaml\n")]),
        "profiles/sandbox.yaml:1:10: extends: there is no file gone.yaml\n\
         hint: `extends` names a profile beside the file that says it, or a path relative to it."
    );
}

#[test]
fn inherited_mistakes_point_at_the_file_that_made_them() {
    let base = SOUND.replace("order: 8", "order: eight");
    let own = "extends: base.yaml\nreleases:\n  backend:\n    chrat: x\n";
    assert!(
        refusal(&[("sandbox.yaml", own), ("base.yaml", SOUND)])
            .starts_with("profiles/sandbox.yaml:4:5: releases.backend.chrat: unknown field")
    );
    assert!(
        refusal(&[("sandbox.yaml", "extends: base.yaml\n"), ("base.yaml", &base)])
            .starts_with("profiles/base.yaml:22:12: releases.frontend.order: invalid type: text")
    );
    // The reference is broken here, though both ends are inherited.
    assert!(
        refusal(&[("sandbox.yaml", "extends: base.yaml\nimages: null\n"), ("base.yaml", SOUND)]).starts_with(
            "profiles/base.yaml:19:12: releases.backend.image: no image is named `backend`: there is none"
        )
    );
}

#[test]
fn maps_merge_lists_and_scalars_are_replaced_and_null_removes() {
    let base = SOUND.replace("image: backend", "set: {replicas: 3, env: {A: 1, B: 2}}");
    let own = "
extends: middle.yaml
namespace: other
releases:
  backend:
    set: {env: {A: null, C: [3]}, probe: null}
  frontend:
    needs: []
checks: null
";
    let middle = "extends: deep/base\nimages: {backend: null}\nnamespace: middle\nurl: http://{node}\n";
    let folder = project(&[("sandbox.yaml", own), ("middle.yaml", middle), ("deep/base.yaml", &base)]);
    let loaded = load(folder.path(), "sandbox").unwrap();
    let profile = &loaded.profile;
    assert_eq!(loaded.name, "sandbox");
    assert_eq!(profile.namespace, "other");
    assert_eq!(profile.extends, Some(PathBuf::from("middle.yaml")));
    assert_eq!(profile.url.as_deref(), Some("http://{node}"));
    assert_eq!(profile.images.len() + profile.checks.len(), 0);
    assert_eq!(profile.releases["frontend"].needs, [] as [&str; 0]);
    // `null` where nothing is inherited stays: helm then removes the chart's own default.
    assert_eq!(
        serde_json::to_string(&profile.releases["backend"].set).unwrap(),
        r#"{"replicas":3,"env":{"B":2,"C":[3]},"probe":null}"#
    );
}

#[test]
fn the_same_provider_merges_and_another_replaces() {
    let base = SOUND.replace("sandbox: {}", "sandbox: {name: x, net: '10.9'}");
    let own = "extends: base.yaml\ncluster: {sandbox: {name: y}}\n";
    let folder = project(&[("sandbox.yaml", own), ("base.yaml", &base)]);
    let Cluster::Sandbox(cluster) = load(folder.path(), "sandbox").unwrap().profile.cluster else {
        panic!("another provider")
    };
    assert_eq!((cluster.name.as_str(), cluster.net.as_deref()), ("y", Some("10.9")));

    let own = "extends: base.yaml\ncluster: {elsewhere: {}}\n";
    assert!(
        refusal(&[("sandbox.yaml", own), ("base.yaml", &base)])
            .starts_with("profiles/sandbox.yaml:2:11: cluster.elsewhere: unknown variant")
    );
}

#[test]
fn a_chart_of_a_repository_replaces_the_inherited_one() {
    let chart = |rest: &str| format!("chart: {{repository: https://h, name: x, {rest}}}");
    let digest = format!("sha256:{}", "a".repeat(64));
    let base = SOUND.replace("chart: charts/backend", &chart(&format!("version: 1.0.0, digest: '{digest}'")));
    let of = |own: &str| {
        let own = format!("extends: base.yaml\nreleases: {{backend: {{{own}}}}}\n");
        let folder = project(&[("sandbox.yaml", &own), ("base.yaml", &base)]);
        load(folder.path(), "sandbox").unwrap().profile.releases["backend"].chart.clone()
    };
    let Chart::Repository(inherited) = of("order: 6") else { panic!("a repository") };
    assert_eq!(inherited.digest, Some(digest));
    let Chart::Repository(own) = of(&chart("version: 1.0.1")) else { panic!("a repository") };
    assert_eq!((own.version.as_str(), own.digest), ("1.0.1", None), "a digest belongs to its version");
    assert_eq!(of("chart: charts/backend"), Chart::Folder("charts/backend".into()));
}

#[test]
fn a_project_is_found_from_below() {
    let folder = project(&[("sandbox.yaml", SOUND)]);
    let root = folder.path();
    write(root, "a/profiles/readme.txt", "");
    assert_eq!(find_project(&root.join("a/profiles")).as_deref(), Some(root));
    assert_eq!(find_project(root).as_deref(), Some(root));
    assert_eq!(find_project(Path::new("/")), None);
}

#[test]
fn a_release_without_an_order_stands_where_its_needs_allow() {
    let text = "\
cluster: {sandbox: {}}
dapr: {release: dapr, components: []}
releases:
  dapr: {chart: charts/backend, needs: [crds]}
  crds: {chart: charts/backend, order: 4}
  web: {chart: charts/frontend, needs: [api]}
  api: {chart: charts/backend, needs: [worker, dapr]}
  worker: {chart: charts/backend, order: 7}
  other: {chart: charts/backend}
";
    let folder = project(&[("p.yaml", text)]);
    let profile = load(folder.path(), "p").unwrap().profile;
    let orders: Vec<(&str, u8)> =
        profile.releases.iter().map(|(name, release)| (name.as_str(), release.order())).collect();
    let expected = [("api", 7), ("crds", 4), ("dapr", 4), ("other", 6), ("web", 7), ("worker", 7)];
    assert_eq!(orders.len(), expected.len());
    for one in expected {
        assert!(orders.contains(&one), "{one:?} in {orders:?}");
    }
}
