//! Owns a project on disk whose profile has Dapr, for tests that read objects.

use super::{Dapr, load};
use crate::profile::{self, Loaded, ProfileError, Variables};

/// A profile with one file of objects, one service with a sidecar and one without.
pub const PROFILE: &str = "\
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
///
/// # Panics
///
/// When the fixture is wrong.
pub fn read(text: &str) -> Result<(Loaded, Dapr), ProfileError> {
    let folder = tempfile::tempdir().expect("the fixture can be written and read");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("the fixture can be written and read"))
            .expect("the fixture can be written and read");
        std::fs::write(path, text).expect("the fixture can be written and read");
    };
    write("profiles/p.yaml", PROFILE);
    write("charts/dapr/Chart.yaml", "name: dapr\nversion: 1.18.1\n");
    write("objects.yaml", text);
    let loaded = profile::load(folder.path(), "p", Variables::From(&|_| None))
        .expect("the fixture can be written and read");
    let dapr = load(&loaded)?;
    Ok((loaded, dapr))
}
