//! What changes a chart's hash, and what must not.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

/// A chart and the library it links to.
fn project() -> TempDir {
    let project = tempfile::tempdir().unwrap();
    write(&project, "charts/service/templates/_deployment.tpl", "x");
    write(&project, "charts/service/.helmignore", "*.tpl\n");
    write(&project, "charts/backend/Chart.yaml", "name: backend");
    write(&project, "charts/backend/.helmignore", "# editors\n*.swp\n/notes/\nREADME.md\n");
    fs::create_dir(project.path().join("charts/backend/charts")).unwrap();
    symlink("../../service", project.path().join("charts/backend/charts/service")).unwrap();
    project
}

fn write(project: &TempDir, path: &str, text: &str) {
    let path = project.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn hash(project: &TempDir) -> String {
    chart(project.path(), Path::new("charts/backend")).unwrap()
}

#[test]
fn a_folder_that_is_no_chart_is_named() {
    let error = chart(project().path(), Path::new("charts/gone")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read charts/gone/Chart.yaml: No such file or directory (os error 2)"
    );
}

#[test]
fn a_link_that_leads_nowhere_is_named() {
    let project = project();
    fs::remove_dir_all(project.path().join("charts/service")).unwrap();
    let error = chart(project.path(), Path::new("charts/backend")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read charts/backend/charts/service: No such file or directory (os error 2)"
    );
    symlink(".", project.path().join("charts/service")).unwrap();
    let error = chart(project.path(), Path::new("charts/backend")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read charts/backend/charts/service/backend/charts/service: \
         the link leads back to a folder above it"
    );
}

#[test]
fn every_file_that_helm_loads_counts() {
    let project = project();
    let mut hashes = vec![hash(&project)];
    for path in [
        "charts/backend/Chart.yaml",
        "charts/backend/templates/service.yaml",
        "charts/backend/values.yaml",
        "charts/backend/files/.hidden",
        "charts/service/templates/_deployment.tpl",
    ] {
        write(&project, path, "changed");
        let hash = hash(&project);
        assert!(!hashes.contains(&hash), "{path} does not count");
        hashes.push(hash);
    }
    assert!(hashes.iter().all(|hash| hash.len() == 32));
}

#[test]
fn what_helm_leaves_out_does_not_count() {
    let project = project();
    let before = hash(&project);
    for path in [
        "charts/backend/README.md",
        "charts/service/README.md",
        "charts/backend/templates/x.swp",
        "charts/backend/notes/a",
        "charts/backend/templates/.draft.yaml",
        "charts/other/Chart.yaml",
    ] {
        write(&project, path, "x");
        assert_eq!(hash(&project), before, "{path} counts");
    }
}
