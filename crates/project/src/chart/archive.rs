//! Owns a chart's archive: its SHA-256, and its files on the disk.
//! Refuses links, paths that lead out of the folder, and archives that unpack to more than helm would read.

use std::fmt::Write;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::profile::RepositoryChart;

/// Most bytes of an unpacked chart: helm's own bound (helm 3.18, `pkg/chart/loader/archive.go`, `MaxDecompressedChartSize`).
const LARGEST: u64 = 100 * 1024 * 1024;

/// SHA-256 of an archive: `sha256:` and 64 hex digits.
pub(super) fn digest(archive: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(archive) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Writes an archive's files into a folder, and checks that they are this chart.
pub(super) fn unpack(archive: &[u8], chart: &RepositoryChart, into: &Path) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Manifest {
        name: String,
        version: String,
    }
    let unreadable = |error: std::io::Error| format!("its archive is not readable: {error}");
    let mut files = tar::Archive::new(GzDecoder::new(archive).take(LARGEST));
    files.set_preserve_mtime(false);
    for entry in files.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?.display().to_string();
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            continue;
        }
        if !kind.is_file() && !kind.is_dir() {
            return Err(format!("its archive holds {path}, which is neither a file nor a folder"));
        }
        if !entry.unpack_in(into).map_err(unreadable)? {
            return Err(format!("its archive holds {path}, which leads out of the chart"));
        }
    }
    let manifest = into.join(&chart.name).join("Chart.yaml");
    let text = std::fs::read_to_string(&manifest)
        .map_err(|_| format!("its archive holds no {}/Chart.yaml", chart.name))?;
    let found: Manifest =
        serde_yaml::from_str(&text).map_err(|error| format!("its Chart.yaml is not readable: {error}"))?;
    if (&found.name, &found.version) == (&chart.name, &chart.version) {
        return Ok(());
    }
    Err(format!("its Chart.yaml says {} {}", found.name, found.version))
}
