//! Wrong objects first: everything that is said of them. Then what becomes of a sound one.

use super::*;

const SOUND: &str = "\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: pubsub}
spec:
  type: pubsub.kafka
  version: v1
  metadata:
    - {name: brokers, value: 'redpanda:9093'}
    - {name: authType, value: none}
scopes: [backend, audit]
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: statestore}
spec:
  type: state.postgresql
  version: v2
  metadata:
    - {name: connectionString, secretKeyRef: {name: dapr-secrets, key: database-url}}
auth: {secretStore: kubernetes}
---
# nothing
---
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: {name: todo, labels: {app: todo}}
spec: {features: [{name: HotReload, enabled: false}]}
";

fn objects(text: &str) -> Result<Vec<Object>, ProfileError> {
    testing::read(text).map(|(_, dapr)| dapr.objects)
}

/// What is said of the sound objects after some replacements.
fn spoilt(replacements: &[(&str, &str)]) -> String {
    let mut text = SOUND.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    objects(&text).unwrap_err().to_string()
}

/// Each case: what is replaced in the sound objects, by what, and what is said then.
fn assert_cases(cases: &[(&str, &str, &str)]) {
    for (from, to, message) in cases {
        assert_eq!(spoilt(&[(from, to)]), *message);
    }
}

#[test]
fn what_no_sidecar_can_use_is_refused_at_its_line() {
    let cases = [
        (
            "pubsub.kafka",
            "pubsub.postgresql",
            "objects.yaml:5:9: spec.type: `pubsub.postgresql` is no component type that Dapr 1.18 knows; \
             it has postgresql as bindings.postgresql, configuration.postgresql, state.postgresql",
        ),
        (
            "version: v2",
            "version: v7",
            "objects.yaml:17:12: spec.version: `v7` is no version of state.postgresql; Dapr 1.18 has v1, v2",
        ),
        (
            "    - {name: authType, value: none}\n",
            "",
            "objects.yaml:7:3: spec.metadata: `authType` is missing; the sidecar ends without it",
        ),
        (
            "value: none",
            "value: nothing",
            "objects.yaml:9:31: spec.metadata[1].value: not a value of `authType`; it is one of oidc, \
             oidc_private_key_jwt, password, mtls, none, awsiam, certificate",
        ),
        (
            "{name: authType",
            "{name: consumerGroup, value: '{appId}-group'}\n    - {name: authType",
            "objects.yaml:9:36: spec.metadata[1].value: Dapr replaces {appID} only, in exactly this spelling",
        ),
        (
            "name: dapr-secrets",
            "name: dapr-secret",
            "objects.yaml:19:53: spec.metadata[0].secretKeyRef.name: \
             no set of `secrets.sets` is named `dapr-secret`; did you mean `dapr-secrets`?",
        ),
        (
            "key: database-url",
            "key: url",
            "objects.yaml:19:72: spec.metadata[0].secretKeyRef.key: no key of `secrets.sets.dapr-secrets` \
             is named `url`; there are: auth-secret, database-url",
        ),
    ];
    assert_cases(&cases);
}

#[test]
fn what_is_no_object_of_the_application_is_refused_at_its_line() {
    let cases = [
        (
            "{name: pubsub}",
            "{name: pubsub, namespace: other}",
            "objects.yaml:3:37: metadata.namespace: a sidecar reads the objects of its own namespace, todo; leave it out",
        ),
        (
            "name: statestore",
            "name: pubsub",
            "objects.yaml:14:18: metadata.name: `pubsub` is the name of an earlier component",
        ),
        (
            "kind: Configuration",
            "kind: HTTPEndpoint",
            "objects.yaml:25:7: kind: `HTTPEndpoint` is none of the kinds that todoctl applies: \
             Component, Configuration, Resiliency, Subscription",
        ),
        ("scopes: [", "scopse: [", "objects.yaml:10:1: scopse: a component has no field `scopse`"),
        (
            ", value: none}",
            "}",
            "objects.yaml:9:14: spec.metadata[1].name: `authType` needs `value`, `secretKeyRef` or `envRef`, one of them",
        ),
    ];
    assert_cases(&cases);
}

#[test]
fn a_secret_in_a_file_is_refused_and_not_repeated() {
    let said = |from: &str, to: &str| {
        let said = spoilt(&[(from, to)]);
        assert!(!said.contains("CANARY"), "{said}");
        said
    };
    let reference = "secretKeyRef: {name: dapr-secrets, key: database-url}";
    let place = "objects.yaml:19:39: spec.metadata[0].value: ";
    for literal in ["postgresql+asyncpg://u:CANARY@h/d", "CANARY"] {
        assert_eq!(
            said(reference, &format!("value: '{literal}'")),
            format!("{place}`connectionString`: {}", component::LITERAL),
            "{literal}"
        );
    }
    // The broker's address is no sensitive field; a password in it is one all the same.
    assert_eq!(
        said("redpanda:9093", "kafka://u:CANARY@redpanda:9093"),
        format!("objects.yaml:8:30: spec.metadata[0].value: `brokers`: {}", component::LITERAL)
    );
}

#[test]
fn everything_wrong_is_said_at_once() {
    let said = spoilt(&[
        ("pubsub.kafka", "pubsub.x"),
        ("version: v2", "version: v9"),
        ("key: database-url", "key: x"),
    ]);
    assert_eq!(said.lines().count(), 3, "{said}");
    assert_eq!(objects("# empty\n").unwrap_err().to_string(), "objects.yaml: the file holds no object");
    assert_eq!(
        objects("kind: [\n").unwrap_err().to_string(),
        "objects.yaml:2:1: not valid YAML: while parsing a node, did not find expected node content"
    );
}

#[test]
fn an_unknown_field_is_a_note() {
    let objects =
        objects(&SOUND.replace("{name: authType", "{name: brokerz, value: x}\n    - {name: authType"))
            .unwrap();
    assert_eq!(
        objects[0].notes,
        ["objects.yaml:9: pubsub.kafka knows no metadata `brokerz`; did you mean `brokers`?"]
    );
}

#[test]
fn the_manifest_names_the_version_of_its_secret() {
    let objects = objects(SOUND).unwrap();
    assert_eq!(
        objects.iter().map(|one| one.kind).collect::<Vec<_>>(),
        [Kind::Component, Kind::Component, Kind::Configuration]
    );
    assert!(objects[0].is_for("audit") && !objects[0].is_for("frontend") && objects[1].is_for("frontend"));
    let manifest =
        |suffix: &str| objects[1].manifest(("todo", "p"), |set| format!("{set}-{suffix}"), str::to_owned);
    let (one, other) = (manifest("1"), manifest("2"));
    assert_eq!(one["spec"]["metadata"][0]["secretKeyRef"]["name"], "dapr-secrets-1");
    assert_ne!(one["metadata"]["labels"][labels::DIGEST], other["metadata"]["labels"][labels::DIGEST]);
    let digest = one["metadata"]["labels"][labels::DIGEST].clone();
    assert_eq!(
        one,
        json!({"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"name": "statestore",
            "namespace": "todo", "labels": {"todoctl.dev/profile": "p", "todoctl.dev/digest": digest}},
            "spec": {"type": "state.postgresql", "version": "v2", "metadata": [
                {"name": "connectionString", "secretKeyRef": {"name": "dapr-secrets-1", "key": "database-url"}}]},
            "auth": {"secretStore": "kubernetes"}})
    );
}
