//! Owns the way from a profile's name to a checked [`Profile`]: finding the file, `extends`, types.
//! Refuses to judge names that refer to each other (`validate`).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;
use serde_path_to_error::Segment;

use super::error::{Problem, ProfileError};
use super::schema::Profile;
use super::source::{self, Kind, Node, Seg, Source};
use super::variables::{self, Variables};
use super::{leave, names, validate};

/// A profile that was read, merged and found sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The file's name without its ending.
    pub name: String,
    /// The folder that the profile's paths are relative to.
    pub project: PathBuf,
    /// The file that was asked for.
    pub file: PathBuf,
    /// What it says, with everything it inherits.
    pub profile: Profile,
}

/// The nearest folder, from `start` upwards, whose `profiles/` holds a YAML file.
pub fn find_project(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| !profile_names(folder).is_empty()).map(Path::to_path_buf)
}

/// Reads, merges and checks a profile. `name` is a bare name (`profiles/NAME.yaml` of the project) or the path of
/// a file that ends in `.yaml` or `.yml`.
pub fn load(project: &Path, name: &str, variables: Variables<'_>) -> Result<Loaded, ProfileError> {
    let file = resolve(project, name)?;
    let mut source = read_chain(project, &file)?;
    variables::substitute(&mut source, variables)?;
    let mut profile = typed(&source)?;
    profile.position_releases();
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    validate::validate(project, &name, &profile, &source)?;
    // From here on it is a set like the others: asked for, kept, versioned, removed.
    profile.declare_pull_secret();
    Ok(Loaded { name, project: project.to_path_buf(), file, profile })
}

/// The same without the environment, and with what was written where: for comparing profiles.
pub fn load_written(project: &Path, name: &str) -> Result<(Loaded, Written), ProfileError> {
    let loaded = load(project, name, Variables::AsWritten)?;
    let mut source = read_chain(project, &loaded.file)?;
    variables::substitute(&mut source, Variables::AsWritten)?;
    Ok((loaded, Written(source)))
}

/// A profile as its files say it.
#[derive(Debug)]
pub struct Written(Source);

impl Written {
    /// File and line of a field, or of the nearest one above it that was written.
    pub fn place(&self, path: &[Seg]) -> (PathBuf, usize) {
        let mark = self.0.root.place(path);
        (self.0.files[mark.file].clone(), mark.line)
    }

    /// The profile without some releases and what it says because of them.
    pub fn without(&self, releases: &[String]) -> Result<Profile, ProfileError> {
        let mut root = self.0.root.clone();
        leave::forget(&mut root, releases);
        if let Some(all) = root.get_mut("releases") {
            for name in releases {
                all.remove(name);
            }
        }
        typed(&Source { files: self.0.files.clone(), root })
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// Names of the project's profiles, sorted.
pub fn profile_names(project: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(project.join("profiles")) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let files = paths.filter(|path| is_yaml(path) && path.is_file());
    let mut names: Vec<String> =
        files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names.dedup();
    names
}

fn resolve(project: &Path, name: &str) -> Result<PathBuf, ProfileError> {
    if is_yaml(Path::new(name)) {
        return Ok(PathBuf::from(name));
    }
    let known = profile_names(project);
    if known.iter().any(|other| other == name) {
        let candidates = ["yaml", "yml"].map(|ending| project.join(format!("profiles/{name}.{ending}")));
        return Ok(candidates.iter().find(|path| path.is_file()).unwrap_or(&candidates[0]).clone());
    }
    let hint = match names::nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean `{near}`? The profiles are: {}.", known.join(", ")),
        None if known.is_empty() => {
            format!("Put one at {}/NAME.yaml.", project.join("profiles").display())
        }
        None => format!("The profiles are: {}.", known.join(", ")),
    };
    Err(ProfileError::file("profiles", format!("there is no profile named `{name}`"), hint))
}

/// The file as it is shown: relative to the project where it is inside.
fn shown(project: &Path, file: &Path) -> PathBuf {
    file.strip_prefix(project).unwrap_or(file).to_path_buf()
}

/// Reads a profile and what it extends, and merges them.
fn read_chain(project: &Path, file: &Path) -> Result<Source, ProfileError> {
    let mut source =
        Source { files: vec![shown(project, file)], root: read(file, 0, &shown(project, file))? };
    let mut seen = vec![identity(file)];
    let mut layers = Vec::new();
    let mut current = file.to_path_buf();
    while let Some(base) = base_of(&source.root) {
        let path = tidy(&current.parent().unwrap_or(Path::new("")).join(file_of(&base)));
        let refuse = |message: String, hint: &str| {
            let problem = source.value_problem(&[Seg::from("extends")], message);
            ProfileError::new(vec![problem], hint)
        };
        if seen.contains(&identity(&path)) {
            let message = format!("`{base}` extends this file in turn");
            return Err(refuse(message, "A chain of profiles must end: remove one `extends`."));
        }
        if !path.is_file() {
            let message = format!("there is no file {}", shown(project, &path).display());
            return Err(refuse(
                message,
                "`extends` names a profile beside the file that says it, or a path relative to it.",
            ));
        }
        seen.push(identity(&path));
        let root = read(&path, source.files.len(), &shown(project, &path))?;
        source.files.push(shown(project, &path));
        layers.push(std::mem::replace(&mut source.root, root));
        current = path;
    }
    while let Some(layer) = layers.pop() {
        source.root = source::over(layer, source.root);
    }
    Ok(source)
}

/// The file behind links and `..`; the path itself where that cannot be known.
fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// The path without `.` and, where that is only text, without `..`.
fn tidy(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut tidy = PathBuf::new();
    for component in path.components() {
        let named = matches!(tidy.components().next_back(), Some(Component::Normal(_)));
        match component {
            Component::CurDir => {}
            Component::ParentDir if named => {
                tidy.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::ParentDir | Component::Normal(_) => {
                tidy.push(component);
            }
        }
    }
    tidy
}

/// The file that `extends` means: a path, or a bare name of a profile beside the one that says it.
fn file_of(base: &str) -> PathBuf {
    if is_yaml(Path::new(base)) { PathBuf::from(base) } else { PathBuf::from(format!("{base}.yaml")) }
}

/// What a file extends. Another type than text is left to the typed reading, which words it.
fn base_of(root: &Node) -> Option<String> {
    match root.get("extends").map(|node| &node.value) {
        Some(Kind::Scalar(Value::String(base))) => Some(base.clone()),
        Some(Kind::Scalar(_) | Kind::List(_) | Kind::Map(_)) | None => None,
    }
}

fn read(file: &Path, index: usize, shown: &Path) -> Result<Node, ProfileError> {
    let bytes = std::fs::read(file).map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            let hint = "Check the path, or name a profile without `.yaml`.";
            return ProfileError::file(shown, "there is no such file", hint);
        }
        ProfileError::file(shown, format!("cannot be read: {error}"), "Check the file's permissions.")
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let message = format!("byte {} is not UTF-8", error.utf8_error().valid_up_to());
        ProfileError::file(shown, message, "Save the file as UTF-8 text.")
    })?;
    source::parse(index, &text).map_err(|(position, message)| {
        let hint = match message.as_str() {
            "the file is empty" => {
                "profiles/local.yaml is a complete example; docs/profile.md explains every field."
            }
            _ if message.ends_with("in the same map") => "Keep one of the two.",
            _ => "Correct the file at this place; the mistake may also be on the line above.",
        };
        let problem = Problem { file: shown.to_path_buf(), position, field: String::new(), message };
        ProfileError::new(vec![problem], hint)
    })
}

/// Reads the merged values as a [`Profile`].
fn typed(source: &Source) -> Result<Profile, ProfileError> {
    serde_path_to_error::deserialize(source.root.to_value()).map_err(|error| {
        let path: Vec<Seg> = error.path().iter().filter_map(segment).collect();
        let message = without_values(&error.inner().to_string());
        let hint = type_hint(&message, &path);
        let wrong_value = message.starts_with("invalid ") || message.starts_with("unknown variant");
        let problem =
            if wrong_value { source.value_problem(&path, message) } else { source.problem(&path, message) };
        ProfileError::new(vec![problem], hint)
    })
}

fn segment(segment: &Segment) -> Option<Seg> {
    match segment {
        Segment::Seq { index } => Some(Seg::Index(*index)),
        Segment::Map { key } => Some(Seg::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// The message without the text it complains about: somebody may have written a secret there.
fn without_values(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let found = ["invalid type: string", "invalid value: string"]
        .into_iter()
        .find(|kind| found.starts_with(kind))
        .map_or_else(|| found.to_owned(), |kind| kind.replace("string", "text"));
    format!("{}, expected {}", found.replace("unit variant", "text"), plain(expected))
}

/// The parser's name of a type in the words of the documentation.
fn plain(expected: &str) -> String {
    let words = match expected {
        "a string" | "path string" => "text",
        "a sequence" => "a list",
        "newtype variant" => "a map with one key, the provider: `sandbox: {}`",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        _ if expected.starts_with("struct ") => "a map of fields",
        _ => expected,
    };
    words.to_owned()
}

fn type_hint(message: &str, path: &[Seg]) -> String {
    const REFERENCE: &str = "docs/profile.md explains every field.";
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some((wrong, known)) = quoted.split_first()
        && message.starts_with("unknown ")
        && let Some(near) = names::nearest(wrong, known.iter().copied())
    {
        return format!("Did you mean `{near}`? {REFERENCE}");
    }
    if message.ends_with("expected text") && message.contains("integer") || message.contains("boolean") {
        return format!("Put it in quotes. {REFERENCE}");
    }
    if message.contains("type: null") {
        return format!("Write a value, or remove the line. {REFERENCE}");
    }
    if message.contains("text, expected a map of fields") && path.first() == Some(&Seg::from("secrets")) {
        return format!("A profile never holds a secret itself, only where it comes from. {REFERENCE}");
    }
    REFERENCE.to_owned()
}

#[cfg(test)]
mod tests;
