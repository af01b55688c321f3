//! How a user logs in, and which of it cannot be.

use super::*;

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
    insta::assert_snapshot!(told("echo CANARY-token; echo 'please log in' >&2; exit 3").await, @"the kubeconfig's context k is of no use: the program that prints the user's token failed (exit status: 3): please log in");
    insta::assert_snapshot!(told("echo '{\"status\": {\"token\": CANARY-token'").await, @"the kubeconfig's context k is of no use: the program that prints the user's token printed something else");

    let seen = real.path("seen");
    let script = format!("env > {}; echo '{{\"status\": {{\"token\": \"t\"}}}}'", seen.display());
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
    let printed =
        |more: &str| format!("printf '%s' '{{\"status\": {{\"token\": \"CANARY\\nCANARY\"{more}}}}}'");
    let later = ", \"expirationTimestamp\": \"2999-01-01T00:00:00Z\"";
    let (empty, inside) = (real.path("empty"), real.path("inside"));
    fs::write(&empty, "\n").unwrap();
    fs::write(&inside, "CANARY\nCANARY").unwrap();
    let all = [
        told(exec("/bin/sh", &printed(""))).await,
        told(exec("/bin/sh", &printed(later))).await,
        told(exec("no-such-login", "")).await,
        told(json!({"token": "CANARY\nCANARY"})).await,
        told(json!({"tokenFile": empty})).await,
        told(json!({"tokenFile": inside})).await,
        told(json!({"tokenFile": real.path("absent")})).await,
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    the kubeconfig's context k is of no use: the user's token holds a line break or another control character
    the user's token holds a line break or another control character
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
