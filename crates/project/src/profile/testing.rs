//! Owns the projects on disk that the profile's tests read.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Loaded, ProfileError, Variables};

/// A profile that is sound, for tests to extend or spoil.
pub(super) const SOUND: &str = "\
namespace: todo
cluster:
  sandbox: {}
images:
  backend:
    repository: sandbox.local/todo/backend
    context: backend
secrets:
  values:
    database-url: {env: DATABASE_URL, schemes: [postgres]}
    auth-secret: {generate: 32, min-length: 32}
  sets:
    backend-secrets:
      database-url: database-url
releases:
  backend:
    order: 6
    chart: charts/backend
    image: backend
    secret: backend-secrets
  frontend:
    order: 8
    chart: charts/frontend
    needs: [backend]
checks:
  - {name: ready, release: backend, service: backend, port: http, path: /ready}
";

/// A project with both charts, a build context and the given files under `profiles/`.
pub(super) fn project(profiles: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["backend", "frontend"] {
        write(folder.path(), &format!("charts/{name}/Chart.yaml"), "name: x\n");
    }
    write(folder.path(), "backend/Dockerfile", "FROM scratch\n");
    for (name, text) in profiles {
        write(folder.path(), &format!("profiles/{name}"), text);
    }
    folder
}

pub(super) fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Loads a profile that has no variables.
pub(crate) fn load(project: &Path, name: &str) -> Result<Loaded, ProfileError> {
    super::load(project, name, Variables::From(&|_| None))
}

/// Loads `sandbox` from a project with these profiles; gives the error's lines and its hint.
pub(super) fn refusal(profiles: &[(&str, &str)]) -> String {
    let folder = project(profiles);
    let error = load(folder.path(), "sandbox").unwrap_err();
    format!("{error}\nhint: {}", error.hint())
}

/// The refusal of the sound profile after one replacement.
pub(super) fn spoilt(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "{from}");
    refusal(&[("sandbox.yaml", &SOUND.replacen(from, to, 1))])
}
