//! Owns the hash of a chart's files: what helm would load from the folder.
//! Refuses to render, and to know about values.
//!
//! Links are followed (the library chart is one). `.helmignore` is read with git's rules, which agree with helm's
//! for names, folders with a slash at the end and anchored paths; like helm, only the chart's own file counts,
//! and `templates/.*` is always left out.

use std::path::Path;

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::inputs::{self, Inputs};
use super::{DigestError, Framed};

/// The hash of a chart folder, relative to the project: 32 lower-case hex digits.
pub fn chart(project: &Path, chart: &Path) -> Result<String, DigestError> {
    let folder = project.join(chart);
    let manifest = folder.join("Chart.yaml");
    std::fs::metadata(&manifest).map_err(|error| DigestError::read(project, &manifest, &error))?;
    let ignored = helm_ignore(project, &folder)?;
    let root = folder.clone();
    let walker = WalkBuilder::new(&folder)
        .standard_filters(false)
        .follow_links(true)
        .filter_entry(move |entry| {
            let relative = entry.path().strip_prefix(&root).unwrap_or(entry.path());
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            relative.as_os_str().is_empty() || !ignored.matched(relative, is_folder).is_ignore()
        })
        .build();
    let mut files = Inputs::default();
    for entry in walker {
        let entry = entry.map_err(|error| inputs::unreadable(project, &folder, &error))?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            let relative = entry.path().strip_prefix(&folder).unwrap_or(entry.path()).to_path_buf();
            files.add("chart", &relative, entry.into_path());
        }
    }
    let mut hasher = Framed::default();
    hasher.part(b"chart 1");
    files.feed(project, &mut hasher)?;
    Ok(hasher.hex(32))
}

fn helm_ignore(project: &Path, folder: &Path) -> Result<Gitignore, DigestError> {
    let mut builder = GitignoreBuilder::new("");
    let file = folder.join(".helmignore");
    let mut lines = vec!["/templates/.?*".to_owned()];
    if file.is_file() {
        let text =
            std::fs::read_to_string(&file).map_err(|error| DigestError::read(project, &file, &error))?;
        lines.extend(text.lines().map(|line| line.trim().to_owned()));
    }
    for line in lines {
        builder
            .add_line(None, &line)
            .map_err(|error| DigestError::Pattern { pattern: line.clone(), cause: error.to_string() })?;
    }
    builder.build().map_err(|error| DigestError::read(project, &file, &error))
}

#[cfg(test)]
mod tests;
