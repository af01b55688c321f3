//! How a user logs in, and which of it cannot be.

use super::*;

/// What a login program prints.
fn printed(status: &Value) -> Value {
    json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_prints_the_token_sees_no_secret_and_is_not_quoted() {
    let real = Real::start();
    let user = |script: &str| {
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", script],
            "interactiveMode": "IfAvailable"}})
    };
    let told = |script: &str| {
        let (real, user) = (&real, user(script));
        async move { real.complaint(&user, &real.server.address).await }
    };
    insta::assert_snapshot!(told("echo CANARY-token; echo 'please log in' >&2; exit 3").await, @"the kubeconfig's context k is of no use: the program /bin/sh that prints the user's token failed (exit status: 3): please log in");
    insta::assert_snapshot!(told("echo '{\"status\": {\"token\": CANARY-token'").await, @"the kubeconfig's context k is of no use: the program /bin/sh that prints the user's token printed something else");

    let seen = real.path("seen");
    let script = format!("env > {}; echo '{}'", seen.display(), printed(&json!({"token": "t"})));
    let hidden = ["PATH".to_owned()];
    let cluster = real.open(&user(&script), &real.server.address, &hidden).await.unwrap();
    assert_eq!(cluster.objects(&Look::all(resource::NODES)).await.unwrap().len(), 1);
    assert!(!read(&seen).lines().any(|line| line.starts_with("PATH=/")), "{}", read(&seen));
    assert!(read(&seen).contains("KUBERNETES_EXEC_INFO="));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_sent_is_an_error_like_others() {
    let real = Real::start();
    let told = |user: Value| {
        let real = &real;
        async move { real.complaint(&user, &real.server.address).await }
    };
    let exec = |command: &str, script: &str| {
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": ["-c", script],
            "interactiveMode": "Never"}})
    };
    let said = |status: Value| format!("printf '%s' '{}'", printed(&status));
    let (empty, inside) = (real.path("empty"), real.path("inside"));
    fs::write(&empty, "\n").unwrap();
    fs::write(&inside, "CANARY\nCANARY").unwrap();
    let all = [
        told(exec("/bin/sh", &said(json!({"token": "CANARY\nCANARY"})))).await,
        told(exec("/bin/sh", &said(json!({"token": ""})))).await,
        told(exec("/bin/sh", &said(json!({"clientCertificateData": "CANARY"})))).await,
        told(exec("/bin/sh", "echo '{\"kind\": \"ExecCredential\", \"apiVersion\": \"v2\"}'")).await,
        told(exec("no-such-login", "")).await,
        told(json!({"token": "CANARY\nCANARY"})).await,
        told(json!({"tokenFile": empty})).await,
        told(json!({"tokenFile": inside})).await,
        told(json!({"tokenFile": real.path("absent")})).await,
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    the kubeconfig's context k is of no use: the user's token holds a line break or another control character
    the kubeconfig's context k is of no use: the program /bin/sh that prints the user's token printed neither a token nor a certificate with its key
    the kubeconfig's context k is of no use: the program /bin/sh that prints the user's token printed neither a token nor a certificate with its key
    the kubeconfig's context k is of no use: the program /bin/sh that prints the user's token printed something of another kind or apiVersion
    the kubeconfig's context k is of no use: the program no-such-login that prints the user's token cannot be started: No such file or directory (os error 2)
    the kubeconfig's context k is of no use: the user's token holds a line break or another control character
    the kubeconfig's context k is of no use: the token file [DIR]/empty is empty
    the user's token holds a line break or another control character
    the kubeconfig's context k is of no use: the token file [DIR]/absent cannot be read: No such file or directory (os error 2)
    ");
    // Of a token and a file without one the token counts.
    let cluster =
        real.open(&json!({"token": "t", "tokenFile": empty}), &real.server.address, &[]).await.unwrap();
    assert_eq!(cluster.objects(&Look::all(resource::NODES)).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_started_once_for_each_login_and_again_when_its_token_ends() {
    let real = Real::start();
    let starts = real.path("starts");
    let soon = jiff::Timestamp::now() + Duration::from_secs(1);
    let script = format!(
        "[ -e {0} ] && printf '%s' '{1}' || printf '%s' '{2}'; echo start >> {0}",
        starts.display(),
        printed(&json!({"token": "two"})),
        printed(&json!({"token": "one", "expirationTimestamp": soon}))
    );
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", script],
        "interactiveMode": "Never"});
    let cluster = real.open(&json!({"exec": exec}), &real.server.address, &[]).await.unwrap();
    let count = || read(&starts).lines().count();
    assert_eq!(count(), 1);
    let nodes = Look::all(resource::NODES);
    // The second token has no end, so that nothing is started again.
    while count() < 2 {
        assert_eq!(cluster.objects(&nodes).await.unwrap().len(), 1);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((cluster.objects(&nodes).await.unwrap().len(), count()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_any_more_logs_in_again() {
    let real = Real::start();
    let token = |text: &str| {
        fs::write(real.path("printed"), printed(&json!({"token": text})).to_string()).unwrap();
    };
    let place = real.path("printed").display().to_string();
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "cat", "args": [place],
        "interactiveMode": "Never"});
    token("one");
    real.store.change(|state| "one".clone_into(&mut state.token)).unwrap();
    let cluster = real.open(&json!({"exec": exec}), &real.server.address, &[]).await.unwrap();
    let nodes = Look::all(resource::NODES);
    assert_eq!(cluster.objects(&nodes).await.unwrap().len(), 1);
    token("two");
    real.store.change(|state| "two".clone_into(&mut state.token)).unwrap();
    let (one, other) = tokio::join!(cluster.objects(&nodes), cluster.objects(&nodes));
    assert_eq!((one.unwrap().len(), other.unwrap().len()), (1, 1));
    real.store.change(|state| "three".clone_into(&mut state.token)).unwrap();
    let post = request(profile::Method::Post, "/", None);
    let unknown = cluster.ask(&post).await.unwrap_err();
    assert_eq!(unknown.why, "Error from server (Unauthorized): Unauthorized");
    token("three");
    let absent = cluster.ask(&post).await.unwrap_err();
    assert_eq!(absent.why, "Error from server (NotFound): services \"web\" not found");
}
