//! Owns reading a chart's version. Refuses to judge it: helm does.

use std::path::Path;

use serde::Deserialize;

use super::DigestError;

/// The version in a chart's `Chart.yaml`, as a label may hold it: semver's `+` is `_`, as in helm's own labels.
pub fn chart_version(project: &Path, chart: &Path) -> Result<String, DigestError> {
    #[derive(Deserialize)]
    struct Chart {
        version: String,
    }
    let path = project.join(chart).join("Chart.yaml");
    let text = std::fs::read_to_string(&path).map_err(|error| DigestError::read(project, &path, &error))?;
    let chart: Chart =
        serde_yaml::from_str(&text).map_err(|error| DigestError::read(project, &path, &error))?;
    Ok(chart.version.replace('+', "_"))
}
