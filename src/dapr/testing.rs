//! Owns a project on disk whose profile has Dapr, for tests that read objects.

use super::{Dapr, load};
use crate::profile::{self, Loaded, ProfileError};

/// A profile with one file of objects, one service with a sidecar and one without.
pub(crate) const PROFILE: &str = "\
dapr: {release: dapr, components: [objects.yaml]}
cluster: {sandbox: {}}
secrets:
  values: {database-url: {optional: true}, auth: {generate: 32}}
  sets: {dapr-secrets: {database-url: database-url, auth-secret: auth}}
releases:
  dapr: {order: 4, chart: charts/dapr}
  backend: {order: 6, chart: charts/dapr, sidecar: true}
  frontend: {order: 8, chart: charts/dapr}
";

/// Reads this text as the file of objects.
pub(crate) fn read(text: &str) -> Result<(Loaded, Dapr), ProfileError> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("profiles/p.yaml", PROFILE);
    write("charts/dapr/Chart.yaml", "name: dapr\nversion: 1.18.1\n");
    write("objects.yaml", text);
    let loaded = profile::testing::load(folder.path(), "p").unwrap();
    let dapr = load(&loaded)?;
    Ok((loaded, dapr))
}
