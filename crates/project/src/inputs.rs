//! Owns what the disk and the command line say of a deployment: the profile, image tags, chart digests, `--set`,
//! `--only`. Computed once per run, before the cluster is looked at. Refuses to look at the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::chart::Fetched;
use crate::dapr::{Dapr, Object};
use crate::digest::{self, DigestError};
use crate::profile::{Chart, Loaded, Profile, Release};

/// Everything a run is asked to make true.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// Name of the profile.
    pub name: String,
    /// The project's folder.
    pub project: PathBuf,
    /// The profile's file.
    pub file: PathBuf,
    /// The profile.
    pub profile: Profile,
    /// Tag of each image the profile builds: the hash of its sources.
    pub tags: BTreeMap<String, String>,
    /// Charts of repositories, by release.
    pub fetched: BTreeMap<String, Fetched>,
    /// Digest of each release's chart and values files.
    pub charts: BTreeMap<String, String>,
    /// Version of each release's chart, in the form of a label.
    pub versions: BTreeMap<String, String>,
    /// What the files of Dapr objects say.
    pub dapr: Dapr,
    /// `--set` arguments by release, in helm's syntax.
    pub set: BTreeMap<String, Vec<String>>,
    /// The releases of this run; all of the profile's unless `--only` says otherwise.
    pub only: BTreeSet<String>,
}

impl Inputs {
    /// Reads what the profile refers to. `set` and `only` are already validated names.
    pub fn resolve(
        loaded: Loaded,
        dapr: Dapr,
        fetched: BTreeMap<String, Fetched>,
        set: BTreeMap<String, Vec<String>>,
        only: Option<BTreeSet<String>>,
    ) -> Result<Self, DigestError> {
        let mut inputs = Self { fetched, dapr, set, ..Self::without_sources(loaded) };
        inputs.only = only.unwrap_or(inputs.only);
        inputs.hash_images()?;
        let digests = inputs
            .releases()
            .map(|(name, release)| Ok((name.to_owned(), inputs.chart_digest(name, release)?)));
        let charts = digests.collect::<Result<_, DigestError>>()?;
        let versions = inputs.releases().map(|(name, _)| {
            Ok((name.to_owned(), digest::chart_version(&inputs.project, &inputs.chart(name))?))
        });
        let versions = versions.collect::<Result<_, DigestError>>()?;
        Ok(Self { charts, versions, ..inputs })
    }

    /// The same profile with the tags of its images alone, for commands that build and deploy nothing.
    pub fn of_images(loaded: Loaded, only: Option<BTreeSet<String>>) -> Result<Self, DigestError> {
        let mut inputs = Self::without_sources(loaded);
        inputs.only = only.unwrap_or(inputs.only);
        inputs.hash_images()?;
        Ok(inputs)
    }

    fn hash_images(&mut self) -> Result<(), DigestError> {
        let platforms = self.profile.platforms();
        for name in self.image_names() {
            let tag = digest::image(&self.project, &self.profile.images[&name], &platforms)?;
            self.tags.insert(name, tag);
        }
        Ok(())
    }

    /// The same profile without its sources, for commands that build and deploy nothing.
    pub fn without_sources(loaded: Loaded) -> Self {
        let Loaded { name, project, profile, file } = loaded;
        let only = profile.releases.keys().cloned().collect();
        Self {
            name,
            project,
            file,
            profile,
            tags: BTreeMap::new(),
            fetched: BTreeMap::new(),
            charts: BTreeMap::new(),
            versions: BTreeMap::new(),
            dapr: Dapr::default(),
            set: BTreeMap::new(),
            only,
        }
    }

    /// The releases of this run, by name.
    pub fn releases(&self) -> impl Iterator<Item = (&str, &Release)> {
        let all = self.profile.releases.iter().map(|(name, release)| (name.as_str(), release));
        all.filter(|(name, _)| self.only.contains(*name))
    }

    /// Address of the application, on a cluster whose node has this address.
    pub fn url(&self, node: &str) -> Option<String> {
        let url = self.profile.url.as_ref()?;
        (!node.is_empty() || !url.contains("{node}")).then(|| url.replace("{node}", node))
    }

    /// The namespace of a release.
    pub fn namespace<'a>(&'a self, release: &'a Release) -> &'a str {
        self.profile.namespace_of(release)
    }

    /// The folder of a release's chart: relative to the project, or absolute where it was fetched.
    pub fn chart(&self, release: &str) -> PathBuf {
        match (&self.profile.releases[release].chart, self.fetched.get(release)) {
            (Chart::Folder(folder), _) => folder.clone(),
            (Chart::Repository(_), Some(fetched)) => fetched.folder.clone(),
            // Only a command that deploys nothing gets here.
            (Chart::Repository(chart), None) => PathBuf::from(&chart.name),
        }
    }

    /// Every namespace of the profile, the application's first.
    pub fn namespaces(&self) -> Vec<&str> {
        self.profile.namespaces()
    }

    /// Whether this run is about every release.
    pub fn is_whole(&self) -> bool {
        self.only.len() == self.profile.releases.len()
    }

    /// Whether a release installs Dapr.
    pub fn installs_dapr(&self, release: &str) -> bool {
        self.profile.dapr.as_ref().is_some_and(|dapr| dapr.release == release)
    }

    /// The Dapr objects of this run: all of them, or those that a service of `--only` uses.
    pub fn components(&self) -> impl Iterator<Item = &Object> {
        let used =
            |object: &Object| self.releases().any(|(name, release)| release.sidecar && object.is_for(name));
        self.dapr.objects.iter().filter(move |object| self.is_whole() || used(object))
    }

    /// The images of this run's releases, and of the containers that serve its Dapr objects.
    pub fn image_names(&self) -> BTreeSet<String> {
        let of_releases = self.releases().filter_map(|(_, release)| release.image.clone());
        of_releases.chain(self.container_images().map(str::to_owned)).collect()
    }

    /// The images of the containers that serve Dapr objects of this run.
    pub fn container_images(&self) -> impl Iterator<Item = &str> {
        self.components().filter_map(|object| Some(object.container.as_ref()?.image.as_str()))
    }

    /// The logical Secrets of this run's releases and Dapr objects.
    pub fn secret_names(&self) -> BTreeSet<String> {
        let of_releases = self.releases().filter_map(|(_, release)| release.secret.clone());
        let of_objects =
            self.components().flat_map(|object| object.secrets.iter().map(|one| one.set.clone()));
        let pulling =
            self.releases().filter_map(|(_, release)| self.profile.pull_set(release).map(str::to_owned));
        of_releases.chain(of_objects).chain(pulling).collect()
    }

    /// Name and tag of an image the profile builds.
    pub fn image_reference(&self, image: &str) -> Option<String> {
        Some(format!("{}:{}", self.image_repository(image)?, self.tags.get(image)?))
    }

    /// Name of an image the profile builds, without its tag.
    pub fn image_repository(&self, image: &str) -> Option<String> {
        let repository = self.profile.images.get(image)?.repository.as_str();
        let registry = self.profile.registry.as_ref();
        let before = registry.into_iter().flat_map(|one| [Some(one.server.as_str()), one.path.as_deref()]);
        Some(before.flatten().chain([repository]).collect::<Vec<_>>().join("/"))
    }

    /// Names and tags of this run's images.
    pub fn image_references(&self) -> Vec<String> {
        self.tags.keys().filter_map(|name| self.image_reference(name)).collect()
    }

    /// Hash of a release's chart and values files; of a chart of a repository also which archive it came in.
    fn chart_digest(&self, name: &str, release: &Release) -> Result<String, DigestError> {
        let chart = digest::chart(&self.project, &self.chart(name))?;
        let mut parts = vec![("chart", chart.into_bytes())];
        if let Some(fetched) = self.fetched.get(name) {
            parts.push(("archive", fetched.digest.clone().into_bytes()));
        }
        for file in &release.values {
            parts.push(("values", digest::file(&self.project, file)?.into_bytes()));
        }
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        Ok(digest::combine(&parts))
    }
}

#[cfg(any(test, feature = "testing"))]
impl Inputs {
    /// A profile that was read, without its sources: for tests of decisions about Dapr.
    pub fn of_dapr((loaded, dapr): (Loaded, Dapr)) -> Self {
        Self { dapr, ..Self::without_sources(loaded) }
    }

    /// A profile with these releases, without files: for tests of decisions.
    ///
    /// # Panics
    ///
    /// When the fixture is wrong.
    pub fn of_releases(releases: &serde_json::Value) -> std::sync::Arc<Self> {
        let profile = serde_json::json!({"cluster": {"sandbox": {"name": "sim"}}, "releases": releases});
        let profile: Profile = serde_json::from_value(profile).expect("the fixture is a profile");
        std::sync::Arc::new(Self::without_sources(Loaded {
            name: "sim".into(),
            project: "/".into(),
            file: "/profiles/sim.yaml".into(),
            profile,
        }))
    }
}
