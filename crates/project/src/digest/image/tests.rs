//! What changes an image's tag, and what must not.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use tempfile::TempDir;

use super::*;

struct Project(TempDir);

impl Project {
    /// A context with one file, a Dockerfile beside it and a source folder.
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write("app/index.html", "hello");
        project.write("Dockerfile", "FROM scratch");
        project.write("src/main.rs", "fn main() {}");
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn tag(&self) -> String {
        self.try_tag(&declared()).unwrap()
    }

    fn try_tag(&self, declared: &Image) -> Result<String, DigestError> {
        image(self.0.path(), declared, &[])
    }

    fn refusal(&self, declared: &Image) -> String {
        let error = self.try_tag(declared).unwrap_err();
        format!("{error}\n{}", error.hint())
    }
}

fn declared() -> Image {
    parse("{repository: r, context: app, dockerfile: Dockerfile, prepare: [make, app], sources: [src/**]}")
}

fn parse(text: &str) -> Image {
    serde_yaml::from_str(text).unwrap()
}

#[test]
fn a_glob_without_a_file_is_named() {
    let project = Project::new();
    assert_eq!(
        project.refusal(&parse("{repository: r, context: app, dockerfile: Dockerfile, sources: [src]}")),
        "`src` in `sources` matches no file\n\
         Globs are relative to the project; for everything in a folder write `src/**`. Files that git ignores never match."
    );
    project.write(".gitignore", "*.rs\n");
    assert!(project.refusal(&declared()).starts_with("`src/**` in `sources` matches no file\n"));
}

#[test]
fn what_cannot_be_read_is_named() {
    let project = Project::new();
    assert_eq!(
        project.refusal(&parse("{repository: r, context: gone}")),
        "cannot read gone: No such file or directory (os error 2)\n\
         Check that gone exists and may be read; a link must lead to a file."
    );
    assert!(
        project
            .refusal(&parse("{repository: r, context: app}"))
            .starts_with("cannot read app/Dockerfile: No such file or directory")
    );
    symlink("nowhere", project.0.path().join("app/link")).unwrap();
    assert!(
        project.refusal(&declared()).starts_with("cannot read app/link: "),
        "{}",
        project.refusal(&declared())
    );
}

#[test]
fn an_empty_context_needs_a_command_that_fills_it() {
    let project = Project::new();
    project.write(".gitignore", "/app/*\n");
    assert!(project.try_tag(&declared()).is_ok());
    assert_eq!(
        project.refusal(&parse("{repository: r, context: app, dockerfile: Dockerfile}")),
        "app holds no file that git and docker do not ignore\n\
         Put files into app or, when a command fills it, name that command in `prepare`."
    );
}

#[test]
fn every_input_changes_the_tag() {
    let project = Project::new();
    let mut tags = vec![project.tag()];
    let mut changed = |what: &str, project: &Project, declared: &Image| {
        let tag = project.try_tag(declared).unwrap();
        assert!(!tags.contains(&tag), "{what} does not count");
        tags.push(tag);
    };
    for path in
        ["app/index.html", "app/.hidden", "app/sub/deep.txt", "Dockerfile", "src/main.rs", "src/a/b.rs"]
    {
        project.write(path, "changed");
        changed(path, &project, &declared());
    }
    let index = project.0.path().join("app/index.html");
    fs::set_permissions(&index, fs::Permissions::from_mode(0o755)).unwrap();
    changed("the executable bit", &project, &declared());
    fs::rename(&index, project.0.path().join("app/other.html")).unwrap();
    changed("a name", &project, &declared());
    symlink("../src/main.rs", project.0.path().join("app/link.rs")).unwrap();
    changed("a link", &project, &declared());
    let mut prepared = declared();
    prepared.prepare = vec!["make app".to_owned()];
    changed("prepare", &project, &prepared);
    assert!(tags.iter().all(|tag| tag.len() == 12 && tag.chars().all(|c| c.is_ascii_hexdigit())));
}

#[test]
fn what_is_no_input_leaves_the_tag() {
    let project = Project::new();
    project.write(".gitignore", "*.log\n/app/built\n");
    project.write("app/.gitignore", "cache/\n!kept.log\n");
    project.write("app/.dockerignore", "# note\nREADME.md\n./docs\n**/*.tmp\n!keep.tmp\n");
    let tag = project.tag();
    for path in [
        "app/x.log",
        "app/built",
        "app/cache/x",
        "app/README.md",
        "app/docs/x",
        "app/sub/x.tmp",
        "app/sub/.git/HEAD",
        "elsewhere/file",
        ".git/info/exclude",
    ] {
        project.write(path, "index.html\n");
        assert_eq!(project.tag(), tag, "{path} counts");
    }
    let index = project.0.path().join("app/index.html");
    fs::set_permissions(&index, fs::Permissions::from_mode(0o600)).unwrap();
    let mut elsewhere = declared();
    elsewhere.repository = "other/name".to_owned();
    assert_eq!(project.try_tag(&elsewhere).unwrap(), tag, "mode 600 or the repository counts");
    for path in ["app/kept.log", "app/keep.tmp", "app/sub/README.md"] {
        project.write(path, "x");
        assert_ne!(project.tag(), tag, "{path} does not count");
        fs::remove_file(project.0.path().join(path)).unwrap();
    }
}

#[test]
fn the_ignore_file_of_the_dockerfile_wins() {
    let project = Project::new();
    project.write("app/.dockerignore", "index.html\n");
    project.write("Dockerfile.dockerignore", "*\n!index.html\n");
    let tag = project.tag();
    project.write("app/other", "x");
    assert_eq!(project.tag(), tag);
    project.write("app/index.html", "x");
    assert_ne!(project.tag(), tag);
}

#[test]
fn a_project_inside_a_checkout_obeys_the_ignore_file_above_it() {
    let checkout = Project::new();
    let project = Project::new();
    for folder in ["app", "src", "Dockerfile"] {
        fs::create_dir_all(checkout.0.path().join("p")).unwrap();
        fs::rename(project.0.path().join(folder), checkout.0.path().join("p").join(folder)).unwrap();
    }
    let tag = || image(&checkout.0.path().join("p"), &declared(), &[]).unwrap();
    let before = tag();
    assert_eq!(before, Project::new().tag(), "the place counts");
    checkout.write(".git/HEAD", "");
    checkout.write(".gitignore", "*.log\n");
    checkout.write("p/app/x.log", "x");
    assert_eq!(tag(), before);
    fs::remove_dir_all(checkout.0.path().join(".git")).unwrap();
    assert_ne!(tag(), before);
}

#[test]
fn a_context_may_lie_beside_the_project_and_broken_links_beside_the_way() {
    let project = Project::new();
    project.write("project/src/main.rs", "fn main() {}");
    symlink("nowhere", project.0.path().join("broken")).unwrap();
    let beside = parse("{repository: r, context: ../app, dockerfile: ../Dockerfile}");
    let same = parse("{repository: r, context: ./app, dockerfile: Dockerfile}");
    assert_eq!(
        image(&project.0.path().join("project"), &beside, &[]).unwrap(),
        project.try_tag(&same).unwrap()
    );
}

#[test]
fn a_copy_elsewhere_has_the_same_tag() {
    assert_eq!(Project::new().tag(), Project::new().tag());
    // A changed framing would rebuild every image of every user once.
    assert_eq!(Project::new().tag(), "1101dd7dba6e");
}

#[test]
fn a_file_in_the_place_of_a_glob_needs_no_wildcard() {
    let project = Project::new();
    let declared = parse("{repository: r, context: app, dockerfile: Dockerfile, sources: [./src/main.rs]}");
    let tag = project.try_tag(&declared).unwrap();
    project.write("src/other.rs", "x");
    assert_eq!(project.try_tag(&declared).unwrap(), tag);
    project.write("src/main.rs", "x");
    assert_ne!(project.try_tag(&declared).unwrap(), tag);
}

#[test]
fn an_image_for_other_platforms_is_another_image() {
    let project = Project::new();
    let platforms = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let tag =
        |declared: &Image, names: &[&str]| image(project.0.path(), declared, &platforms(names)).unwrap();
    let (amd, arm) = ("linux/amd64", "linux/arm64");
    let all = [
        tag(&declared(), &[]),
        tag(&declared(), &[amd]),
        tag(&declared(), &[arm]),
        tag(&declared(), &[amd, arm]),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    // The word is part of the hash only where it stands for something.
    let asking = parse(
        "{repository: r, context: app, dockerfile: Dockerfile, prepare: [make, app, '{platforms}'], sources: [src/**]}",
    );
    assert_eq!(tag(&asking, &[]), tag(&declared(), &[]));
    assert_ne!(tag(&asking, &[amd]), tag(&declared(), &[amd]));
}
