//! Stands for `helm pull`: the chart repositories of the world, whose charts are folders of the project.

use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::argv::Argv;
use crate::state::State;

/// Writes `NAME-VERSION.tgz` into the destination.
pub(super) fn pull(state: &State, argv: &Argv) -> Result<String, String> {
    let (repository, name) = match argv.value(&["--repo"]) {
        Some(repository) => (repository, argv.word(1)),
        None => argv
            .word(1)
            .rsplit_once('/')
            .ok_or("Error: non-absolute URLs should be in form of repo_name/path_to_chart\n")?,
    };
    let version = argv.value(&["--version"]).unwrap_or_default();
    let wanted = format!("{repository} {name} {version}");
    let Some(folder) = state.charts.get(&wanted) else {
        let known = state.charts.keys().any(|key| key.starts_with(&format!("{repository} ")));
        return Err(if known {
            format!("Error: chart \"{name}\" version \"{version}\" not found in {repository} repository\n")
        } else {
            format!(
                "Error: looks like \"{repository}\" is not a valid chart repository or cannot be reached: Get \
                 \"{repository}/index.yaml\": dial tcp: lookup charts.example.com: no such host\n"
            )
        });
    };
    let destination =
        Path::new(argv.value(&["--destination"]).unwrap_or(".")).join(format!("{name}-{version}.tgz"));
    pack(Path::new(folder), name, &destination).map_err(|error| format!("Error: {folder}: {error}\n"))?;
    Ok(String::new())
}

/// The same folder always gives the same archive.
fn pack(folder: &Path, name: &str, destination: &Path) -> std::io::Result<()> {
    let file = std::fs::File::create(destination)?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::none()));
    archive.mode(tar::HeaderMode::Deterministic);
    let mut files = Vec::new();
    list(folder, &mut files)?;
    files.sort();
    for path in files {
        let inside = Path::new(name).join(path.strip_prefix(folder).unwrap_or(&path));
        archive.append_path_with_name(&path, inside)?;
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
