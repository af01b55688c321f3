//! Owns the folder in which charts of repositories are kept.
//! Refuses to trust a file that does not say what was asked for: it is then as if it were not there.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{ChartError, Fetched, archive};
use crate::digest;
use crate::profile::RepositoryChart;

/// What begins the name of a folder that is not finished.
const PART: &str = ".part-";
/// What begins a digest.
const SHA256: &str = "sha256:";

/// The charts of repositories on this machine.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

/// Which archive a repository gave for a version.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    repository: String,
    name: String,
    version: String,
    digest: String,
}

impl Cache {
    /// In a folder, which need not be there.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// A chart that was fetched before: the archive that the profile names, or what the repository gave.
    pub fn find(&self, chart: &RepositoryChart) -> Option<Fetched> {
        let digest = match &chart.digest {
            Some(digest) => digest.clone(),
            None => self.recorded(chart)?,
        };
        let folder = self.files(&digest)?.join(&chart.name);
        folder.join("Chart.yaml").is_file().then_some(Fetched { folder, digest })
    }

    /// An empty folder for helm to fetch a chart into. It is gone when the value is.
    pub fn part(&self, chart: &RepositoryChart) -> Result<TempDir, ChartError> {
        let made = std::fs::create_dir_all(&self.root)
            .and_then(|()| tempfile::Builder::new().prefix(PART).tempdir_in(&self.root));
        made.map_err(|error| ChartError::disk(chart, &self.root, &error))
    }

    /// Takes in the archive that helm has put into a part.
    pub fn keep(&self, chart: &RepositoryChart, part: &Path) -> Result<Fetched, ChartError> {
        let refuse = |why| ChartError::Archive { chart: chart.to_string(), why };
        let path = only_archive(part).map_err(|error| ChartError::disk(chart, part, &error))?;
        let path =
            path.ok_or_else(|| refuse("helm says that it succeeded, and there is no archive".into()))?;
        let content = std::fs::read(&path).map_err(|error| ChartError::disk(chart, &path, &error))?;
        let digest = archive::digest(&content);
        if let Some(wanted) = chart.digest.as_ref().filter(|wanted| **wanted != digest) {
            return Err(ChartError::Digest {
                chart: chart.to_string(),
                wanted: wanted.clone(),
                found: digest,
            });
        }
        let unpacked = part.join("files");
        std::fs::create_dir(&unpacked).map_err(|error| ChartError::disk(chart, &unpacked, &error))?;
        archive::unpack(&content, chart, &unpacked).map_err(refuse)?;
        let Some(files) = self.files(&digest) else {
            return Err(refuse(format!("its digest is {digest}")));
        };
        let record = self.record(chart);
        place(&unpacked, &files, &files.join(&chart.name).join("Chart.yaml"))
            .map_err(|error| ChartError::disk(chart, &files, &error))?;
        self.remember(chart, &digest, part).map_err(|error| ChartError::disk(chart, &record, &error))?;
        Ok(Fetched { folder: files.join(&chart.name), digest })
    }

    /// Where the files of an archive are.
    fn files(&self, digest: &str) -> Option<PathBuf> {
        digest.strip_prefix(SHA256).map(|hex| self.root.join(hex))
    }

    fn record(&self, chart: &RepositoryChart) -> PathBuf {
        let RepositoryChart { repository, name, version, .. } = chart;
        let parts = [("repository", repository), ("name", name), ("version", version)];
        let hash = digest::combine(&parts.map(|(part, text)| (part, text.as_bytes())));
        self.root.join(format!("{name}-{version}-{}.json", &hash[..16]))
    }

    fn recorded(&self, chart: &RepositoryChart) -> Option<String> {
        let bytes = std::fs::read(self.record(chart)).ok()?;
        let record: Record = serde_json::from_slice(&bytes).ok()?;
        let digest = record.digest.clone();
        (record == Record::of(chart, &digest)).then_some(digest)
    }

    fn remember(&self, chart: &RepositoryChart, digest: &str, part: &Path) -> std::io::Result<()> {
        let draft = part.join("record");
        std::fs::write(&draft, serde_json::to_vec(&Record::of(chart, digest))?)?;
        std::fs::rename(draft, self.record(chart))
    }
}

impl Record {
    fn of(chart: &RepositoryChart, digest: &str) -> Self {
        Self {
            repository: chart.repository.clone(),
            name: chart.name.clone(),
            version: chart.version.clone(),
            digest: digest.to_owned(),
        }
    }
}

/// Puts a finished folder into its place, where another process may have put the same; one without `proof` is damaged.
fn place(finished: &Path, place: &Path, proof: &Path) -> std::io::Result<()> {
    if place.exists() && !proof.is_file() {
        std::fs::remove_dir_all(place)?;
    }
    match std::fs::rename(finished, place) {
        Err(_) if proof.is_file() => Ok(()),
        done => done,
    }
}

fn only_archive(folder: &Path) -> std::io::Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "tgz") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
