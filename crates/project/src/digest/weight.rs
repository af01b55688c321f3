//! Owns how much a build sends to its builder: the context without what `.dockerignore` leaves out.
//!
//! What git ignores counts: builders send it all the same, and a forgotten `node_modules` is the usual reason. So this
//! is another walk than the hash's, made only for an image that is about to be built.

use std::collections::BTreeMap;
use std::path::Path;

use ignore::WalkBuilder;

use super::image::{Place, docker_ignore};
use super::{DigestError, inputs};
use crate::profile::Image;

/// How heavy a build context is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weight {
    /// Bytes in all.
    pub bytes: u64,
    /// The heaviest files and folders of the context's first level with their bytes, heaviest first; at most three.
    pub heaviest: Vec<(String, u64)>,
}

/// Weighs the context of an image.
pub fn weigh(project: &Path, image: &Image) -> Result<Weight, DigestError> {
    let place = Place::of(project, image)?;
    let ignored = docker_ignore(&place.project, &place.context, &place.dockerfile)?;
    let (root, prunable) = (place.context.clone(), ignored.num_whitelists() == 0);
    let keep = move |path: &Path, folder: bool| {
        let relative = path.strip_prefix(&root).unwrap_or(path);
        let judged = relative.as_os_str().is_empty() || (folder && !prunable);
        judged || !ignored.matched_path_or_any_parents(relative, folder).is_ignore()
    };
    let walker = WalkBuilder::new(&place.context)
        .standard_filters(false)
        .filter_entry(move |entry| keep(entry.path(), entry.file_type().is_some_and(|kind| kind.is_dir())))
        .build();
    let mut entries: BTreeMap<String, u64> = BTreeMap::new();
    for entry in walker {
        let entry = entry.map_err(|error| inputs::unreadable(&place.project, &place.context, &error))?;
        let relative = entry.path().strip_prefix(&place.context).unwrap_or(entry.path());
        let (Some(first), Ok(metadata)) = (relative.components().next(), entry.metadata()) else { continue };
        if metadata.is_file() {
            *entries.entry(first.as_os_str().to_string_lossy().into_owned()).or_default() += metadata.len();
        }
    }
    let mut heaviest: Vec<(String, u64)> = entries.into_iter().collect();
    let bytes = heaviest.iter().map(|(_, bytes)| bytes).sum();
    heaviest.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    heaviest.truncate(3);
    Ok(Weight { bytes, heaviest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_ignores_counts_and_what_docker_ignores_does_not() {
        let project = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: usize| {
            let path = project.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, vec![b'x'; bytes]).unwrap();
        };
        for (path, bytes) in [
            ("app/a", 1),
            ("app/b", 2),
            ("app/modules/x/y", 300),
            ("app/modules/z", 20),
            ("app/big", 999),
            ("app/d", 4),
        ] {
            write(path, bytes);
        }
        write("Dockerfile", 0);
        std::fs::write(project.path().join("app/.dockerignore"), "big\n.dockerignore\n").unwrap();
        std::fs::write(project.path().join(".gitignore"), "modules\n").unwrap();
        let image = serde_yaml::from_str("{repository: r, context: app, dockerfile: Dockerfile}").unwrap();
        let heaviest = [("modules", 320), ("d", 4), ("b", 2)].map(|(name, bytes)| (name.to_owned(), bytes));
        assert_eq!(weigh(project.path(), &image), Ok(Weight { bytes: 327, heaviest: heaviest.to_vec() }));
    }
}
