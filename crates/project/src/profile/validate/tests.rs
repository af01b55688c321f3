//! Profiles whose fields are well typed and contradict each other or the disk.

use super::super::testing::{SOUND, project, refusal, spoilt};

const HINT: &str = "\nhint: Nothing was changed. docs/profile.md explains every field.";

fn assert_cases(cases: &[(&str, &str, &str)]) {
    for (from, to, message) in cases {
        assert_eq!(spoilt(from, to), format!("profiles/sandbox.yaml:{message}{HINT}"));
    }
}

#[test]
fn names_that_lead_nowhere() {
    assert_cases(&[
        (
            "image: backend",
            "image: bakend",
            "19:12: releases.backend.image: no image is named `bakend`; did you mean `backend`?",
        ),
        (
            "secret: backend-secrets",
            "secret: x",
            "20:13: releases.backend.secret: no set of `secrets.sets` is named `x`; there are: backend-secrets",
        ),
        (
            "database-url: database-url",
            "database-url: url",
            "14:21: secrets.sets.backend-secrets.database-url: no value of `secrets.values` is named `url`; \
             there are: auth-secret, database-url",
        ),
        (
            "needs: [backend]",
            "needs: [backend, x]",
            "24:22: releases.frontend.needs[1]: no release is named `x`; there are: backend, frontend",
        ),
        (
            "release: backend",
            "release: front-end",
            "26:28: checks[0].release: no release is named `front-end`; did you mean `frontend`?",
        ),
    ]);
}

#[test]
fn needs_that_can_never_be_met() {
    assert_cases(&[
        (
            "needs: [backend]",
            "needs: [frontend]",
            "24:13: releases.frontend.needs[0]: a release cannot need itself",
        ),
        (
            "order: 8",
            "order: 5",
            "24:13: releases.frontend.needs[0]: `backend` has order 6, which is after this release's 5",
        ),
    ]);
    let circle = SOUND.replace("order: 8", "order: 6").replace("image: backend", "needs: [frontend]");
    assert_eq!(
        refusal(&[("sandbox.yaml", &circle)]),
        format!(
            "profiles/sandbox.yaml:19:5: releases.backend.needs: \
             a circle that can never start: backend needs frontend needs backend{HINT}"
        )
    );
}

#[test]
fn names_and_numbers_that_kubernetes_refuses() {
    assert_cases(&[
        (
            "namespace: todo",
            "namespace: Todo",
            "1:12: namespace: `Todo` is not a valid name: lower-case letters, digits and dashes, \
             a letter or digit at both ends",
        ),
        ("order: 8", "order: 9", "22:12: releases.frontend.order: 9 is outside 4 to 8"),
        (
            "sandbox.local/todo/backend",
            "sandbox.local/todo/backend:1",
            "6:17: images.backend.repository: `sandbox.local/todo/backend:1` carries a tag or digest; \
             the tag is the hash of the sources, write the name alone",
        ),
        (
            "      database-url: ",
            "      a/b: ",
            "14:7: secrets.sets.backend-secrets.a/b: `a/b` cannot be a key of a Secret: letters, digits, `-`, `_` and `.`",
        ),
        (
            "port: http",
            "port: '0'",
            "26:61: checks[0].port: a port is 1 to 65535, or the name of a Service's port",
        ),
        ("path: /ready", "path: ready", "26:73: checks[0].path: a path starts with `/`"),
    ]);
    let long = "x".repeat(54);
    assert_eq!(
        spoilt("  frontend:", &format!("  {long}:")),
        format!(
            "profiles/sandbox.yaml:21:3: releases.{long}: `{long}` has 54 characters, at most 53 are possible{HINT}"
        )
    );
}

#[test]
fn files_that_are_not_there() {
    assert_cases(&[
        (
            "chart: charts/backend",
            "chart: charts",
            "18:12: releases.backend.chart: there is no file charts/Chart.yaml",
        ),
        ("chart: charts/backend", "chart: gone", "18:12: releases.backend.chart: there is no folder gone"),
        (
            "order: 6",
            "order: 6\n    values: [charts/backend/Chart.yaml, gone.yaml]",
            "18:41: releases.backend.values[1]: there is no file gone.yaml",
        ),
        ("context: backend", "context: gone", "7:14: images.backend.context: there is no folder gone"),
        (
            "context: backend",
            "context: charts",
            "7:14: images.backend.context: there is no file charts/Dockerfile",
        ),
        (
            "context: backend",
            "context: backend\n    dockerfile: gone/Dockerfile",
            "8:17: images.backend.dockerfile: there is no file gone/Dockerfile",
        ),
        (
            "context: backend",
            "context: backend\n    sources: ['src/[']",
            "8:15: images.backend.sources[0]: not a glob: unclosed character class; missing ']'",
        ),
    ]);
}

#[test]
fn secrets_that_cannot_be_made_or_would_leak() {
    assert_cases(&[
        (
            "generate: 32",
            "generate: 15",
            "11:29: secrets.values.auth-secret.generate: \
             15 bytes are written as 30 hex digits, fewer than min-length: 32",
        ),
        (
            "env: DATABASE_URL",
            "env: DATABASE-URL",
            "10:25: secrets.values.database-url.env: not the name of a variable: letters, digits and `_`, not a digit first",
        ),
        (
            "env: DATABASE_URL",
            "generate: 8",
            "10:30: secrets.values.database-url.generate: \
             a generated value is hex digits and can never be a URL of `schemes`",
        ),
        (
            "order: 6",
            "order: 6\n    set: {secrets: {databaseUrl: CANARY}}",
            "18:11: releases.backend.set.secrets: secrets never travel in helm values; \
             declare them in `secrets` and name the set in `secret`",
        ),
    ]);
}

/// A check of events that is sound, after the sound one; to be spoilt.
const EVENTS: &str = "  - name: events
    release: frontend
    service: web
    port: \"3000\"
    method: POST
    path: /api/tasks
    body: {key: 'check-{id}'}
    expect:
      - {name: seen, release: backend, service: backend, port: http, path: /log, contains: 'check-{id}'}
    cleanup: {method: DELETE, path: '/api/tasks/check-{id}'}
";

#[test]
fn a_check_of_events_is_sound_and_its_parts_have_defaults() {
    let folder = project(&[("sandbox.yaml", &format!("{SOUND}{EVENTS}"))]);
    let checks = super::super::testing::load(folder.path(), "sandbox").unwrap().profile.checks;
    assert_eq!((checks[0].method.name(), checks[1].method.name()), ("GET", "POST"));
    assert_eq!((checks[0].expect.len(), checks[1].releases()), (0, vec!["frontend", "backend"]));
}

#[test]
fn checks_that_prove_nothing_or_remove_too_much() {
    let cases = [
        (
            "method: POST",
            "method: post",
            "31:13: checks[1].method: unknown variant `post`, expected one of `GET`, `POST`, `PUT`, `DELETE`",
        ),
        ("method: POST", "method: GET", "33:5: checks[1].body: a GET has no body; give the method that sends it"),
        (
            "body: {key: 'check-{id}'}",
            "body: {key: check}",
            "34:5: checks[1].expect: nothing can be expected of a request without `{id}` in its path or body",
        ),
        (
            "contains: 'check-{id}'",
            "contains: check",
            "35:92: checks[1].expect[0].contains: without `{id}` in it, the text could be there from an earlier run",
        ),
        (
            "release: backend, service: backend, port: http, path: /log",
            "release: audit, service: Backend, port: '0', path: /a log",
            "35:31: checks[1].expect[0].release: no release is named `audit`; there are: backend, frontend
profiles/sandbox.yaml:35:47: checks[1].expect[0].service: `Backend` is not a valid name: lower-case letters, digits and dashes, a letter or digit at both ends
profiles/sandbox.yaml:35:62: checks[1].expect[0].port: a port is 1 to 65535, or the name of a Service's port
profiles/sandbox.yaml:35:73: checks[1].expect[0].path: a path holds no blanks; write them as `%20`",
        ),
        (
            "{method: DELETE, path: '/api/tasks/check-{id}'}",
            "{method: GET, path: /api/tasks}",
            "36:23: checks[1].cleanup.method: a GET removes nothing
profiles/sandbox.yaml:36:34: checks[1].cleanup.path: without `{id}` it could remove what the check did not make",
        ),
        (
            "    cleanup:",
            "      - {name: seen, release: backend, service: b, port: http, path: /, contains: '{id}'}\n    cleanup:",
            "36:16: checks[1].expect[1].name: `seen` is the name of an earlier expectation",
        ),
    ];
    for (from, to, message) in cases {
        assert!(EVENTS.contains(from), "{from}");
        let profile = format!("{SOUND}{}", EVENTS.replacen(from, to, 1));
        let refused = refusal(&[("sandbox.yaml", &profile)]);
        assert_eq!(
            refused.lines().next().unwrap_or_default(),
            format!("profiles/sandbox.yaml:{}", message.lines().next().unwrap_or_default())
        );
        assert!(refused.contains(message), "{refused}");
    }
}

#[test]
fn a_derived_value_has_one_source_and_a_form() {
    let derived = |fields: &str| format!("auth-secret: {{{fields}}}");
    let cases = [
        (
            "from: database-url",
            "11:19: secrets.values.auth-secret.from: `from` needs `form`, what the value is turned into",
        ),
        (
            "form: postgres",
            "11:19: secrets.values.auth-secret.form: `form` needs `from`, the value that this one is derived from",
        ),
        (
            "from: url, form: postgres",
            "11:25: secrets.values.auth-secret.from: no value of `secrets.values` is named `url`; \
             there are: auth-secret, database-url",
        ),
        (
            "from: auth-secret, form: postgres",
            "11:25: secrets.values.auth-secret.from: `auth-secret` is derived itself; name what it is derived from",
        ),
        (
            "from: database-url, form: postgres, env: X",
            "11:55: secrets.values.auth-secret.env: a value with `from` is derived, so `env` cannot be said of it",
        ),
    ];
    for (fields, expected) in cases {
        assert_cases(&[("auth-secret: {generate: 32, min-length: 32}", &derived(fields), expected)]);
    }
}

#[test]
fn only_known_placeholders_stand_in_the_url() {
    let known = "the only placeholder is {node}";
    for (url, shown) in
        [("http://{host}:{node}/", "{host}"), ("http://{node", "{node"), ("http://node}", "}")]
    {
        assert_eq!(
            spoilt("namespace: todo", &format!("url: {url}")),
            format!("profiles/sandbox.yaml:1:6: url: `{shown}` is not known; {known}{HINT}")
        );
    }
}

#[test]
fn room_is_counted_as_kubernetes_counts_it() {
    assert_cases(&[
        (
            "checks:",
            "capacity: {cpu: two, memory: 12GB, nodes: 0}\nchecks:",
            "25:17: capacity.cpu: not a quantity; write it as Kubernetes does, such as 500m, 2, 512Mi or 1.5Gi\n\
             profiles/sandbox.yaml:25:30: capacity.memory: not a quantity; write it as Kubernetes does, such as 500m, 2, \
             512Mi or 1.5Gi\nprofiles/sandbox.yaml:25:43: capacity.nodes: at least one node",
        ),
        (
            "checks:",
            "parity: {releases.redpanda: ' '}\nchecks:",
            "25:29: parity.releases.redpanda: say why the profiles differ here",
        ),
    ]);
}

#[test]
fn every_problem_is_reported_at_once() {
    let bad = SOUND
        .replace("namespace: todo", "namespace: Todo")
        .replace("image: backend", "image: x")
        .replace("charts/frontend", "gone")
        .replace(
            "path: /ready}",
            "path: ready}\n  - {name: ready, release: x, service: s, port: http, path: /}",
        );
    let expected = "profiles/sandbox.yaml:1:12: namespace: `Todo` is not a valid name: lower-case letters, digits and dashes, a letter or digit at both ends
profiles/sandbox.yaml:19:12: releases.backend.image: no image is named `x`; there are: backend
profiles/sandbox.yaml:23:12: releases.frontend.chart: there is no folder gone
profiles/sandbox.yaml:26:73: checks[0].path: a path starts with `/`
profiles/sandbox.yaml:27:12: checks[1].name: `ready` is the name of an earlier check
profiles/sandbox.yaml:27:28: checks[1].release: no release is named `x`; there are: backend, frontend";
    assert_eq!(refusal(&[("sandbox.yaml", &bad)]), format!("{expected}{HINT}"));
}

#[test]
fn the_file_gives_the_name() {
    let folder = project(&[("My_Profile.yaml", SOUND)]);
    let error = super::super::testing::load(folder.path(), "My_Profile").unwrap_err();
    assert_eq!(
        error.to_string(),
        "profiles/My_Profile.yaml: the file gives the profile its name, and `My_Profile` is not a valid name: \
         lower-case letters, digits and dashes, a letter or digit at both ends"
    );
}
