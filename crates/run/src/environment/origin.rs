//! Owns where a user of the kubeconfig was written: some of its paths are from that file's folder, and the private
//! kubeconfig is elsewhere.

use std::collections::BTreeMap;
use std::env::split_paths;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_plan::tool::kubeconfig::{anchored, has_user};

/// A kubeconfig that can be anywhere; the same when it can already. Of several files the first that has the user counts,
/// as with kubectl (client-go `clientcmd/loader.go`). `own` is the file that the profile names.
pub(super) fn movable(
    text: &str,
    (project, own): (&Path, Option<&Path>),
    variables: &BTreeMap<OsString, OsString>,
) -> Result<String, Diagnostic> {
    anchored(text, |user| {
        let files = own.map_or_else(|| of_user(variables), |own| vec![own.to_path_buf()]);
        let has_it = |file: &PathBuf| std::fs::read_to_string(file).is_ok_and(|text| has_user(&text, user));
        let origin = files.iter().map(|file| project.join(file)).find(has_it);
        let folder = origin.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        folder.ok_or_else(|| format!("no kubeconfig has the user {user} any more"))
    })
    .map_err(|why| {
        let fix = "name the kubeconfig in the profile: cluster: {context: {kubeconfig: FILE}}";
        Diagnostic::new(Code::ClusterUnreachable, why, fix).unchanged()
    })
}

/// Why a context cannot be found: none of the files is there that could have it. `own` is the file that the profile names.
pub(super) fn absent(
    project: &Path,
    own: Option<&Path>,
    variables: &BTreeMap<OsString, OsString>,
) -> Option<String> {
    let files = own.map_or_else(|| of_user(variables), |own| vec![own.to_path_buf()]);
    let home = variables.get(&OsString::from("HOME")).map(PathBuf::from).unwrap_or_default();
    let named: Vec<String> = files
        .iter()
        .map(|file| match file.strip_prefix(&home) {
            Ok(rest) if !home.as_os_str().is_empty() => format!("~/{}", rest.display()),
            Ok(_) | Err(_) => file.display().to_string(),
        })
        .collect();
    let is_there = files.iter().any(|file| project.join(file).exists());
    (!is_there && !named.is_empty()).then(|| format!("there is no kubeconfig {}", named.join(", ")))
}

/// The files that kubectl reads where none is named.
fn of_user(variables: &BTreeMap<OsString, OsString>) -> Vec<PathBuf> {
    let text = |name: &str| variables.get(&OsString::from(name)).filter(|value| !value.is_empty());
    match (text("KUBECONFIG"), text("HOME")) {
        (Some(list), _) => split_paths(list).collect(),
        (None, Some(home)) => vec![Path::new(home).join(".kube/config")],
        (None, None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIFIED: &str = "{current-context: k, users: [{name: u, user: {tokenFile: token}}]}";

    #[test]
    fn the_first_file_with_the_user_says_where_its_paths_begin() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path.into_os_string()
        };
        let (clusters, users, later) = (
            write("a/config", "{users: [{name: other, user: {}}]}"),
            write("b/config", MINIFIED),
            write("c/config", MINIFIED),
        );
        let list = std::env::join_paths([clusters, users, later]).unwrap();
        let told = |own: Option<&Path>, variables: &[(&str, &OsString)]| {
            let variables =
                variables.iter().map(|(name, value)| ((*name).into(), (*value).clone())).collect();
            let made = movable(MINIFIED, (folder.path(), own), &variables);
            made.map(|text| text.replace(&folder.path().display().to_string(), "[DIR]"))
        };
        assert!(told(None, &[("KUBECONFIG", &list)]).unwrap().contains("[DIR]/b/token"));
        assert!(
            told(Some(Path::new("c/config")), &[("KUBECONFIG", &list)]).unwrap().contains("[DIR]/c/token")
        );
        let home = folder.path().as_os_str().to_owned();
        assert_eq!(
            told(None, &[("HOME", &home)]).unwrap_err().what,
            "no kubeconfig has the user u any more; nothing was changed"
        );
        write(".kube/config", MINIFIED);
        assert!(told(None, &[("HOME", &home)]).unwrap().contains("[DIR]/.kube/token"));
    }
}
