//! Owns the rules of a release's chart: a folder that is there, or an exact chart of a public repository.

use std::path::Path;

use super::Validation;
use crate::profile::names::{self, LABEL_LENGTH};
use crate::profile::schema::{Chart, RepositoryChart};
use crate::profile::source::Seg;

impl Validation<'_> {
    pub(super) fn chart(&mut self, path: &[Seg; 3], chart: &Chart) {
        match chart {
            Chart::Folder(folder) => {
                if self.chart_folder(path, folder) {
                    self.file(path, &folder.join("Chart.yaml"));
                }
            }
            Chart::Repository(chart) => self.repository_chart(path, chart),
        }
    }

    /// A chart's folder. Some of those beside the cluster's maker are made by it, and are not there on a fresh clone.
    fn chart_folder(&mut self, path: &[Seg], chart: &Path) -> bool {
        let beside = |tool: &&Path| {
            tool.parent().is_some_and(|tools| tools != Path::new("") && chart.starts_with(tools))
        };
        if let Some(tool) =
            self.profile.cluster.maker().filter(beside).filter(|_| !self.project.join(chart).is_dir())
        {
            let make = format!("{} build", tool.display());
            self.value(path, format!("there is no folder {}; make it: {make}", chart.display()));
            return false;
        }
        self.folder(path, chart)
    }

    fn repository_chart(&mut self, [releases, name, field]: &[Seg; 3], chart: &RepositoryChart) {
        let at = |part: &str| [releases.clone(), name.clone(), field.clone(), part.into()];
        if let Err(message) = repository(&chart.repository) {
            self.value(&at("repository"), message);
        }
        if let Err(message) = names::label(&chart.name, LABEL_LENGTH) {
            self.value(&at("name"), message);
        }
        if !is_exact(&chart.version) {
            let message = format!("`{}` is not an exact version such as 1.18.1", chart.version);
            self.value(&at("version"), message);
        }
        if chart.digest.as_deref().is_some_and(|digest| !is_digest(digest)) {
            self.value(&at("digest"), "a digest is `sha256:` and 64 lower-case hex digits");
        }
    }
}

/// Why a text is no address of a public repository. The text itself may hold a password and is not shown.
fn repository(text: &str) -> Result<(), &'static str> {
    let form = "an address of a repository begins with `https://`, `http://` or `oci://`";
    let url = url::Url::parse(text).map_err(|_| form)?;
    if !["https", "http", "oci"].contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Err(form);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a repository that wants a login is not supported, and a profile never holds a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an address of a repository has no `?` and no `#`");
    }
    Ok(())
}

/// Whether a version is one version: helm takes ranges as well, and versions with parts left out are ranges to it.
fn is_exact(version: &str) -> bool {
    semver::Version::parse(version.strip_prefix('v').unwrap_or(version)).is_ok()
}

fn is_digest(digest: &str) -> bool {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    digest.strip_prefix("sha256:").is_some_and(|rest| rest.len() == 64 && rest.chars().all(hex))
}

#[cfg(test)]
mod tests {
    use crate::profile::testing::{SOUND, spoilt};

    const CHART: &str = "chart: charts/backend";

    fn with(chart: &str) -> String {
        assert!(SOUND.contains(CHART));
        let said = spoilt(CHART, &format!("chart: {chart}"));
        let lines: Vec<&str> = said.lines().take_while(|line| !line.starts_with("hint: ")).collect();
        lines.join("\n").replace("profiles/sandbox.yaml:", "")
    }

    #[test]
    fn a_chart_is_a_folder_or_one_exact_chart() {
        let rest = "name: dapr, version: 1.18.1";
        let hex = "a".repeat(64);
        for (chart, message) in [
            (
                "[a]".to_owned(),
                "18:5: releases.backend.chart: invalid type: sequence, expected a folder as text, or a map of \
                 `repository`, `name` and `version`",
            ),
            (
                "{repository: https://h, name: dapr}".to_owned(),
                "18:5: releases.backend.chart: missing field `version`",
            ),
            (
                format!("{{repository: https://h, {rest}, tag: x}}"),
                "18:65: releases.backend.chart.tag: unknown field `tag`, expected one of `repository`, `name`, \
                 `version`, `digest`",
            ),
            (
                format!("{{repository: charts.example.com, {rest}}}"),
                "18:25: releases.backend.chart.repository: an address of a repository begins with `https://`, \
                 `http://` or `oci://`",
            ),
            (
                format!("{{repository: \"https://u:CANARY@h\", {rest}}}"),
                "18:25: releases.backend.chart.repository: a repository that wants a login is not supported, and a \
                 profile never holds a password",
            ),
            (
                format!("{{repository: \"https://h?token=CANARY\", {rest}}}"),
                "18:25: releases.backend.chart.repository: an address of a repository has no `?` and no `#`",
            ),
            (
                "{repository: oci://h/charts, name: Dapr, version: ^1.18}".to_owned(),
                "18:47: releases.backend.chart.name: `Dapr` is not a valid name: lower-case letters, digits and \
                 dashes, a letter or digit at both ends\n\
                 18:62: releases.backend.chart.version: `^1.18` is not an exact version such as 1.18.1",
            ),
            (
                "{repository: https://h, name: dapr, version: \"1.18\"}".to_owned(),
                "18:57: releases.backend.chart.version: `1.18` is not an exact version such as 1.18.1",
            ),
            (
                format!("{{repository: https://h, {rest}, digest: {hex}}}"),
                "18:73: releases.backend.chart.digest: a digest is `sha256:` and 64 lower-case hex digits",
            ),
        ] {
            assert_eq!(with(&chart), message, "{chart}");
        }
    }
}
