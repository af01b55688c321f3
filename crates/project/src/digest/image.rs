//! Owns the hash that becomes an image's tag: the context, the Dockerfile, `prepare` and the sources it reads.
//! Refuses to know whether the image exists, and leaves the repository's name out: a copy elsewhere is the same image.
//!
//! `.gitignore` files count from the checkout (without one: the project) downwards, inside the context too; the ignore files of one machine
//! (`.git/info/exclude`, the user's own) do not, so two machines make the same hash.

use std::path::{Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobMatcher};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder};

use super::inputs::{self, Inputs};
use super::{DigestError, Framed};
use crate::profile::Image;

/// The tag of an image for these platforms: 12 lower-case hex digits. An image for another platform is another image.
pub fn image(project: &Path, image: &Image, platforms: &[String]) -> Result<String, DigestError> {
    let Place { project, context, dockerfile } = Place::of(project, image)?;
    let project = &project;
    let mut inputs = Inputs::default();
    let ignored = docker_ignore(project, &context, &dockerfile)?;
    collect_context(project, &context, &ignored, &mut inputs)?;
    if inputs.is_empty() && image.prepare.is_empty() {
        return Err(DigestError::Empty { path: image.context.clone() });
    }
    for glob in &image.sources {
        collect_glob(project, glob, &mut inputs)?;
    }
    inputs.add("dockerfile", Path::new(""), dockerfile);

    let mut hasher = Framed::default();
    hasher.part(b"image 1");
    for platform in platforms {
        hasher.part(b"platform");
        hasher.part(platform.as_bytes());
    }
    for word in image.prepare_for(platforms) {
        hasher.part(b"prepare");
        hasher.part(word.as_bytes());
    }
    inputs.feed(project, &mut hasher)?;
    Ok(hasher.hex(12))
}

/// Where an image is built from, without links and `..`, so that what lies inside the project can be told by the path.
pub(super) struct Place {
    pub(super) project: PathBuf,
    pub(super) context: PathBuf,
    pub(super) dockerfile: PathBuf,
}

impl Place {
    pub(super) fn of(project: &Path, image: &Image) -> Result<Self, DigestError> {
        let real = |path: &Path| {
            let found = path.canonicalize();
            found.map_err(|error| DigestError::read(project, path, &error))
        };
        let context = project.join(&image.context);
        let dockerfile = image.dockerfile.as_ref().map(|file| project.join(file));
        Ok(Self {
            context: real(&context)?,
            dockerfile: real(&dockerfile.unwrap_or_else(|| context.join("Dockerfile")))?,
            project: real(project)?,
        })
    }
}

fn collect_context(
    project: &Path,
    context: &Path,
    ignored: &Gitignore,
    inputs: &mut Inputs,
) -> Result<(), DigestError> {
    let prunable = ignored.num_whitelists() == 0;
    let (root, rules) = (context.to_path_buf(), ignored.clone());
    let keep = move |path: &Path, folder: bool| {
        let Ok(relative) = path.strip_prefix(&root) else {
            return true;
        };
        let judged = relative.as_os_str().is_empty() || (folder && !prunable);
        judged || !rules.matched_path_or_any_parents(relative, folder).is_ignore()
    };
    for file in walk(project, context, keep)? {
        let relative = file.strip_prefix(context).unwrap_or(&file).to_path_buf();
        inputs.add("context", &relative, file);
    }
    Ok(())
}

fn collect_glob(project: &Path, glob: &str, inputs: &mut Inputs) -> Result<(), DigestError> {
    let matcher = matcher(glob)?;
    let mut found = false;
    // Only the folder in front of the first wildcard is walked, not the whole project.
    let fixed: PathBuf = Path::new(glob)
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{', '\\']))
        .collect();
    for file in walk(project, &project.join(fixed), |_, _| true)? {
        let relative = file.strip_prefix(project).unwrap_or(&file).to_path_buf();
        if matcher.is_match(&relative) {
            found = true;
            inputs.add("source", &relative, file);
        }
    }
    if found {
        return Ok(());
    }
    Err(DigestError::NoMatch { glob: glob.to_owned() })
}

fn matcher(glob: &str) -> Result<GlobMatcher, DigestError> {
    let build = |glob: &str| -> Result<Glob, globset::Error> {
        GlobBuilder::new(glob.trim_start_matches("./")).literal_separator(true).build()
    };
    build(glob)
        .map(|glob| glob.compile_matcher())
        .map_err(|error| DigestError::Pattern { pattern: glob.to_owned(), cause: error.kind().to_string() })
}

/// The files under `base` that git does not ignore. The walk starts at the checkout, so that every `.gitignore`
/// above `base` counts, and goes straight to `base`.
fn walk(
    project: &Path,
    base: &Path,
    keep: impl Fn(&Path, bool) -> bool + Send + Sync + 'static,
) -> Result<Vec<PathBuf>, DigestError> {
    let checkout = base.ancestors().find(|folder| folder.join(".git").exists());
    let inside = base.starts_with(project).then_some(project);
    let start = checkout.or(inside).unwrap_or(base);
    let target = base.to_path_buf();
    let chosen = move |entry: &DirEntry| {
        let path = entry.path();
        let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let on_the_way = target.starts_with(path);
        entry.file_name() != ".git" && (on_the_way || (path.starts_with(&target) && keep(path, folder)))
    };
    let walker = WalkBuilder::new(start)
        .standard_filters(false)
        .git_ignore(true)
        .require_git(false)
        .follow_links(true)
        .filter_entry(chosen)
        .build();
    let mut files = Vec::new();
    for entry in walker {
        match entry {
            Ok(entry) => {
                let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
                if is_file && entry.path().starts_with(base) {
                    files.push(entry.into_path());
                }
            }
            // A broken link beside the way concerns nobody.
            Err(error) if inputs::path_of(&error).is_some_and(|path| !path.starts_with(base)) => {}
            Err(error) => return Err(inputs::unreadable(project, base, &error)),
        }
    }
    Ok(files)
}

/// Docker's ignore rules for a build: the file named after the Dockerfile wins over the context's.
/// Docker anchors every pattern at the context, git only those with a slash, hence the rewriting.
pub(super) fn docker_ignore(
    project: &Path,
    context: &Path,
    dockerfile: &Path,
) -> Result<Gitignore, DigestError> {
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(".dockerignore");
    let candidates = [PathBuf::from(own), context.join(".dockerignore")];
    let mut builder = GitignoreBuilder::new("");
    if let Some(file) = candidates.iter().find(|file| file.is_file()) {
        let text = std::fs::read_to_string(file).map_err(|error| DigestError::read(project, file, &error))?;
        for line in text.lines().map(str::trim) {
            let (not, pattern) = line.strip_prefix('!').map_or(("", line), |rest| ("!", rest.trim()));
            let pattern = pattern.trim_start_matches("./").trim_matches('/');
            if pattern.is_empty() || pattern == "." || line.starts_with('#') {
                continue;
            }
            builder.add_line(None, &format!("{not}/{pattern}")).map_err(|error| DigestError::Pattern {
                pattern: line.to_owned(),
                cause: error.to_string(),
            })?;
        }
    }
    builder.build().map_err(|error| DigestError::read(project, context, &error))
}

#[cfg(test)]
mod tests;
