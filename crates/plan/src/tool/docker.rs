//! Owns the verbs of docker and of its plugin buildx, and the form of their answers.
//! Sources: <https://docs.docker.com/reference/cli/docker/buildx/build/>, github.com/docker/buildx/commands.

pub mod buildkit;

use std::path::Path;
use std::time::Duration;

use todoctl_core::invocation::{Dialect, Invocation, Output, Tool};
use todoctl_project::profile::Buildx;

/// Building one image for all its platforms; an emulated platform is slow.
const BUILD: Duration = Duration::from_mins(30);
/// Writing the names of one image.
const PUSH: Duration = Duration::from_mins(2);
/// Asking a registry about one image.
const ASK: Duration = Duration::from_secs(30);

/// Where a built image goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// To the registry that its name begins with.
    Registry,
    /// Into the engine's own store, which holds one platform.
    Engine,
}

/// Builds an image and brings it where it goes. `--provenance=false`: an attestation is one more entry of the image's
/// index, of the platform `unknown/unknown`, which some registries and tools take for an image.
pub fn build(buildx: &Buildx, goes: Goes, reference: &str, dockerfile: &Path, context: &Path) -> Invocation {
    let mut args = vec!["buildx".to_owned(), "build".to_owned()];
    let mut flag = |name: &str, value: String| args.extend([name.to_owned(), value]);
    if let Some(instance) = &buildx.instance {
        flag("--builder", instance.clone());
    }
    if !buildx.platforms.is_empty() {
        flag("--platform", buildx.platforms.join(","));
    }
    flag("--tag", reference.to_owned());
    flag("--file", dockerfile.display().to_string());
    flag("--progress", "plain".to_owned());
    let goes = match goes {
        Goes::Registry => "--push",
        Goes::Engine => "--load",
    };
    args.extend(["--provenance=false", goes].map(str::to_owned));
    args.push(context.display().to_string());
    Invocation::new(Tool::Docker, args).timeout(BUILD).speaking(Dialect::BuildKit)
}

/// Gives an image of a registry more names, in the registry itself: nothing is pulled.
pub fn tag(reference: &str, names: &[String]) -> Invocation {
    let tags = names.iter().flat_map(|name| ["--tag", name]);
    let all = ["buildx", "imagetools", "create"].into_iter().chain(tags).chain([reference]);
    Invocation::new(Tool::Docker, all).timeout(PUSH).speaking(Dialect::BuildKit)
}

/// Asks a registry about one image, for any platform.
pub fn inspect(reference: &str) -> Invocation {
    Invocation::new(Tool::Docker, ["buildx", "imagetools", "inspect", reference]).timeout(ASK)
}

/// Whether the registry has the image. Only "not found" is an absence: a registry that cannot be reached, or that
/// wants a login, says nothing about the image. The text is containerd's (`core/remotes/docker/resolver.go`).
pub fn is_there(reference: &str, output: &Output) -> Result<bool, String> {
    if output.is_success() {
        return Ok(true);
    }
    let complaint = output.complaint();
    let absent = |line: &str| line.strip_suffix(": not found").is_some_and(|rest| rest.ends_with(reference));
    if complaint.lines().any(absent) {
        return Ok(false);
    }
    Err(match buildkit::hint(&complaint) {
        Some(hint) => format!("{complaint}\n{hint}"),
        None => complaint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_not_found_is_an_absence() {
        let said = |status, text: &str| {
            is_there("r.io/a:1", &Output { status: Some(status), stderr: text.into(), ..Output::default() })
        };
        assert_eq!(said(0, ""), Ok(true));
        assert_eq!(said(1, "ERROR: r.io/a:1: not found\n"), Ok(false));
        for complaint in [
            "ERROR: failed to do request: Head \"https://r.io/v2/a/manifests/1\": dial tcp: lookup r.io: no such host",
            "ERROR: pull access denied, repository does not exist or may require authorization",
            "ERROR: unexpected status from HEAD request to https://r.io/v2/a/manifests/1: 403 Forbidden",
            "ERROR: no builder \"x\": not found",
        ] {
            assert!(said(1, complaint).is_err_and(|told| told.starts_with(complaint)));
        }
    }
}
