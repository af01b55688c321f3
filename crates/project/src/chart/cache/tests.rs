//! What is damaged, foreign or half written first; then that a chart is fetched once.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const MANIFEST: &str = "name: dapr\nversion: 1.18.1\n";

fn chart() -> RepositoryChart {
    RepositoryChart {
        repository: "https://charts.example.com".into(),
        name: "dapr".into(),
        version: "1.18.1".into(),
        digest: None,
    }
}

/// An archive of files, as `helm package` makes them.
fn archive_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::none()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        // By hand, because the library refuses to write paths that lead out.
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn sound() -> Vec<u8> {
    archive_of(&[("dapr/Chart.yaml", MANIFEST), ("dapr/templates/a.yaml", "kind: A\n")])
}

fn cache() -> (TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("todoctl/charts"));
    (folder, cache)
}

/// Lets a helm that fetches this archive come to its end.
fn keep(cache: &Cache, chart: &RepositoryChart, archive: &[u8]) -> Result<Fetched, ChartError> {
    let part = cache.part(chart).unwrap();
    std::fs::write(part.path().join("dapr-1.18.1.tgz"), archive).unwrap();
    cache.keep(chart, part.path())
}

/// The refusal, with its hint, after which nothing is kept.
fn refusal(chart: &RepositoryChart, archive: &[u8]) -> String {
    let (_folder, cache) = cache();
    let error = keep(&cache, chart, archive).unwrap_err();
    assert_eq!(cache.find(chart), None);
    assert_eq!(std::fs::read_dir(&cache.root).unwrap().count(), 0, "nothing is left");
    format!("{error}\nhint: {}", error.hint())
}

#[test]
fn what_is_not_the_chart_is_refused() {
    let archive = |path: &str| archive_of(&[("dapr/Chart.yaml", MANIFEST), (path, "x")]);
    let other = archive_of(&[("dapr/Chart.yaml", "name: dapr\nversion: 1.18.2\n")]);
    let cases: [(&[u8], &str); 6] = [
        (b"<html>", "its archive is not readable: "),
        (&archive("../x"), "its archive holds ../x, which leads out of the chart"),
        (&archive_of(&[("other/Chart.yaml", MANIFEST)]), "its archive holds no dapr/Chart.yaml"),
        (&archive_of(&[("dapr/Chart.yaml", "[")]), "its Chart.yaml is not readable: "),
        (&other, "its Chart.yaml says dapr 1.18.2"),
        (&sound()[..1024], "its archive is not readable: "),
    ];
    for (archive, why) in cases {
        let said = refusal(&chart(), archive);
        let begin = "chart dapr 1.18.1 of https://charts.example.com came as something else:\n";
        assert!(said.starts_with(&format!("{begin}{why}")), "{said}");
        let end = "hint: Check `name` and `version` of `chart` against what the repository has.";
        assert!(said.ends_with(end), "{said}");
    }
}

#[test]
fn a_link_in_an_archive_is_refused() {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::none()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    archive.append_link(&mut header, "dapr/Chart.yaml", "/etc/passwd").unwrap();
    let said = refusal(&chart(), &archive.into_inner().unwrap().finish().unwrap());
    assert!(
        said.contains("its archive holds dapr/Chart.yaml, which is neither a file nor a folder"),
        "{said}"
    );
}

#[test]
fn another_archive_than_the_profile_names_is_refused() {
    let wanted = format!("sha256:{}", "0".repeat(64));
    let found = archive::digest(&sound());
    let said = refusal(&RepositoryChart { digest: Some(wanted.clone()), ..chart() }, &sound());
    let expected = format!(
        "chart dapr 1.18.1 of https://charts.example.com is not the one that the profile names:\nthe profile: {wanted}\n\
         the repository: {found}\nhint: "
    );
    assert!(said.starts_with(&expected), "{said}");
}

#[test]
fn a_fetched_chart_is_found_by_version_and_by_digest() {
    let (_folder, cache) = cache();
    assert_eq!(cache.find(&chart()), None);
    let kept = keep(&cache, &chart(), &sound()).unwrap();
    assert_eq!(kept.digest, archive::digest(&sound()));
    assert_eq!(std::fs::read_to_string(kept.folder.join("templates/a.yaml")).unwrap(), "kind: A\n");
    assert_eq!(cache.find(&chart()), Some(kept.clone()));
    let named = |digest: &str| RepositoryChart { digest: Some(digest.into()), ..chart() };
    assert_eq!(cache.find(&named(&kept.digest)), Some(kept));
    assert_eq!(cache.find(&named(&format!("sha256:{}", "0".repeat(64)))), None);
    for other in [
        RepositoryChart { repository: "https://other.example.com".into(), ..chart() },
        RepositoryChart { version: "1.18.2".into(), ..chart() },
    ] {
        assert_eq!(cache.find(&other), None, "{other}");
    }
}

#[test]
fn half_of_it_is_none_of_it() {
    let (_folder, cache) = cache();
    // A process that was killed while it fetched.
    let part = cache.part(&chart()).unwrap().keep();
    std::fs::File::create(part.join("dapr-1.18.1.tgz")).unwrap().write_all(&sound()[..700]).unwrap();
    assert_eq!(cache.find(&chart()), None);
    let kept = keep(&cache, &chart(), &sound()).unwrap();
    // A disk that was full, a hand that slipped.
    std::fs::remove_file(kept.folder.join("Chart.yaml")).unwrap();
    assert_eq!(cache.find(&chart()), None);
    assert_eq!(keep(&cache, &chart(), &sound()).unwrap(), kept);
    assert!(kept.folder.join("Chart.yaml").is_file());
    std::fs::write(cache.record(&chart()), "{").unwrap();
    assert_eq!(cache.find(&chart()), None);
}

#[test]
fn two_processes_may_fetch_the_same() {
    let (_folder, cache) = cache();
    let first = keep(&cache, &chart(), &sound()).unwrap();
    assert_eq!(keep(&cache, &chart(), &sound()).unwrap(), first);
}

#[test]
fn a_helm_that_succeeds_with_nothing_is_not_believed() {
    let (_folder, cache) = cache();
    let part = cache.part(&chart()).unwrap();
    let error = cache.keep(&chart(), part.path()).unwrap_err();
    assert!(error.to_string().ends_with("helm says that it succeeded, and there is no archive"), "{error}");
}
