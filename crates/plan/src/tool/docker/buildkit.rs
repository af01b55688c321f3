//! Owns what `BuildKit` says while it builds (`--progress plain`), and why a build failed.
//! Source: github.com/moby/buildkit `util/progress/progressui/printer.go`, `solver/errdefs`.

use crate::tool::dialect::Said;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::invocation::Output;
use todoctl_core::text;

/// How many lines of a failed build are shown.
const SHOWN: usize = 16;

/// Where a line tells how far the build has come: `#7 [2/3] RUN cargo build` gives `[2/3] RUN cargo build`. What the
/// instruction itself says comes with its seconds: `#7 12.31 Compiling serde` gives `Compiling serde`.
pub fn read(line: &str) -> Said {
    let Some((_, what)) = line.strip_prefix('#').and_then(|rest| rest.split_once(' ')) else {
        return Said::Nothing;
    };
    if what.starts_with('[') && !what.starts_with("[internal]") {
        return Said::Progress(what.to_owned());
    }
    match what.split_once(' ') {
        Some((seconds, said)) if is_seconds(seconds) && !text::clean_line(said).is_empty() => {
            Said::Line(said.to_owned())
        }
        Some(_) | None => Said::Nothing,
    }
}

/// Whether a word is the time that goes before the output of an instruction: `12.31`.
fn is_seconds(word: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once('.').is_some_and(|(whole, rest)| digits(whole) && digits(rest))
}

/// Why a build failed: its last error, and the output of the instruction that failed. Nothing when it says neither.
pub fn complaint(output: &Output) -> Option<Diagnostic> {
    let lines: Vec<&str> = output.stderr.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let is_error = |line: &&&str| line.starts_with("ERROR") || line.starts_with("error:");
    let headline = lines.iter().rev().find(is_error)?;
    // The output of what failed stands between rules, before the end.
    let block = lines.iter().position(|line| *line == "------").map_or(0, |rule| rule + 1);
    let mut evidence = vec![(*headline).to_owned()];
    let rest: Vec<String> = lines[block..]
        .iter()
        .filter(|line| *line != headline && !line.chars().all(|c| c == '-'))
        .map(|line| (*line).to_owned())
        .collect();
    evidence.extend(rest.into_iter().rev().take(SHOWN).rev());
    let headline = headline.trim_start_matches("ERROR: ").trim_start_matches("error: ").to_owned();
    let fix = hint(&output.stderr).unwrap_or_default();
    Some(Diagnostic::new(Code::CommandFailed, headline, fix).because(evidence))
}

/// What to do about what docker or a registry says.
pub fn hint(text: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    Some(if says(&["Cannot connect to the Docker daemon", "failed to connect to the docker API"]) {
        "start Docker, then run the same command again: Docker Desktop, or sudo systemctl start docker"
    } else if says(&[
        "Multi-platform build is not supported",
        "multiple platforms feature is currently not supported",
    ]) {
        "make a builder that can: docker buildx create --use --name todoctl --driver docker-container"
    } else if says(&["exec format error"]) {
        "a RUN of another platform needs emulation: docker run --privileged --rm tonistiigi/binfmt --install all"
    } else if says(&[
        "authorization failed",
        "no basic auth credentials",
        "403 Forbidden",
        "401 Unauthorized",
        "denied",
    ]) {
        "log in with an account that may use this repository: docker login REGISTRY"
    } else if says(&["no such host", "i/o timeout", "connection refused", "TLS handshake timeout"]) {
        "the registry cannot be reached: look at its name and at the network"
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = "\
#5 [2/3] RUN make
#5 0.312 make: *** No targets specified and no makefile found.  Stop.
#5 ERROR: process \"/bin/sh -c make\" did not complete successfully: exit code: 2
------
 > [2/3] RUN make:
0.312 make: *** No targets specified and no makefile found.  Stop.
------
Dockerfile:2
--------------------
   2 | >>> RUN make
--------------------
ERROR: failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2
";

    #[test]
    fn a_failed_build_shows_its_error_first_and_what_the_instruction_said() {
        let output = Output { status: Some(1), stderr: FAILED.into(), ..Output::default() };
        let told = complaint(&output).unwrap();
        let failed =
            "failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2";
        assert_eq!(told.what, failed);
        let error = format!("ERROR: {failed}");
        let evidence = [
            error.as_str(),
            " > [2/3] RUN make:",
            "0.312 make: *** No targets specified and no makefile found.  Stop.",
            "Dockerfile:2",
            "   2 | >>> RUN make",
        ];
        assert_eq!(told.evidence, evidence);
    }

    #[test]
    fn progress_is_the_instructions() {
        let cases = [
            ("#5 [2/3] RUN make", Said::Progress("[2/3] RUN make".into())),
            ("#9 [linux/arm64 1/2] COPY . /app/", Said::Progress("[linux/arm64 1/2] COPY . /app/".into())),
            ("#1 [internal] load build definition from Dockerfile", Said::Nothing),
            ("#5 0.312 make: nothing to do", Said::Line("make: nothing to do".into())),
            ("#5 0.312 ", Said::Nothing),
            ("#5 DONE 0.3s", Said::Nothing),
            ("#8 exporting layers 0.1s done", Said::Nothing),
            ("", Said::Nothing),
        ];
        for (line, want) in cases {
            assert_eq!(read(line), want, "{line}");
        }
    }

    #[test]
    fn what_docker_says_leads_to_what_to_do() {
        let cases = [
            ("ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "start Docker"),
            ("ERROR: failed to push iad.ocir.io/x: denied: Anonymous users", "log in"),
            ("ERROR: Multi-platform build is not supported for the docker driver.", "make a builder"),
            ("ERROR: failed to do request: dial tcp: lookup x: no such host", "the registry cannot"),
        ];
        for (text, want) in cases {
            assert!(hint(text).is_some_and(|hint| hint.starts_with(want)), "{text}");
        }
        assert_eq!(hint("ERROR: failed to solve: COPY failed"), None);
    }
}
