//! Owns the shape of what a profile says about images: what they are built from, what builds them, how they reach the
//! cluster.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Minikube, Profile, Sandbox};

/// An image built from sources; its tag is the hash of what it is built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    /// Name without tag, such as `sandbox.local/todo/backend`.
    pub repository: String,
    /// Build context, relative to the project.
    pub context: PathBuf,
    /// Dockerfile, relative to the project; `Dockerfile` inside the context when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<PathBuf>,
    /// Command that fills the context before the build, such as a compiler run. The word `{platforms}` becomes the
    /// builder's platforms, one word each; it is left out when the image is for the machine that builds it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prepare: Vec<String>,
    /// Globs, relative to the project, of what `prepare` reads; they are part of the tag.
    /// Files that git ignores are left out, inside the context too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

/// What builds the images: exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Builder {
    /// `docker buildx build`.
    Buildx(Buildx),
    /// The builder of a sandbox that is the cluster, reached in another way: images get into its own store.
    Sandbox(Sandbox),
    /// The builder of a Minikube that is the cluster, reached in another way: images get into its own store.
    Minikube(Minikube),
}

/// Docker's builder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Buildx {
    /// Platforms that an image is for, such as `linux/amd64`; the builder's own when empty. More than one needs
    /// `delivery: push`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// Name of the builder instance, as `docker buildx ls` shows it; the current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// How images reach the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Built into, or loaded into, the cluster's own image store.
    Load,
    /// Pushed to the registry that the image's name begins with; the cluster pulls them from there.
    Push,
}

impl Profile {
    /// What builds the images: what the profile names, else the cluster's own builder, else docker.
    pub fn builds_with(&self) -> Builder {
        let named = self.builder.clone().or_else(|| self.cluster.builder());
        named.unwrap_or_else(|| Builder::Buildx(Buildx::default()))
    }

    /// How images reach the cluster.
    pub fn delivery(&self) -> Delivery {
        let usual = if self.registry.is_some() { Delivery::Push } else { Delivery::Load };
        self.delivery.unwrap_or(usual)
    }

    /// The platforms that images are built for, in a fixed order; empty: that of the machine that builds them.
    pub fn platforms(&self) -> Vec<String> {
        let mut platforms = match &self.builder {
            Some(Builder::Buildx(buildx)) => buildx.platforms.clone(),
            None | Some(Builder::Sandbox(_) | Builder::Minikube(_)) => Vec::new(),
        };
        platforms.sort();
        platforms.dedup();
        platforms
    }
}

impl Image {
    /// The words of `prepare` for these platforms.
    pub fn prepare_for(&self, platforms: &[String]) -> Vec<String> {
        let word = |word: &String| match word.as_str() {
            "{platforms}" => platforms.to_vec(),
            _ => vec![word.clone()],
        };
        self.prepare.iter().flat_map(word).collect()
    }
}
