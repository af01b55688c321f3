//! Owns the preflight of tools: they are there and new enough. Versions are remembered by path, size and time of
//! change, so that a run without changes starts no process for them.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cli::failure::Failure;
use crate::runner::{RunError, SharedRunner};
use crate::survey;
use crate::tool::helm;

/// The first helm that has `--labels`.
const OLDEST_HELM: (u32, u32) = (3, 14);

#[derive(Serialize, Deserialize, PartialEq)]
struct Known {
    helm: String,
    size: u64,
    changed: i64,
    version: (u32, u32),
}

/// Checks that helm and kubectl are there; gives helm's major version.
pub(super) async fn check(runner: &SharedRunner, state: &Path) -> Result<u32, Failure> {
    let missing: Vec<&str> =
        ["helm", "kubectl"].into_iter().filter(|name| which::which(name).is_err()).collect();
    if !missing.is_empty() {
        let verb = if missing.len() == 1 { "is" } else { "are" };
        let message = format!("{} {verb} not on the PATH", missing.join(" and "));
        let hints = missing.iter().map(|name| RunError::Missing { program: (*name).to_owned() }.hint());
        return Err(Failure::unchanged(&message, &[], hints.collect::<Vec<_>>().join("; ")));
    }
    let version = helm_version(runner, state).await?;
    if version < OLDEST_HELM {
        let message = format!(
            "helm {}.{} is too old: todoctl needs 3.14 or later; nothing was changed",
            version.0, version.1
        );
        return Err(Failure::preflight(message, "install a newer one: https://helm.sh/docs/intro/install/"));
    }
    Ok(version.0)
}

async fn helm_version(runner: &SharedRunner, state: &Path) -> Result<(u32, u32), Failure> {
    let cache = state.join("tools.json");
    let seen = which::which("helm").ok().and_then(|path| {
        let metadata = std::fs::metadata(&path).ok()?;
        // A version manager's shim is one script for every version: never remember what it said.
        let mut start = [0; 2];
        std::fs::File::open(&path).ok()?.read_exact(&mut start).ok()?;
        if start == *b"#!" {
            return None;
        }
        Some((path.display().to_string(), metadata.size(), metadata.mtime()))
    });
    let known = std::fs::read(&cache).ok().and_then(|bytes| serde_json::from_slice::<Known>(&bytes).ok());
    if let (Some((helm, size, changed)), Some(known)) = (&seen, &known)
        && (helm, size, changed) == (&known.helm, &known.size, &known.changed)
    {
        return Ok(known.version);
    }
    let output = survey::call(runner, helm::version()).await?;
    let version = helm::parse_version(&output.text()).ok_or_else(|| {
        Failure::unchanged(
            "helm does not say its version",
            &[output.text(), output.stderr.clone()],
            "try it: helm version",
        )
    })?;
    if let Some((helm, size, changed)) = seen {
        let known = Known { helm, size, changed, version };
        // Only time is lost when it cannot be remembered.
        let _: Option<()> =
            serde_json::to_vec(&known).ok().and_then(|bytes| std::fs::write(&cache, bytes).ok());
    }
    Ok(version)
}
