//! Owns whether docker has a login for a registry. Refuses to look at the login itself: names only.

use serde_json::Value;

use crate::doctor::{Area, Finding};

/// Judges docker's configuration file, if there is one (docker/cli `cli/config`): a login leaves the server's name in
/// `auths`, also when a helper program keeps the password.
pub fn judge(server: &str, config: Option<&str>) -> Finding {
    let what = format!("registry {server}");
    let fix = format!("docker login {server}");
    let Some(text) = config else {
        return Finding::failed(Area::Images, what, "docker has no login at all", fix);
    };
    let Ok(config) = serde_json::from_str::<Value>(text) else {
        return Finding::not_checked(Area::Images, what, "docker's config.json is not readable JSON");
    };
    let names = ["auths", "credHelpers"].into_iter().filter_map(|field| config[field].as_object());
    let host = |name: &str| {
        let name = name.trim_start_matches("https://").trim_start_matches("http://");
        name.split('/').next().unwrap_or_default().to_owned()
    };
    if names.flat_map(|map| map.keys()).any(|name| host(name) == host(server)) {
        return Finding::ok(
            Area::Images,
            what,
            "docker has a login; whether it is still valid shows at the push",
        );
    }
    Finding::failed(Area::Images, what, "docker has no login for it", fix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_login_is_known_by_its_servers_name() {
        for (config, state) in [
            (None, State::Failed),
            (Some("{}"), State::Failed),
            (Some(r#"{"auths": {"iad.ocir.io": {"auth": "x"}}}"#), State::Ok),
            (Some(r#"{"auths": {"https://iad.ocir.io/v1/": {}}, "credsStore": "desktop"}"#), State::Ok),
            (Some(r#"{"credHelpers": {"iad.ocir.io": "oci"}}"#), State::Ok),
            (Some(r#"{"auths": {"fra.ocir.io": {}}}"#), State::Failed),
            (Some("oops"), State::NotChecked),
        ] {
            assert_eq!(judge("iad.ocir.io", config).state, state, "{config:?}");
        }
    }
}
