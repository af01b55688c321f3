//! Owns how each program says its version, and how that is read. One source for the preflight and `doctor`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tool::{helm, kubectl};
use todoctl_core::invocation::{Invocation, Output, Tool};

/// How long a program may take to say its version: the OCI CLI, in Python, takes seconds on a small machine.
const LIMIT: Duration = Duration::from_secs(15);

/// Major and minor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version(pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.0, self.1)
    }
}

/// The first version in a text: two numbers with a point between them.
pub fn find(text: &str) -> Option<Version> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|word| {
        let mut parts = word.split('.');
        Some(Version(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    })
}

/// The call that makes a program say its version; `None` for a program that has none.
pub fn call(program: &str) -> Option<Invocation> {
    let invocation = match program {
        "helm" => helm::version(),
        "kubectl" => kubectl::client_version(),
        // Without the engine, which is another question: `docker version` fails when it does not run.
        "docker" => docker(&["--version"]),
        "docker buildx" => docker(&["buildx", "version"]),
        "minikube" => Invocation::new(Tool::Minikube, ["version", "--short"]),
        "oci" => Invocation::new(Tool::Oci, ["--version"]),
        "git" => Invocation::new(Tool::Project(PathBuf::from("git")), ["--version"]),
        _ => return None,
    };
    Some(invocation.timeout(LIMIT))
}

/// Asks the Docker engine for its version, memory and processors, as JSON.
pub fn docker_engine() -> Invocation {
    docker(&["info", "--format", "{{json .}}"]).timeout(LIMIT)
}

/// What a Docker engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerEngine {
    /// Its version, as it writes it.
    pub version: String,
    /// Memory that its containers can have, in bytes.
    pub memory: u64,
    /// Processors that its containers can have.
    pub cpus: u64,
}

/// Reads the answer of the engine. An engine that cannot be reached is in `ServerErrors` (docker/cli
/// `cli/command/system/info.go`), with exit status 0 or 1.
pub fn parse_engine(output: &Output) -> Result<DockerEngine, String> {
    let value: Value = serde_json::from_slice(&output.stdout).map_err(|_| output.complaint())?;
    let errors = value["ServerErrors"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let errors: Vec<&str> = errors.collect();
    if !errors.is_empty() {
        return Err(errors.join("; "));
    }
    let Some(version) = value["ServerVersion"].as_str().filter(|text| !text.is_empty()) else {
        return Err(output.complaint());
    };
    let number = |name: &str| value[name].as_u64().unwrap_or_default();
    Ok(DockerEngine { version: version.to_owned(), memory: number("MemTotal"), cpus: number("NCPU") })
}

/// Reads what a program said of itself.
pub fn parse(program: &str, output: &Output) -> Option<Version> {
    match program {
        "kubectl" => kubectl::parse_client_version(&output.stdout),
        _ if output.is_success() => find(&output.text()),
        _ => None,
    }
}

fn docker(args: &[&str]) -> Invocation {
    Invocation::new(Tool::Docker, args.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Output {
        Output { status: Some(0), stdout: text.into(), ..Output::default() }
    }

    #[test]
    fn every_program_says_its_version_in_its_own_form() {
        for (program, text, want) in [
            ("helm", "v4.2", Some(Version(4, 2))),
            ("helm", "v3.21.4+g1234", Some(Version(3, 21))),
            (
                "kubectl",
                r#"{"clientVersion":{"major":"1","minor":"34+","gitVersion":"v1.34.4"}}"#,
                Some(Version(1, 34)),
            ),
            ("minikube", "v1.38.1\n", Some(Version(1, 38))),
            ("docker", "Docker version 27.5.1, build 9f9e405\n", Some(Version(27, 5))),
            ("docker buildx", "github.com/docker/buildx v0.20.0 8e30c46\n", Some(Version(0, 20))),
            ("oci", "3.51.5\n", Some(Version(3, 51))),
            ("git", "git version 2.43.0\n", Some(Version(2, 43))),
            ("git", "oops\n", None),
            ("kubectl", "oops", None),
        ] {
            assert_eq!(parse(program, &said(text)), want, "{program}: {text}");
        }
    }

    #[test]
    fn an_engine_that_does_not_run_is_an_error_in_its_own_words() {
        let down = said(
            r#"{"ServerErrors":["Cannot connect to the Docker daemon at unix:///var/run/docker.sock."],"ServerVersion":""}"#,
        );
        assert_eq!(
            parse_engine(&down).unwrap_err(),
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."
        );
        let up = said(r#"{"ServerVersion":"27.5.1","MemTotal":16000000000,"NCPU":8}"#);
        assert_eq!(
            parse_engine(&up),
            Ok(DockerEngine { version: "27.5.1".into(), memory: 16_000_000_000, cpus: 8 })
        );
        assert!(
            parse_engine(&Output { status: Some(1), stderr: "permission denied".into(), ..said("") })
                .is_err()
        );
    }
}
