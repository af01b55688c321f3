//! Owns where a profile says that a chart comes from: a folder, or a repository.
//! Refuses to judge and to fetch it: `validate` and `crate::chart` do.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A chart: a folder of the project as text, or a chart of a repository as a map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Chart {
    /// Its folder, relative to the project.
    Folder(PathBuf),
    /// Fetched once, and then kept outside the project.
    Repository(RepositoryChart),
}

/// A chart of a public repository. It is fetched once by `helm pull`; docs/charts.md says where it is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RepositoryChart {
    /// Address of the repository: `https://…`, or `oci://REGISTRY/FOLDER` for a registry.
    pub repository: String,
    /// Name of the chart in it.
    pub name: String,
    /// The exact version, such as `1.18.1`; ranges are refused, because they are another chart tomorrow.
    pub version: String,
    /// SHA-256 of the chart's archive, as a repository's index has it: `sha256:` and 64 hex digits. Another archive under
    /// the same version is then refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl fmt::Display for RepositoryChart {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} of {}", self.name, self.version, self.repository)
    }
}

impl fmt::Display for Chart {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(out),
            Self::Repository(chart) => chart.fmt(out),
        }
    }
}

/// By hand: serde's untagged enums would lose the place of a mistake in the map.
impl<'de> Deserialize<'de> for Chart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = Chart;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a folder as text, or a map of `repository`, `name` and `version`")
            }

            fn visit_str<E: Error>(self, folder: &str) -> Result<Chart, E> {
                Ok(Chart::Folder(folder.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Chart, A::Error> {
                RepositoryChart::deserialize(MapAccessDeserializer::new(map)).map(Chart::Repository)
            }
        }
        deserializer.deserialize_any(Forms)
    }
}
