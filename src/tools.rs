//! Owns looking for programs: where they are and which version they are. Versions are remembered by path, size and time
//! of change, so that a run without changes starts no process for them. `doctor::tools` judges.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use todoctl_advice::doctor::tools::{Need, ToolState, judge};
use todoctl_advice::doctor::{Finding, refusal};
use todoctl_core::diagnostic::Diagnostic;
use todoctl_plan::tool::version::{self, Version};
use todoctl_run::runner::SharedRunner;
use todoctl_run::survey;

/// Whose programs are looked for.
pub(super) struct Place<'a> {
    pub(super) runner: &'a SharedRunner,
    /// Folder of the cache.
    pub(super) state: &'a Path,
    pub(super) project: &'a Path,
}

/// What is known of a program's file.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
struct Known {
    size: u64,
    changed: i64,
    version: Version,
}

type Cache = BTreeMap<String, Known>;

/// Checks that the programs are there and new enough, and says everything that is missing at once; gives helm's major
/// version, 0 where helm is not needed.
pub(super) async fn check(place: &Place<'_>, needs: &[Need], profile: &str) -> Result<u32, Diagnostic> {
    // A script, such as a version manager's shim or a program in Python, is slow and is asked only when it matters.
    let matters = |need: &Need, path: &Path| {
        need.program == "helm" || is_plugin(need) || (need.minimum.is_some() && !is_script(path))
    };
    let seen = look(place, needs, matters).await;
    let helm = needs.iter().zip(&seen).find_map(|(need, seen)| match seen {
        ToolState::Found(_, version) if need.program == "helm" => Some(version.0),
        ToolState::Missing | ToolState::Silent(_) | ToolState::Found(..) => None,
    });
    let judged = needs.iter().zip(&seen).filter(|(need, seen)| {
        // One that was not asked says nothing.
        !matches!(seen, ToolState::Silent(path) if !matters(need, path))
    });
    let failed: Vec<Finding> =
        judged.map(|(need, seen)| judge(need, seen)).filter(Finding::is_failed).collect();
    if failed.is_empty() { Ok(helm.unwrap_or_default()) } else { Err(refusal(&failed, profile)) }
}

/// Says every program that is missing, before the first of them is called.
pub(super) fn present(needs: &[Need], project: &Path, profile: &str) -> Result<(), Diagnostic> {
    let missing = needs.iter().filter(|need| find(&need.program, project).is_none());
    let found: Vec<Finding> = missing.map(|need| judge(need, &ToolState::Missing)).collect();
    if found.is_empty() { Ok(()) } else { Err(refusal(&found, profile)) }
}

/// Looks for programs. `asks` chooses those that are asked for their version when it is not remembered.
pub(super) async fn look(
    place: &Place<'_>,
    needs: &[Need],
    asks: impl Fn(&Need, &Path) -> bool,
) -> Vec<ToolState> {
    let file = place.state.join("tools.json");
    let mut cache: Cache =
        std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let before = cache.clone();
    let mut jobs = Vec::new();
    for need in needs {
        let path = find(&need.program, place.project);
        let job = path.as_ref().filter(|path| asks(need, path)).and_then(|path| {
            if remembered(&cache, &need.program, path).is_some() {
                return None;
            }
            let (runner, call) = (SharedRunner::clone(place.runner), version::call(&need.program)?);
            Some(tokio::spawn(async move { survey::call(&runner, call).await }))
        });
        jobs.push((path, job));
    }
    let mut seen = Vec::new();
    for (need, (path, job)) in needs.iter().zip(jobs) {
        let Some(path) = path else {
            seen.push(ToolState::Missing);
            continue;
        };
        let said = match job {
            None => remembered(&cache, &need.program, &path),
            Some(job) => {
                let output = job.await.ok().and_then(Result::ok);
                let said = output.as_ref().and_then(|output| version::parse(&need.program, output));
                if said.is_none() && is_plugin(need) {
                    // It has no file of its own: what does not answer is not there.
                    seen.push(ToolState::Missing);
                    continue;
                }
                if let Some(version) = said {
                    remember(&mut cache, &need.program, &path, version);
                }
                said
            }
        };
        seen.push(match said {
            Some(version) => ToolState::Found(path, version),
            None => ToolState::Silent(path),
        });
    }
    if cache != before {
        // Only time is lost when it cannot be remembered.
        let _: Option<()> =
            serde_json::to_vec(&cache).ok().and_then(|bytes| std::fs::write(&file, bytes).ok());
    }
    seen
}

/// The programs that are not there.
pub(super) fn absent(needs: &[Need], project: &Path) -> Vec<String> {
    let programs = needs.iter().map(|need| &need.program);
    programs.filter(|program| find(program, project).is_none()).cloned().collect()
}

/// A program on the PATH, or in the project when its name is a path. A plugin is found by its program.
fn find(program: &str, project: &Path) -> Option<PathBuf> {
    let name = program.split(' ').next().unwrap_or(program);
    if name.contains('/') {
        return which::which_in(name, None::<&str>, project).ok();
    }
    which::which(name).ok()
}

fn remembered(cache: &Cache, program: &str, path: &Path) -> Option<Version> {
    let known = cache.get(&key(program, path))?;
    let (size, changed) = stamp(path)?;
    (known.size == size && known.changed == changed).then_some(known.version)
}

fn remember(cache: &mut Cache, program: &str, path: &Path, version: Version) {
    // A version manager's shim is one script for every version: never remember what it said.
    if let Some((size, changed)) = stamp(path).filter(|_| !is_script(path)) {
        cache.insert(key(program, path), Known { size, changed, version });
    }
}

/// Whether it is a plugin, such as `docker buildx`.
fn is_plugin(need: &Need) -> bool {
    need.program.contains(' ')
}

fn key(program: &str, path: &Path) -> String {
    format!("{program} {}", path.display())
}

fn stamp(path: &Path) -> Option<(u64, i64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.size(), metadata.mtime()))
}

fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_err() || start == *b"#!"
}
