//! Owns the form of the Secret that images are pulled with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// The key that Kubernetes reads in a Secret of type `kubernetes.io/dockerconfigjson`.
pub const PULL_KEY: &str = ".dockerconfigjson";
/// The type of such a Secret.
pub const PULL_TYPE: &str = "kubernetes.io/dockerconfigjson";

/// The logins of docker's configuration file: one, for one registry.
pub fn docker_config(server: &str, username: &SecretString, password: &SecretString) -> SecretString {
    let (username, password) = (username.expose_secret(), password.expose_secret());
    let auth = STANDARD.encode(format!("{username}:{password}"));
    let login = json!({"username": username, "password": password, "auth": auth});
    json!({"auths": {server: login}}).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_docker_login_writes() {
        let text = docker_config("iad.ocir.io", &"space/user".to_owned().into(), &"a:\"b".to_owned().into());
        assert_eq!(
            text.expose_secret(),
            r#"{"auths":{"iad.ocir.io":{"username":"space/user","password":"a:\"b","auth":"c3BhY2UvdXNlcjphOiJi"}}}"#
        );
    }
}
